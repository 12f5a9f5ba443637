//! One Envoy process: threads, time, and everything a test wants to know.

mod builder;
mod calls;
mod rest;

#[cfg(test)]
mod tests;
mod update;

pub use builder::HostBuilder;
pub use rest::Restless;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::abi::HostCall;
use crate::config::Bootstrap;
use crate::connection::Listeners;
use crate::guest::Engine;
use crate::hook::Hook;
use crate::process::{BuildError, Plan, PluginIndex, Thread, Vm};
use crate::process::{check_by_canary, start_on};
use crate::shared::{Clock, Shared, ThreadId};
use crate::worker::Worker;

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
    /// The first time that it did not come to rest.
    restless: Option<Restless>,
    /// Moments at which something is due that may pass in one go.
    moments_max: u64,
}

impl Host {
    /// A process with this configuration.
    pub fn builder(bootstrap: Bootstrap) -> HostBuilder {
        HostBuilder::new(bootstrap)
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
    ///
    /// Fails when that is too much, with the clock where it has come to, and when callbacks have not
    /// come to rest, now or before.
    pub fn advance(&mut self, by: Duration) -> Result<(), Restless> {
        let clock = &self.shared.clock;
        let end = clock
            .monotonic_nanos()
            .saturating_add(crate::shared::nanos(by));
        let mut moments = 0;
        loop {
            self.at_rest()?;
            let drained = self.next_drained().filter(|due| *due <= end);
            let next = self.next_due().filter(|(due, _)| *due <= end);
            if drained.is_some() || next.is_some() {
                if moments == self.moments_max {
                    self.restless = Some(Restless::Time);
                    return self.at_rest();
                }
                moments += 1;
            }
            match (drained, next) {
                (Some(due), next) if next.is_none_or(|(next, _)| due < next) => {
                    self.advance_clock_to(due);
                }
                (_, Some((due, thread))) => {
                    self.advance_clock_to(due);
                    self.run_due(thread);
                    self.settle();
                }
                _ => break,
            }
            // Timers of what ends at this moment still run (measured on Envoy 1.40.0).
            let now = self.shared.clock.monotonic_nanos();
            if self.next_due().is_none_or(|(due, _)| due > now) {
                self.retire();
            }
        }
        self.advance_clock_to(end);
        self.retire();
        self.at_rest()
    }

    /// Whether everything that was to be done has been done so far.
    ///
    /// Fails when callbacks have not come to rest, or too much was due.
    pub fn at_rest(&self) -> Result<(), Restless> {
        self.restless.map_or(Ok(()), Err)
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

    /// Does what callbacks have asked for, on every thread, until nothing is left; gives up where
    /// [`Host::at_rest`] says so.
    pub(crate) fn settle(&mut self) {
        for _ in 0..rest::ROUNDS_MAX {
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
        self.restless.get_or_insert(Restless::Callbacks);
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
