//! Sets of networks, ready for lookups.

use alloc::vec::Vec;
use core::net::IpAddr;

use ipnet::IpNet;

/// Networks with the number of what they stand for; a lookup is one binary search.
#[derive(Clone, Debug, Default)]
pub struct NetworkMap {
    v4: Vec<Range<u32>>,
    v6: Vec<Range<u128>>,
}

/// Addresses from `first` to `last`.
#[derive(Clone, Copy, Debug)]
struct Range<A> {
    first: A,
    last: A,
    value: u32,
}

impl NetworkMap {
    /// The map of `entries`. Where networks overlap, the smaller one counts; of the same network
    /// given twice, the first one.
    pub fn new(entries: impl IntoIterator<Item = (IpNet, u32)>) -> Self {
        let mut entries: Vec<(IpNet, u32)> = entries.into_iter().collect();
        // By address, larger networks first where they begin at one; the sort is stable.
        entries.sort_by_key(|(network, _)| *network);
        entries.dedup_by_key(|(network, _)| *network);
        let (mut v4, mut v6) = (Nesting::default(), Nesting::default());
        for (network, value) in entries {
            match network {
                IpNet::V4(net) => {
                    let (first, last) = (u32::from(net.network()), u32::from(net.broadcast()));
                    v4.add(Range { first, last, value });
                }
                IpNet::V6(net) => {
                    let (first, last) = (u128::from(net.network()), u128::from(net.broadcast()));
                    v6.add(Range { first, last, value });
                }
            }
        }
        Self {
            v4: v4.into_disjoint(),
            v6: v6.into_disjoint(),
        }
    }

    /// What the smallest network with `address` stands for.
    pub fn get(&self, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(v4) => find(&self.v4, u32::from(v4)),
            IpAddr::V6(v6) => find(&self.v6, u128::from(v6)),
        }
    }
}

fn find<A: Ord + Copy>(ranges: &[Range<A>], address: A) -> Option<u32> {
    let after = ranges.partition_point(|range| range.first <= address);
    let range = ranges.get(after.checked_sub(1)?)?;
    (address <= range.last).then_some(range.value)
}

/// Cuts networks into ranges that do not overlap. Networks nest or are apart, so that a stack of
/// those that are open tells which one counts.
struct Nesting<A> {
    ranges: Vec<Range<A>>,
    open: Vec<Range<A>>,
}

impl<A> Default for Nesting<A> {
    fn default() -> Self {
        Self {
            ranges: Vec::new(),
            open: Vec::new(),
        }
    }
}

/// Addresses in a row.
trait Address: Ord + Copy {
    fn next(self) -> Option<Self>;
    fn previous(self) -> Option<Self>;
}

impl Address for u32 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
    fn previous(self) -> Option<Self> {
        self.checked_sub(1)
    }
}

impl Address for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
    fn previous(self) -> Option<Self> {
        self.checked_sub(1)
    }
}

impl<A: Address> Nesting<A> {
    /// Adds the next network, in order of first addresses, larger ones first.
    fn add(&mut self, network: Range<A>) {
        while self
            .open
            .last()
            .is_some_and(|parent| parent.last < network.first)
        {
            self.close_one();
        }
        if let Some(parent) = self.open.last()
            && parent.first < network.first
            && let Some(last) = network.first.previous()
        {
            self.ranges.push(Range { last, ..*parent });
        }
        self.open.push(network);
    }

    fn into_disjoint(mut self) -> Vec<Range<A>> {
        while !self.open.is_empty() {
            self.close_one();
        }
        self.ranges
    }

    fn close_one(&mut self) {
        let Some(done) = self.open.pop() else { return };
        if done.first <= done.last {
            self.ranges.push(done);
        }
        if let Some(parent) = self.open.last_mut() {
            match done.last.next() {
                Some(after) => parent.first = parent.first.max(after),
                // Behind the last address nothing is left of any network around.
                None => self.open.clear(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn the_smallest_network_counts() {
        let map = NetworkMap::new([
            (net("10.0.0.0/8"), 8),
            (net("10.1.0.0/16"), 16),
            (net("10.1.2.0/24"), 24),
            (net("10.1.2.0/24"), 99),
            (net("0.0.0.0/0"), 0),
            (net("255.255.255.255/32"), 32),
            (net("2001:db8::/32"), 6),
        ]);
        let get = |address: &str| map.get(address.parse().unwrap());
        assert_eq!(get("10.0.0.0"), Some(8));
        assert_eq!(get("10.1.1.255"), Some(16));
        assert_eq!(get("10.1.2.0"), Some(24));
        assert_eq!(get("10.1.3.0"), Some(16));
        assert_eq!(get("10.255.255.255"), Some(8));
        assert_eq!(get("11.0.0.0"), Some(0));
        assert_eq!(get("255.255.255.255"), Some(32));
        assert_eq!(get("255.255.255.254"), Some(0));
        assert_eq!(get("2001:db8::1"), Some(6));
        assert_eq!(get("2001:db9::1"), None);
    }

    proptest! {
        #[test]
        fn a_lookup_finds_what_a_search_of_all_finds(
            networks in prop::collection::vec((0u32..1 << 12, 20u8..=32), 0..40),
            addresses in prop::collection::vec(0u32..1 << 12, 20),
        ) {
            let networks: Vec<(IpNet, u32)> = networks
                .iter()
                .zip(0..)
                .map(|((bits, len), index)| {
                    let net = IpNet::new(IpAddr::V4((*bits).into()), *len).unwrap();
                    (net.trunc(), index)
                })
                .collect();
            let map = NetworkMap::new(networks.iter().copied());
            for address in addresses {
                let address = IpAddr::V4(address.into());
                let holding = networks.iter().filter(|(net, _)| net.contains(&address));
                let smallest = holding.rev().max_by_key(|(net, _)| net.prefix_len());
                prop_assert_eq!(map.get(address), smallest.map(|(_, index)| *index));
            }
        }
    }
}
