//! The filters of a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::plugin::PluginFilter;
use super::state::{Handle, State};
use crate::config::{FilterChain, NetworkFilter, Rbac};
use crate::connection::runner::{Opened, PluginRef, Runner};
use crate::guest::Kind;
use crate::http;
use crate::process::Plan;
use crate::shared::lock;

/// A filter at its place in a connection.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The connection.
    pub(crate) connection: Handle,
    /// The filter, counted from 0.
    pub(crate) index: usize,
}

/// A chain of the configuration with what its connections share, over all workers.
#[derive(Debug)]
pub(crate) struct Blueprint {
    /// Its name; may be empty.
    pub(crate) name: String,
    filters: Vec<Planned>,
}

/// A filter of the configuration, ready to be used.
#[derive(Debug)]
enum Planned {
    Plugin(PluginRef),
    Rbac {
        rules: Arc<Rbac>,
        continuous: bool,
    },
    ConnectionLimit {
        max: u64,
        active: Arc<AtomicU64>,
    },
    Echo,
    DirectResponse {
        body: Vec<u8>,
    },
    TcpProxy {
        cluster: String,
        idle: Option<Duration>,
    },
    Http(Arc<http::Blueprint>),
}

impl Blueprint {
    /// The chain of this configuration, with no connection yet.
    pub(crate) fn new(chain: &FilterChain, plan: &Plan) -> Self {
        let planned = |filter: &NetworkFilter| match filter {
            NetworkFilter::Wasm(plugin) => Planned::Plugin(PluginRef::new(plan, plugin)),
            NetworkFilter::Rbac { rbac, continuous } => Planned::Rbac {
                rules: Arc::new(rbac.clone()),
                continuous: *continuous,
            },
            NetworkFilter::ConnectionLimit { max_connections } => Planned::ConnectionLimit {
                max: *max_connections,
                active: Arc::default(),
            },
            NetworkFilter::Echo => Planned::Echo,
            NetworkFilter::DirectResponse { body } => {
                Planned::DirectResponse { body: body.clone() }
            }
            NetworkFilter::TcpProxy {
                cluster,
                idle_timeout,
                ..
            } => Planned::TcpProxy {
                cluster: cluster.clone(),
                idle: *idle_timeout,
            },
            NetworkFilter::Http(manager) => {
                Planned::Http(Arc::new(http::Blueprint::new(manager, plan)))
            }
        };
        Self {
            name: chain.name.clone(),
            filters: chain.filters.iter().map(planned).collect(),
        }
    }

    /// Makes the filters of a connection; contexts get their numbers here, in the order of the
    /// filters, also those that will never hear of the connection.
    pub(crate) fn instantiate(&self, runner: &mut dyn Runner, connection: &Handle) {
        for planned in &self.filters {
            let Some(kind) = kind(runner, connection, planned) else {
                continue;
            };
            let mut state = lock(connection);
            state.keeps_half_closed |= matches!(
                kind,
                FilterKind::DirectResponse { .. } | FilterKind::TcpProxy { .. }
            );
            state.filters.push(Filter {
                kind,
                is_initialized: false,
            });
        }
    }
}

/// The filter, or none where the failure policy leaves it out.
fn kind(runner: &mut dyn Runner, connection: &Handle, planned: &Planned) -> Option<FilterKind> {
    Some(match planned {
        Planned::Plugin(plugin) => {
            let place = Place {
                connection: Arc::clone(connection),
                index: lock(connection).filters.len(),
            };
            let context = match plugin.open(runner, Kind::Network(place)) {
                Opened::Context(context) => Some(context),
                Opened::Dead => None,
                Opened::Bypassed => return None,
            };
            FilterKind::Plugin(PluginFilter::new(context))
        }
        Planned::Rbac { rules, continuous } => FilterKind::Rbac {
            rules: Arc::clone(rules),
            continuous: *continuous,
            has_passed: false,
        },
        Planned::ConnectionLimit { max, active } => FilterKind::ConnectionLimit {
            max: *max,
            slot: None,
            active: Arc::clone(active),
        },
        Planned::Echo => FilterKind::Echo,
        Planned::DirectResponse { body } => FilterKind::DirectResponse { body: body.clone() },
        Planned::TcpProxy { cluster, idle } => FilterKind::TcpProxy {
            cluster: cluster.clone(),
            idle: *idle,
        },
        Planned::Http(blueprint) => FilterKind::Http(Box::new(http::Manager::new(blueprint))),
    })
}

/// A filter of one connection.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) kind: FilterKind,
    /// Whether it has heard of the connection.
    pub(super) is_initialized: bool,
}

#[derive(Debug)]
pub(super) enum FilterKind {
    Plugin(PluginFilter),
    Rbac {
        rules: Arc<Rbac>,
        continuous: bool,
        has_passed: bool,
    },
    ConnectionLimit {
        max: u64,
        slot: Option<Slot>,
        active: Arc<AtomicU64>,
    },
    Echo,
    DirectResponse {
        body: Vec<u8>,
    },
    TcpProxy {
        cluster: String,
        idle: Option<Duration>,
    },
    Http(Box<http::Manager>),
}

/// One of the connections that a limit counts; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Slot(Arc<AtomicU64>);

impl Slot {
    /// Takes one, if there are fewer than `max`.
    pub(super) fn take(active: &Arc<AtomicU64>, max: u64) -> Option<Self> {
        let taken = active.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| {
            (now < max).then_some(now + 1)
        });
        taken.ok().map(|_| Self(Arc::clone(active)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl State {
    /// The plugin at `index`; none if another filter is there.
    pub(super) fn plugin(&mut self, index: usize) -> Option<&mut PluginFilter> {
        match &mut self.filters.get_mut(index)?.kind {
            FilterKind::Plugin(plugin) => Some(plugin),
            _ => None,
        }
    }

    /// The connection manager at `index`, with the bytes that have come.
    pub(crate) fn http(&mut self, index: usize) -> Option<(&mut http::Manager, &mut Vec<u8>)> {
        match &mut self.filters.get_mut(index)?.kind {
            FilterKind::Http(manager) => Some((manager, &mut self.read_buffer)),
            _ => None,
        }
    }

    /// Where the connection manager is; none on a connection without HTTP.
    pub(crate) fn http_index(&self) -> Option<usize> {
        let is_http = |filter: &Filter| matches!(filter.kind, FilterKind::Http(_));
        self.filters.iter().position(is_http)
    }
}
