//! Who knocks: sources and the networks they belong to.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address::embedded_v4;

/// How many leading bits of an address tell one source, or one network, from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefixes {
    /// Bits of an IPv4 address, 1 to 32.
    pub ipv4: u8,
    /// Bits of an IPv6 address, 1 to 128.
    pub ipv6: u8,
}

/// An address, or the IPv6 prefix that stands for one subscriber, in the form of RFC 4291: IPv4
/// as `::ffff:a.b.c.d`.
///
/// Invariant: all bits behind the prefix are zero, and no IPv4 address is written in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceKey([u8; 16]);

impl SourceKey {
    /// The source that `address` belongs to.
    pub fn new(address: IpAddr, prefixes: Prefixes) -> Self {
        Self(masked(address, prefixes))
    }

    /// The source with these bytes, as a slot holds them.
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Sixteen bytes, network order.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The address, or the first one of the prefix.
    pub fn address(&self) -> IpAddr {
        embedded_v4(IpAddr::V6(Ipv6Addr::from(self.0)))
    }

    /// The network of this source.
    pub fn network(&self, prefixes: Prefixes) -> NetworkKey {
        // The bits behind the prefix are zero already, and no IPv4 address hides in another form.
        let [high @ .., _, _, _, _] = self.0;
        let len = match high {
            IPV4_AS_IPV6 => prefixes.ipv4.saturating_add(96),
            _ => prefixes.ipv6,
        };
        let mask = leading_ones(u32::from(len), 128);
        NetworkKey((u128::from_be_bytes(self.0) & mask).to_be_bytes())
    }
}

impl fmt::Display for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(f)
    }
}

/// The network (by default /24, /48) of a source, in the same form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkKey([u8; 16]);

impl NetworkKey {
    /// The network with these bytes, as a table holds them.
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The first address.
    pub fn address(&self) -> IpAddr {
        embedded_v4(IpAddr::V6(Ipv6Addr::from(self.0)))
    }

    /// Sixteen bytes, network order.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// What comes before an IPv4 address (RFC 4291 section 2.5.5.2).
const IPV4_AS_IPV6: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

fn masked(address: IpAddr, prefixes: Prefixes) -> [u8; 16] {
    match embedded_v4(address) {
        IpAddr::V4(v4) => {
            let mask = leading_ones(u32::from(prefixes.ipv4), 32) >> 96;
            let bits = u32::from(v4) & u32::try_from(mask).unwrap_or(u32::MAX);
            Ipv4Addr::from(bits).to_ipv6_mapped().octets()
        }
        IpAddr::V6(v6) => {
            let mask = leading_ones(u32::from(prefixes.ipv6), 128);
            (u128::from(v6) & mask).to_be_bytes()
        }
    }
}

/// A word that begins with `count` ones, at most `width` of them.
const fn leading_ones(count: u32, width: u32) -> u128 {
    let count = if count < width { count } else { width };
    match u128::MAX.checked_shl(128 - count) {
        Some(ones) => ones,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    const PREFIXES: Prefixes = Prefixes { ipv4: 32, ipv6: 64 };
    const NETWORKS: Prefixes = Prefixes { ipv4: 24, ipv6: 48 };

    fn source(text: &str) -> SourceKey {
        SourceKey::new(text.parse().unwrap(), PREFIXES)
    }

    #[test]
    fn two_addresses_of_one_slash_64_are_one_source() {
        assert_eq!(source("2001:db8:0:1::5"), source("2001:db8:0:1:ffff::6"));
        assert_ne!(source("2001:db8:0:1::5"), source("2001:db8:0:2::5"));
    }

    #[test]
    fn an_ipv4_address_is_one_source_however_it_is_written() {
        assert_eq!(source("192.0.2.7"), source("::ffff:192.0.2.7"));
        assert_eq!(source("192.0.2.7"), source("64:ff9b::192.0.2.7"));
        assert_ne!(source("192.0.2.7"), source("192.0.2.8"));
        assert_eq!(source("192.0.2.7").to_string(), "192.0.2.7");
    }

    #[test]
    fn a_network_is_the_masked_address() {
        for (text, network) in [
            ("192.0.2.255", "192.0.2.0"),
            ("2001:db8:1:2:3::", "2001:db8:1::"),
            ("::ffff:198.51.100.9", "198.51.100.0"),
        ] {
            let key = SourceKey::new(network.parse().unwrap(), PREFIXES);
            assert_eq!(source(text).network(NETWORKS).as_bytes(), key.as_bytes());
        }
    }

    #[test]
    fn networks_join_neighbours() {
        assert_eq!(
            source("192.0.2.7").network(NETWORKS),
            source("192.0.2.250").network(NETWORKS)
        );
        assert_ne!(
            source("192.0.2.7").network(NETWORKS),
            source("192.0.3.7").network(NETWORKS)
        );
        assert_eq!(
            source("2001:db8:1:1::").network(NETWORKS),
            source("2001:db8:1:2::").network(NETWORKS)
        );
        assert_ne!(
            source("2001:db8:1::").network(NETWORKS),
            source("2001:db8:2::").network(NETWORKS)
        );
    }
}
