//! A connection manager of the configuration, ready to be used.

use std::sync::Arc;

use crate::config::{HeaderMutation, HttpConnectionManager, HttpFilter, Rbac};
use crate::connection::runner::PluginRef;
use crate::process::Plan;

/// A connection manager with its filters; shared by its connections.
#[derive(Debug)]
pub(crate) struct Blueprint {
    /// Its configuration.
    pub(super) config: HttpConnectionManager,
    pub(super) filters: Vec<Planned>,
}

/// An HTTP filter of the configuration.
#[derive(Debug)]
pub(super) enum Planned {
    Plugin {
        plugin: PluginRef,
        /// Envoy's default is that it is not allowed.
        allows_stop_iteration: bool,
    },
    HeaderMutation(Arc<HeaderMutation>),
    Rbac(Arc<Rbac>),
    Router,
}

impl Blueprint {
    pub(crate) fn new(config: &HttpConnectionManager, plan: &Plan) -> Self {
        let planned = |filter: &HttpFilter| match filter {
            HttpFilter::Wasm(plugin) => Planned::Plugin {
                plugin: PluginRef::new(plan, plugin),
                allows_stop_iteration: plugin.allow_on_headers_stop_iteration == Some(true),
            },
            HttpFilter::HeaderMutation(mutation) => {
                Planned::HeaderMutation(Arc::new(mutation.clone()))
            }
            HttpFilter::Rbac(rbac) => Planned::Rbac(Arc::new(rbac.clone())),
            HttpFilter::Router => Planned::Router,
        };
        Self {
            config: config.clone(),
            filters: config.filters.iter().map(planned).collect(),
        }
    }
}
