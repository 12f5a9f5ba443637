//! First bytes in any pieces: once something is told, more bytes do not change it, and enough of
//! them always tell.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use portscan_core::first_bytes::{Asks, FIRST_BYTES_MAX, Names, asks, is_name_pattern};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    bytes: &'a [u8],
    splits: Vec<u16>,
    names: Vec<&'a str>,
}

fuzz_target!(|input: Input<'_>| {
    let names = input.names.iter().filter(|name| is_name_pattern(name));
    let names = Names::new(names.map(ToString::to_string).collect());
    let bytes = &input.bytes[..input.bytes.len().min(FIRST_BYTES_MAX)];
    let mut ends: Vec<usize> = input
        .splits
        .iter()
        .map(|end| usize::from(*end).min(bytes.len()))
        .collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut told = Asks::Unknown;
    for end in ends {
        let now = asks(&bytes[..end], &names);
        assert!(
            told == Asks::Unknown || now == told,
            "{told:?}, then {now:?}"
        );
        assert!(now != Asks::Unknown || end < FIRST_BYTES_MAX);
        told = now;
    }
});
