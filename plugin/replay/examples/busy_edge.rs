//! `busy_edge CONTACTS`: prints an accept trace of a busy edge, the same for everybody: twenty
//! contacts a second, four in five of 50,000 clients that are served at port 443, one in five of
//! 20,000 scanners that say nothing at decoys.

use std::env;
use std::error::Error;
use std::io::{BufWriter, Write, stdout};
use std::net::Ipv4Addr;

const BEGIN_SECS: u64 = 1_790_000_000;
const PER_SEC: u64 = 20;
const MILLIS_BETWEEN: u64 = 1_000 / PER_SEC;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [contacts] = args.as_slice() else {
        return Err("usage: busy_edge CONTACTS".into());
    };
    let contacts: u64 = contacts.parse()?;
    let mut trace = BufWriter::new(stdout().lock());
    writeln!(trace, "ts,src,dst,dport,dur,bytes,first,served")?;
    let mut state = 1;
    for number in 0..contacts {
        let (secs, millis) = (
            BEGIN_SECS + number / PER_SEC,
            number % PER_SEC * MILLIS_BETWEEN,
        );
        write!(trace, "{secs}.{millis:03},")?;
        if next(&mut state, 5) == 0 {
            let scanner = address(next(&mut state, 20_000) * 2 + 1);
            // None of them is that of the service.
            let port = 1_024 + next(&mut state, 60_000);
            writeln!(trace, "{scanner},198.51.100.1,{port},0.1,0,,")?;
        } else {
            let client = address(next(&mut state, 50_000) * 2);
            writeln!(trace, "{client},198.51.100.1,443,0.5,500,,1")?;
        }
    }
    Ok(trace.flush()?)
}

/// A number below `below`: a linear congruential generator (Knuth, MMIX).
fn next(state: &mut u64, below: u32) -> u32 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    u32::try_from((*state >> 33) % u64::from(below)).unwrap_or(0)
}

/// Addresses all over the Internet (Fibonacci hashing; Knuth, TAOCP 6.4).
fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(number.wrapping_mul(0x9e37_79b1))
}
