//! Texts that may be addresses: what is read keeps its meaning when it is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portscan_core::address::{embedded_v4, parse_endpoint};
use portscan_core::source::{Prefixes, SourceKey};

fuzz_target!(|text: &[u8]| {
    let Ok(endpoint) = parse_endpoint(text) else {
        return;
    };
    let written = endpoint.to_string();
    assert_eq!(parse_endpoint(written.as_bytes()), Ok(endpoint));
    let address = endpoint.ip();
    assert_eq!(embedded_v4(address), address);
    for prefixes in PREFIXES {
        let source = SourceKey::new(address, prefixes);
        // The address that stands for a source is of that source.
        assert_eq!(SourceKey::new(source.address(), prefixes), source);
    }
});

const PREFIXES: [Prefixes; 3] = [
    Prefixes { ipv4: 32, ipv6: 64 },
    Prefixes {
        ipv4: 32,
        ipv6: 128,
    },
    Prefixes { ipv4: 24, ipv6: 48 },
];
