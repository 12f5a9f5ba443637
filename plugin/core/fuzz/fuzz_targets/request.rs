//! Any bytes as the header map of a request, and any headers in a good one: nothing panics, what is
//! found has a name, comes from a header that is looked at, and tags whoever sends it.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use portscan_core::config::{Role, parse_plugin, parse_policy};
use portscan_core::contact::Endpoints;
use portscan_core::detector::{Detector, Request, probe_counts};
use portscan_core::exploit::{HEADERS, Strength};
use portscan_core::header_map::{PAIRS_MAX, pairs};
use portscan_core::listener::Listener;
use portscan_core::state::store::memory::MemoryStore;
use portscan_core::time::Time;
use portscan_core_fuzz::check_tag;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    map: &'a [u8],
    headers: Vec<(Name<'a>, &'a [u8])>,
    status: u16,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Name<'a> {
    Path,
    Authority,
    /// One of those that are looked at.
    Known(u8),
    Any(&'a [u8]),
}

impl Name<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Path => b":path",
            Self::Authority => b":authority",
            Self::Known(number) => HEADERS[usize::from(*number) % HEADERS.len()].as_bytes(),
            Self::Any(bytes) => bytes,
        }
    }
}

const START: Time = Time::from_unix_secs(1_790_000_000);

fuzz_target!(|input: Input<'_>| {
    let policy = br#"{"sources":{"capacity":64},"standing":{"capacity":1000}}"#;
    let mut worker = Detector::new(parse_policy(policy).expect("a good policy"));
    worker.inspect(pairs(input.map));

    let headers: Vec<(&[u8], &[u8])> = input
        .headers
        .iter()
        .take(PAIRS_MAX as usize)
        .map(|(name, value)| (name.bytes(), *value))
        .collect();
    let request = worker.inspect(headers.iter().copied());
    let map = serialized(&headers);
    assert_eq!(worker.inspect(pairs(&map)), request, "read from a map");
    let looked_at = headers.iter().copied().filter(|(name, _)| {
        let is_known = HEADERS.iter().any(|header| header.as_bytes() == *name);
        is_known || matches!(*name, b":path" | b":authority")
    });
    assert_eq!(worker.inspect(looked_at), request, "nothing else counts");

    let (at_once, probe) = request.split();
    assert_eq!(at_once.exploit.or(probe), request.exploit);
    assert_eq!(at_once.has_literal_host, request.has_literal_host);
    send(&mut worker, at_once, probe, input.status);
});

/// Plays the request of a stranger.
fn send(
    worker: &mut Detector,
    at_once: Request,
    probe: Option<portscan_core::detector::Exploit>,
    status: u16,
) {
    let mut store = MemoryStore::default();
    worker.tick(&mut store, START, || Some([3; 16]));
    let Ok(Role::Sensor(sensor)) = parse_plugin(br#"{"role":"sensor"}"#).map(|plugin| plugin.role)
    else {
        panic!("a sensor");
    };
    let listener = Listener::new(sensor);
    let endpoints = Endpoints {
        peer: ([198, 51, 100, 7], 40_000).into(),
        local: ([192, 0, 2, 1], 80).into(),
    };
    let (contact, _) = worker.request(&mut store, START, &listener, endpoints, at_once);
    check_tag(contact.tag());
    let is_certain = at_once
        .exploit
        .is_some_and(|exploit| exploit.strength == Strength::Certain);
    assert_eq!(!contact.tag().is_empty(), is_certain, "{at_once:?}");
    if let Some(probe) = probe.filter(|probe| probe_counts(*probe, status)) {
        let request = Request {
            exploit: Some(probe),
            ..Request::default()
        };
        let (contact, _) = worker.request(&mut store, START, &listener, endpoints, request);
        check_tag(contact.tag());
        // 4 alone is not enough, and with a bare address as host it is.
        assert_eq!(!contact.tag().is_empty(), at_once.has_literal_host);
    }
}

/// proxy-wasm ABI 0.2.1, "Serialized maps".
fn serialized(headers: &[(&[u8], &[u8])]) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).expect("a short input").to_le_bytes();
    let mut bytes = number(headers.len()).to_vec();
    for (name, value) in headers {
        bytes.extend([number(name.len()), number(value.len())].concat());
    }
    for (name, value) in headers {
        for text in [name, value] {
            bytes.extend(*text);
            bytes.push(0);
        }
    }
    bytes
}
