//! A scenario in the harness.

mod call;
mod clients;
mod convert;
mod edge;
mod play;
mod race;
mod seeing;
mod world;

pub use play::{Traced, play_in_harness, trace_in_harness};
pub use race::{NotRaced, race_in_harness, replay_in_harness};

pub(crate) use clients::FIRST_PORT;
pub(crate) use convert::{lines, request as message};
pub(crate) use seeing::access_log as access_line;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::clients::Clients;
use super::model::{Case, ConnectionIndex, RequestIndex};
use super::world::Obstacle;
use crate::config::Bootstrap;
use crate::guest::Engine;
use crate::hook::Hook;
use crate::race::Race;
use crate::{BuildError, Host, HostBuilder};

/// Whether host calls are traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracing {
    /// They are not.
    Off,
    /// They are, from the start on.
    On,
}

/// A host that plays a scenario.
pub struct Harness {
    host: Host,
    clients: Clients,
    bootstrap: Arc<Bootstrap>,
    /// What schedules steps that are done at the same time; without it they are done one after the
    /// other.
    race: Option<Race>,
    /// The mark from which on callbacks are timed.
    profile_from: Option<&'static str>,
}

impl Harness {
    /// Starts the host of a case.
    ///
    /// # Errors
    ///
    /// When the configuration is refused.
    pub fn start(case: &Case, engine: &Engine, tracing: Tracing) -> Result<Self, Obstacle> {
        let host = builder(case, engine, tracing).build().map_err(refused)?;
        Ok(Self::of(case, host))
    }

    /// Starts the host of a case; `hook` sees every host call from the beginning.
    ///
    /// # Errors
    ///
    /// When the configuration is refused.
    pub fn start_hooked(
        case: &Case,
        engine: &Engine,
        tracing: Tracing,
        hook: Arc<dyn Hook>,
    ) -> Result<Self, BuildError> {
        let host = builder(case, engine, tracing).hook(hook).build()?;
        Ok(Self::of(case, host))
    }

    fn of(case: &Case, host: Host) -> Self {
        let bootstrap = Arc::clone(&case.setup.bootstrap);
        Self {
            host,
            clients: Clients::new(Arc::clone(&bootstrap)),
            bootstrap,
            race: None,
            profile_from: None,
        }
    }

    /// Times callbacks and counts their host calls from this mark on.
    pub fn profile_from(&mut self, mark: &'static str) {
        self.profile_from = Some(mark);
    }

    /// The host, to look at what expectations do not speak of.
    pub fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    /// What the threads of the host share.
    pub(crate) fn shared(&self) -> &crate::shared::Shared {
        self.host.shared()
    }

    /// Filter state of a connection by name, as texts.
    pub(crate) fn filter_states(&self, of: ConnectionIndex) -> BTreeMap<String, String> {
        let view = self.clients.connection_view(&self.host, of);
        let state = view.map(|view| view.filter_state).unwrap_or_default();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        state
            .into_iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    /// Whether the host has forgotten a connection that was long over.
    pub(crate) fn has_forgotten(&self, connection: ConnectionIndex) -> bool {
        self.clients.has_forgotten(&self.host, connection)
    }

    /// Whether the host has forgotten a request that was long over.
    pub(crate) fn has_forgotten_request(&self, request: RequestIndex) -> bool {
        self.clients.has_forgotten_request(&self.host, request)
    }

    /// The only VM id of the configuration, where a step names none.
    fn vm_id<'a>(&'a self, named: Option<&'a str>) -> Result<&'a str, Obstacle> {
        if let Some(name) = named {
            return Ok(name);
        }
        let mut ids: Vec<&str> = self
            .bootstrap
            .plugins()
            .map(|plugin| plugin.vm.vm_id.as_str())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        match ids.as_slice() {
            [id] => Ok(id),
            _ => Err(Obstacle::Mistake(format!(
                "expected a vm_id, since there is not just one; there are {}",
                ids.join(", ")
            ))),
        }
    }
}

fn builder(case: &Case, engine: &Engine, tracing: Tracing) -> HostBuilder {
    Host::builder(Bootstrap::clone(&case.setup.bootstrap))
        .workers(case.workers)
        .start_at(case.start.0)
        .folder(&case.setup.folder)
        .engine(engine)
        .random_seed(case.seed)
        .trace(tracing == Tracing::On)
}

fn refused(error: BuildError) -> Obstacle {
    let log = match &error {
        BuildError::VmStartRefused { log, .. } | BuildError::ConfigurationRefused { log, .. } => {
            log.clone()
        }
        _ => Vec::new(),
    };
    // What wasmtime says of a trap at the start has several lines.
    let reason = error.to_string();
    let lines: Vec<&str> = reason.lines().map(str::trim).collect();
    Obstacle::Refused {
        reason: lines.join(" "),
        log,
    }
}
