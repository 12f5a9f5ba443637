//! Networks of declared scanners that come with the module, by actor.
//!
//! `data/known-scanners.tsv` packed by the build script: for each actor its name behind a length,
//! then for IPv4 and IPv6 the number of networks (u16) and each as address and prefix length.

use alloc::vec::Vec;
use core::net::IpAddr;

use ipnet::IpNet;

const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/known-scanners.bin"));

/// The names of all actors, in order.
pub fn actors() -> impl Iterator<Item = &'static str> {
    Packed(PACKED).map(|actor| actor.name)
}

/// The networks of `actor`; none if the module knows no such actor.
pub fn networks_of(actor: &str) -> Option<Vec<IpNet>> {
    let found = Packed(PACKED).find(|known| known.name == actor)?;
    let v4 = found.v4.chunks_exact(5).filter_map(network::<4, 5>);
    let v6 = found.v6.chunks_exact(17).filter_map(network::<16, 17>);
    Some(v4.chain(v6).collect())
}

fn network<const LEN: usize, const PACKED_LEN: usize>(bytes: &[u8]) -> Option<IpNet>
where
    [u8; LEN]: Into<IpAddr>,
{
    let (address, prefix) = bytes.split_first_chunk::<LEN>()?;
    IpNet::new((*address).into(), *prefix.first()?).ok()
}

struct Actor {
    name: &'static str,
    v4: &'static [u8],
    v6: &'static [u8],
}

/// What is left to read.
struct Packed(&'static [u8]);

impl Iterator for Packed {
    type Item = Actor;

    fn next(&mut self) -> Option<Actor> {
        let (len, rest) = self.0.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*len))?;
        let (v4, rest) = networks(rest, 5)?;
        let (v6, rest) = networks(rest, 17)?;
        self.0 = rest;
        Some(Actor {
            name: str::from_utf8(name).ok()?,
            v4,
            v6,
        })
    }
}

fn networks(bytes: &'static [u8], len: usize) -> Option<(&'static [u8], &'static [u8])> {
    let (count, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*count)) * len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packed_list_is_the_readable_one() {
        let list = include_str!("../data/known-scanners.tsv");
        let mut lines = list.lines().filter(|line| !line.starts_with('#'));
        for actor in actors() {
            for network in networks_of(actor).unwrap() {
                let line = lines.next().unwrap();
                assert_eq!(
                    line.split_once('\t'),
                    Some((actor, &*std::format!("{network}")))
                );
            }
        }
        assert_eq!(lines.next(), None);
        assert!(actors().any(|actor| actor == "censys"));
        assert_eq!(networks_of("nobody"), None);
    }
}
