//! Which filter chain a connection takes (`FilterChainManagerImpl`).

use std::net::SocketAddr;

use ipnet::IpNet;

use crate::config::ChainMatch;

/// What is known of a connection before its chain is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    /// The destination, restored where a firewall or a proxy has changed it.
    pub(crate) local: SocketAddr,
    /// The source, as a PROXY header says it.
    pub(crate) remote: SocketAddr,
    /// Who has connected.
    pub(crate) direct_remote: SocketAddr,
    /// The server name that a TLS inspector has seen; empty without one.
    pub(crate) server_name: &'a str,
    /// `tls` if a TLS inspector has seen a greeting, else `raw_buffer` or nothing.
    pub(crate) transport_protocol: &'a str,
    /// Protocols of the greeting.
    pub(crate) application_protocols: &'a [String],
}

/// The chain that matches best: the properties are looked at one after the other, the most
/// specific value of each is taken, and there is no way back. None if no chain matches.
pub(crate) fn choose(chains: &[&ChainMatch], offer: &Offer<'_>) -> Option<usize> {
    let mut left: Vec<usize> = (0..chains.len()).collect();
    for step in STEPS {
        let ranked = left.iter().filter_map(|index| {
            let chain = chains.get(*index)?;
            Some((step(chain, offer)?, *index))
        });
        let ranked: Vec<_> = ranked.collect();
        let best = ranked.iter().map(|(rank, _)| *rank).max()?;
        left = ranked
            .into_iter()
            .filter_map(|(rank, index)| (rank == best).then_some(index))
            .collect();
    }
    left.first().copied()
}

/// How specific a chain is in one property; none if it does not match.
type Step = fn(&ChainMatch, &Offer<'_>) -> Option<usize>;

const STEPS: [Step; 8] = [
    |chain, offer| match chain.destination_port {
        Some(port) => (port == offer.local.port()).then_some(1),
        None => Some(0),
    },
    |chain, offer| networks(&chain.destination_networks, offer.local),
    |chain, offer| server_names(&chain.server_names, offer.server_name),
    |chain, offer| match &chain.transport_protocol {
        Some(protocol) => (protocol == offer.transport_protocol).then_some(1),
        None => Some(0),
    },
    |chain, offer| one_of(&chain.application_protocols, offer.application_protocols),
    |chain, offer| networks(&chain.direct_source_networks, offer.direct_remote),
    |chain, offer| networks(&chain.source_networks, offer.remote),
    |chain, offer| match &chain.source_ports[..] {
        [] => Some(0),
        ports => ports.contains(&offer.remote.port()).then_some(1),
    },
];

/// Longer prefixes are more specific.
fn networks(networks: &[IpNet], address: SocketAddr) -> Option<usize> {
    if networks.is_empty() {
        return Some(0);
    }
    let matching = networks
        .iter()
        .filter(|network| network.contains(&address.ip()));
    matching
        .map(|network| usize::from(network.prefix_len()) + 1)
        .max()
}

/// The name itself before the longest wildcard.
fn server_names(names: &[String], asked: &str) -> Option<usize> {
    if names.is_empty() {
        return Some(0);
    }
    let rank = |name: &String| match name.strip_prefix('*') {
        Some(suffix) => {
            (asked.len() > suffix.len() && asked.ends_with(suffix)).then_some(name.len())
        }
        None => (name == asked).then_some(usize::MAX),
    };
    names.iter().filter_map(rank).max()
}

fn one_of(wanted: &[String], offered: &[String]) -> Option<usize> {
    match wanted {
        [] => Some(0),
        wanted => wanted
            .iter()
            .any(|name| offered.contains(name))
            .then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::{Offer, choose};
    use crate::config::ChainMatch;

    fn offer(server_name: &str) -> Offer<'_> {
        Offer {
            local: "192.0.2.1:443".parse().unwrap(),
            remote: "198.51.100.7:4000".parse().unwrap(),
            direct_remote: "203.0.113.1:5000".parse().unwrap(),
            server_name,
            transport_protocol: "tls",
            application_protocols: &[],
        }
    }

    fn names(of: &[&str]) -> ChainMatch {
        ChainMatch {
            server_names: of.iter().map(|name| (*name).to_owned()).collect(),
            ..ChainMatch::default()
        }
    }

    #[test]
    fn the_most_specific_server_name_is_taken() {
        let chains = [
            &ChainMatch::default(),
            &names(&["*.example.org"]),
            &names(&["*.b.example.org"]),
            &names(&["a.example.org"]),
        ];
        for (asked, wanted) in [
            ("a.example.org", 3),
            ("c.example.org", 1),
            ("c.b.example.org", 2),
            ("example.org", 0),
            ("", 0),
        ] {
            assert_eq!(choose(&chains, &offer(asked)), Some(wanted), "{asked:?}");
        }
        assert_eq!(choose(&chains[1..], &offer("")), None);
    }

    #[test]
    fn a_port_that_matches_leaves_no_way_back() {
        let port = ChainMatch {
            destination_port: Some(443),
            ..names(&["other"])
        };
        let any = ChainMatch::default();
        assert_eq!(choose(&[&any, &port], &offer("mine")), None);
        let elsewhere = ChainMatch {
            destination_port: Some(80),
            ..ChainMatch::default()
        };
        assert_eq!(choose(&[&elsewhere, &any], &offer("mine")), Some(1));
    }

    #[test]
    fn source_and_transport_narrow_it_down() {
        let source = |network: &str| ChainMatch {
            source_networks: vec![network.parse().unwrap()],
            ..ChainMatch::default()
        };
        let (wide, narrow) = (source("198.51.0.0/16"), source("198.51.100.0/24"));
        assert_eq!(choose(&[&wide, &narrow], &offer("")), Some(1));
        let raw = ChainMatch {
            transport_protocol: Some("raw_buffer".into()),
            ..ChainMatch::default()
        };
        assert_eq!(choose(&[&raw], &offer("")), None);
    }
}
