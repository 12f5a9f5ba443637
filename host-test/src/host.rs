//! One Envoy process: threads, time, and everything a test wants to know.

mod calls;

#[cfg(test)]
mod tests;
mod update;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::abi::HostCall;
use crate::callout::Callouts;
use crate::config::Bootstrap;
use crate::connection::Listeners;
use crate::guest::{Engine, InvalidModule, Limits, UnknownImports};
use crate::hook::Hook;
use crate::process::{BuildError, InvalidBootstrap, Plan, PluginIndex, Thread, Vm};
use crate::process::{check_by_canary, start_on};
use crate::shared::{Clock, Shared, ThreadId};
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
    callouts: Callouts,
}

impl HostBuilder {
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
            shared.clock.set_unix_nanos(nanos);
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

/// One Envoy process.
pub struct Host {
    main: Thread,
    workers: Vec<Worker>,
    bases: Vec<Option<Vm>>,
    listeners: Arc<Listeners>,
    plan: Arc<Plan>,
    /// Plugins of former configurations, and when they end.
    retiring: Vec<(u64, PluginIndex)>,
    /// Former listeners, and when their connections are closed; the first to go first.
    draining: Vec<(u64, Arc<Listeners>)>,
    folder: PathBuf,
    engine: Engine,
    shared: Arc<Shared>,
}

impl Host {
    /// A process with this configuration.
    pub fn builder(bootstrap: Bootstrap) -> HostBuilder {
        HostBuilder {
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

    /// The main thread takes each plugin when it reads the configuration; the workers, which begin
    /// later, take them one after the other. What runs already goes on.
    fn start(&mut self, wanted: &[PluginIndex]) -> Result<(), BuildError> {
        let plan = self.plan.clone();
        for index in wanted
            .iter()
            .filter(|index| !self.main.has(**index))
            .copied()
            .collect::<Vec<_>>()
        {
            check_by_canary(&plan, &mut self.bases, index)?;
            start_on(&mut self.main, index)?;
        }
        for worker in &mut self.workers {
            for index in wanted {
                let planned = plan.plugins.get(index.0);
                if planned.is_some_and(|planned| !planned.is_singleton)
                    && !worker.thread.has(*index)
                {
                    start_on(&mut worker.thread, *index)?;
                }
            }
        }
        self.settle();
        Ok(())
    }

    /// Lets time pass: everything that becomes due until then happens in its order, ties by
    /// thread.
    pub fn advance(&mut self, by: Duration) {
        let clock = &self.shared.clock;
        let end = clock
            .monotonic_nanos()
            .saturating_add(crate::shared::nanos(by));
        loop {
            let drained = self.next_drained().filter(|due| *due <= end);
            let next = self.next_due().filter(|(due, _)| *due <= end);
            match (drained, next) {
                (Some(due), next) if next.is_none_or(|(next, _)| due <= next) => {
                    self.advance_clock_to(due);
                }
                (_, Some((due, thread))) => {
                    self.advance_clock_to(due);
                    self.run_due(thread);
                    self.settle();
                }
                _ => break,
            }
            self.retire();
        }
        self.advance_clock_to(end);
        self.retire();
    }

    fn advance_clock_to(&self, nanos: u64) {
        let clock = &self.shared.clock;
        let by = nanos.saturating_sub(clock.monotonic_nanos());
        clock.advance(Duration::from_nanos(by));
    }

    fn next_due(&self) -> Option<(u64, ThreadId)> {
        let main = self.main.next_due().map(|due| (due, ThreadId::Main));
        let workers = self.workers.iter();
        let workers = workers.filter_map(|worker| Some((worker.next_due()?, worker.thread.id)));
        main.into_iter().chain(workers).min()
    }

    fn run_due(&mut self, thread: ThreadId) {
        match thread {
            ThreadId::Main => self.main.run_due(),
            ThreadId::Worker(index) => {
                if let Some(worker) = self.workers.get_mut(index) {
                    worker.run_due();
                }
            }
        }
    }

    fn threads(&self) -> impl Iterator<Item = &Thread> {
        let workers = self.workers.iter().map(|worker| &worker.thread);
        [&self.main].into_iter().chain(workers)
    }

    fn threads_mut(&mut self) -> impl Iterator<Item = &mut Thread> {
        let workers = self.workers.iter_mut().map(|worker| &mut worker.thread);
        [&mut self.main].into_iter().chain(workers)
    }

    fn thread_mut(&mut self, id: ThreadId) -> Option<&mut Thread> {
        self.threads_mut().find(|thread| thread.id == id)
    }

    /// Does what callbacks have asked for, on every thread, until nothing is left.
    pub(crate) fn settle(&mut self) {
        /// Callbacks that may follow from one event: a guest could feed itself for ever.
        const ROUNDS_MAX: usize = 100_000;
        for _ in 0..ROUNDS_MAX {
            self.main.forget_deferred();
            for worker in &mut self.workers {
                worker.settle();
            }
            if self.threads_mut().any(Thread::deliver) {
                continue;
            }
            let Some(ready) = self.shared.queues.next_posted() else {
                return;
            };
            if let Some(thread) = self.thread_mut(ready.thread) {
                thread.queue_ready(ready);
            }
        }
    }

    /// What all threads share: clock, shared data, queues, metrics, log, trace.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Lets `hook` see every host call from now on.
    pub fn set_hook(&self, hook: Option<Arc<dyn Hook>>) {
        self.shared.set_hook(hook);
    }

    /// How many workers there are.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// The worker with this number.
    pub(crate) fn worker(&self, index: usize) -> Option<&Worker> {
        self.workers.get(index)
    }

    /// All workers: two of them can be moved to threads of their own.
    pub fn workers_mut(&mut self) -> &mut [Worker] {
        &mut self.workers
    }

    /// How often each host call was made by the VMs that live now.
    #[must_use]
    pub fn host_call_counts(&self) -> Vec<(HostCall, u64)> {
        let mut counts = vec![0_u64; HostCall::ALL.len()];
        for (_, vm) in self.living_vms() {
            for (sum, count) in counts.iter_mut().zip(vm.state().host_calls) {
                *sum += count;
            }
        }
        HostCall::ALL.iter().copied().zip(counts).collect()
    }

    /// Bytes that host calls have returned to the VMs that live now.
    #[must_use]
    pub fn bytes_returned(&self) -> u64 {
        let vms = self.living_vms();
        vms.map(|(_, vm)| vm.state().bytes_returned).sum()
    }

    /// Bytes of the memory of each living VM, by thread.
    #[must_use]
    pub fn guest_memory_bytes(&self) -> Vec<(ThreadId, usize)> {
        let vms = self.living_vms();
        vms.map(|(thread, vm)| (thread, vm.memory_bytes()))
            .collect()
    }

    fn living_vms(&self) -> impl Iterator<Item = (ThreadId, &Vm)> {
        self.threads()
            .flat_map(|thread| thread.living_vms().map(|(_, vm)| (thread.id, vm)))
    }
}
