//! The keyed hash that decides where things lie, so that nobody outside can aim collisions.

use core::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::source::{NetworkKey, SourceKey};

/// The secret key of all placements: 16 random bytes, shared by all workers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed([u8; 16]);

/// What is hashed. Equal bytes of different domains hash to unrelated numbers.
#[derive(Clone, Copy)]
enum Domain {
    Source = 1,
    Network = 2,
    Port = 3,
    Host = 4,
}

impl Seed {
    /// Bytes of a seed.
    pub const LEN: usize = 16;

    /// The seed made of `bytes`, which must be random and secret.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes, for storing them.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The place of `source`; also its fingerprint in caches and in the ring of changes.
    pub fn source(&self, source: &SourceKey) -> u64 {
        self.hash(Domain::Source, source.as_bytes())
    }

    /// The place of `network`.
    pub fn network(&self, network: &NetworkKey) -> u64 {
        self.hash(Domain::Network, network.as_bytes())
    }

    /// The hash of a port in the sketches.
    pub fn port(&self, port: u16) -> u64 {
        self.hash(Domain::Port, &port.to_be_bytes())
    }

    /// The hash of a local address in the memory of targets.
    pub fn host(&self, host: &[u8; 16]) -> u64 {
        self.hash(Domain::Host, host)
    }

    /// SipHash-1-3 (Aumasson, Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012).
    fn hash(&self, domain: Domain, bytes: &[u8]) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write_u8(domain as u8);
        hasher.write(bytes);
        hasher.finish()
    }
}

/// A number below `count` that `hash` falls on, all alike (Lemire, "Fast random integer
/// generation in an interval", 2019). 0 if `count` is 0.
pub fn place(hash: u64, count: u32) -> u32 {
    let high = hash >> 32;
    u32::try_from((high * u64::from(count)) >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::Prefixes;

    proptest! {
        #[test]
        fn a_place_is_below_the_count(hash: u64, count in 1u32..) {
            prop_assert!(place(hash, count) < count);
        }

        #[test]
        fn another_seed_gives_another_hash(a: [u8; 16], b: [u8; 16], ip: u32) {
            prop_assume!(a != b);
            let source = SourceKey::new(
                core::net::IpAddr::V4(ip.into()),
                Prefixes { ipv4: 32, ipv6: 64 },
            );
            prop_assert_ne!(Seed::new(a).source(&source), Seed::new(b).source(&source));
        }
    }

    #[test]
    fn places_are_spread_evenly() {
        let seed = Seed::new([7; 16]);
        let mut counts = [0u32; 64];
        for port in 0..=u16::MAX {
            counts[place(seed.port(port), 64) as usize] += 1;
        }
        // 1,024 expected in each; five standard deviations are 160.
        assert!(
            counts.iter().all(|count| (864..1184).contains(count)),
            "{counts:?}"
        );
    }
}
