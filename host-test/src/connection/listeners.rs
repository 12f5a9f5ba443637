//! The listeners of a process, shared by its workers, and which one takes a connection.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::abi::MetricType;
use crate::config::{Bootstrap, FilterChain, Listener, ListenerFilter, TransportSocket};
use crate::network::{Blueprint, Offer, choose_chain};
use crate::process::Plan;
use crate::shared::{MetricHandle, Metrics};

/// All listeners, ready to be used.
#[derive(Debug)]
pub(crate) struct Listeners {
    all: Vec<Arc<Active>>,
    next_connection: AtomicU64,
    /// Clusters that the process knows.
    pub(crate) clusters: std::collections::BTreeSet<String>,
}

/// A listener with its chains.
#[derive(Debug)]
pub(crate) struct Active {
    /// Its configuration.
    pub(crate) config: Arc<Listener>,
    chains: Vec<Arc<Chain>>,
    default: Option<Arc<Chain>>,
    /// The counter of what filter chains take; Envoy's list shows it from the first one on.
    accepted: OnceLock<MetricHandle>,
}

/// A filter chain, ready to be used.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Its filters.
    pub(crate) blueprint: Blueprint,
    /// What encrypts it.
    pub(crate) transport: TransportSocket,
}

impl Listeners {
    pub(crate) fn new(bootstrap: &Bootstrap, plan: &Plan) -> Self {
        let active = |listener: &Listener| Arc::new(Active::new(listener, plan));
        Self {
            all: bootstrap.listeners.iter().map(active).collect(),
            next_connection: AtomicU64::new(1),
            clusters: bootstrap.clusters.clone(),
        }
    }

    /// Listeners that take the place of `old` ones: connections are counted on.
    pub(crate) fn in_place_of(old: &Self, bootstrap: &Bootstrap, plan: &Plan) -> Self {
        let active = |listener: &Listener| {
            let same = old.all.iter().find(|active| *active.config == *listener);
            same.cloned()
                .unwrap_or_else(|| Arc::new(Active::new(listener, plan)))
        };
        Self {
            all: bootstrap.listeners.iter().map(active).collect(),
            next_connection: AtomicU64::new(old.next_connection.load(Ordering::Relaxed)),
            clusters: bootstrap.clusters.clone(),
        }
    }

    /// Whether connections of this listener are at home here.
    pub(crate) fn has(&self, listener: &Arc<Listener>) -> bool {
        let mut all = self.all.iter();
        all.any(|active| Arc::ptr_eq(&active.config, listener))
    }

    /// The number of the next connection.
    pub(crate) fn next_connection(&self) -> u64 {
        self.next_connection.fetch_add(1, Ordering::Relaxed)
    }

    /// The listener that takes connections to this address: one at the address itself before one
    /// at all addresses of its family, and last one to which a firewall redirects everything, if
    /// there is one.
    pub(crate) fn find(&self, destination: SocketAddr) -> Option<&Active> {
        let ranked = self.all.iter().filter_map(|listener| {
            let ranks = listener.config.addresses.iter();
            let rank = ranks
                .filter_map(|address| rank(*address, destination))
                .max();
            Some((
                rank.or_else(|| listener.config.redirects().then_some(0))?,
                listener,
            ))
        });
        // The first of equal ones.
        let best = ranked.fold(
            None,
            |best: Option<(u8, &Active)>, (rank, listener)| match best {
                Some((known, _)) if known >= rank => best,
                _ => Some((rank, listener)),
            },
        );
        best.map(|(_, listener)| listener)
    }
}

fn rank(address: SocketAddr, destination: SocketAddr) -> Option<u8> {
    let has_port = address.port() == destination.port();
    let is_family = address.is_ipv4() == destination.is_ipv4();
    if address.ip() == destination.ip() && has_port {
        Some(2)
    } else if address.ip().is_unspecified() && has_port && is_family {
        Some(1)
    } else {
        None
    }
}

impl Listener {
    /// Whether a firewall can send connections here that were meant for other ports.
    fn redirects(&self) -> bool {
        self.listener_filters
            .contains(&ListenerFilter::OriginalDestination)
    }
}

impl Active {
    fn new(listener: &Listener, plan: &Plan) -> Self {
        let chain = |chain: &FilterChain| {
            Arc::new(Chain {
                blueprint: Blueprint::new(chain, plan),
                transport: chain.transport,
            })
        };
        Self {
            config: Arc::new(listener.clone()),
            chains: listener.chains.iter().map(chain).collect(),
            default: listener.default_chain.as_ref().map(chain),
            accepted: OnceLock::new(),
        }
    }

    /// The chain that such a connection takes; none if it is closed.
    pub(crate) fn chain(&self, offer: &Offer<'_>) -> Option<&Arc<Chain>> {
        let matches: Vec<_> = self
            .config
            .chains
            .iter()
            .map(|chain| &chain.matching)
            .collect();
        match choose_chain(&matches, offer) {
            Some(index) => self.chains.get(index),
            None => self.default.as_ref(),
        }
    }

    /// The name of one of its counters, as Envoy makes it out of the address.
    pub(crate) fn counter(&self, name: &str) -> String {
        let address = self.config.addresses.first();
        let address = address.map(ToString::to_string).unwrap_or_default();
        format!("listener.{}.{name}", address.replace(':', "_"))
    }

    /// Counts a connection that a filter chain takes.
    pub(crate) fn count_accepted(&self, metrics: &Metrics) {
        let define = || metrics.define(MetricType::Counter, &self.counter("downstream_cx_total"));
        self.accepted.get_or_init(define).add(1);
    }
}
