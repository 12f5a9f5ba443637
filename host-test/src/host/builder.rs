//! How a process comes to be.

use std::path::PathBuf;
use std::sync::Arc;

use super::Host;
use super::rest::MOMENTS_MAX;
use crate::callout::Callouts;
use crate::config::Bootstrap;
use crate::connection::Listeners;
use crate::guest::{Engine, InvalidModule, Limits, UnknownImports};
use crate::hook::Hook;
use crate::process::{BuildError, InvalidBootstrap, Plan, Thread};
use crate::shared::{Shared, ThreadId};
use crate::worker::Worker;

/// How a host is to be. Made by [`Host::builder`].
#[must_use = "a builder does nothing before it is built"]
#[derive(Debug)]
pub struct HostBuilder {
    bootstrap: Bootstrap,
    workers: usize,
    start_unix_nanos: Option<u64>,
    folder: PathBuf,
    engine: Option<Engine>,
    seed: u64,
    limits: Limits,
    is_traced: bool,
    unknown_imports: UnknownImports,
    hook: Option<Arc<dyn Hook>>,
    pub(super) callouts: Callouts,
}

impl HostBuilder {
    pub(super) fn new(bootstrap: Bootstrap) -> Self {
        Self {
            bootstrap,
            workers: 1,
            start_unix_nanos: None,
            folder: PathBuf::from("."),
            engine: None,
            seed: 0,
            limits: Limits::default(),
            is_traced: false,
            unknown_imports: UnknownImports::default(),
            hook: None,
            callouts: Callouts::default(),
        }
    }

    /// How many workers there are, 1 unless it is said; with 0 the host is not built.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// What the wall clock shows at the beginning, in nanoseconds since the Unix epoch.
    pub fn start_at(mut self, unix_nanos: u64) -> Self {
        self.start_unix_nanos = Some(unix_nanos);
        self
    }

    /// The folder that paths of modules count from; the working directory unless it is said.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// The compiler, to share what it has compiled with other hosts.
    pub fn engine(mut self, engine: &Engine) -> Self {
        self.engine = Some(engine.clone());
        self
    }

    /// What random bytes follow from, 0 unless it is said.
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What guests may use.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether host calls are traced from the beginning.
    pub fn trace(mut self, is_traced: bool) -> Self {
        self.is_traced = is_traced;
        self
    }

    /// What becomes of modules that import what the host does not have; they are refused unless it
    /// is said.
    pub fn unknown_imports(mut self, unknown: UnknownImports) -> Self {
        self.unknown_imports = unknown;
        self
    }

    /// Lets `hook` see every host call from the beginning, those of the start too.
    pub fn hook(mut self, hook: Arc<dyn Hook>) -> Self {
        self.hook = Some(hook);
        self
    }

    /// Starts the process: base VMs and canaries, then every plugin on the main thread and on the
    /// workers.
    ///
    /// Fails where Envoy would refuse the configuration.
    pub fn build(self) -> Result<Host, BuildError> {
        if self.workers == 0 {
            return Err(InvalidBootstrap::NoWorker.into());
        }
        let mut shared = Shared::default();
        shared.callouts = self.callouts;
        let clusters = self.bootstrap.clusters.clone();
        shared.callouts.set_clusters(clusters);
        let shared = Arc::new(shared);
        if let Some(nanos) = self.start_unix_nanos {
            shared.clock.start_at(nanos);
        }
        shared.random.reseed(self.seed);
        shared.trace.switch(self.is_traced);
        shared.set_hook(self.hook);
        let engine = match self.engine {
            Some(engine) => engine,
            None => Engine::new().map_err(no_engine)?,
        };
        let mut plan = Plan::new(
            &self.bootstrap,
            &self.folder,
            &engine,
            self.limits,
            shared.clone(),
        )?;
        plan.unknown_imports = self.unknown_imports;
        let plan = Arc::new(plan);
        let used = plan.used_by(&self.bootstrap);
        let listeners = Arc::new(Listeners::new(&self.bootstrap, &plan));
        let worker = |index| {
            let thread = Thread::new(ThreadId::Worker(index), plan.clone());
            Worker::new(thread, listeners.clone())
        };
        let mut host = Host {
            main: Thread::new(ThreadId::Main, plan.clone()),
            workers: (0..self.workers).map(worker).collect(),
            bases: Vec::new(),
            listeners,
            plan,
            retiring: Vec::new(),
            draining: Vec::new(),
            folder: self.folder,
            engine,
            shared,
            restless: None,
            moments_max: MOMENTS_MAX,
        };
        host.start(&used)?;
        Ok(host)
    }
}

fn no_engine(reason: InvalidModule) -> BuildError {
    InvalidBootstrap::Module {
        plugin: String::new(),
        reason,
    }
    .into()
}
