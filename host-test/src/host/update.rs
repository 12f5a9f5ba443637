//! A new configuration while the process runs, and its end.

use std::sync::Arc;

use super::Host;
use crate::config::Bootstrap;
use crate::connection::Listeners;
use crate::process::{BuildError, PluginIndex};

/// How long the plugins of a former configuration stay, as Envoy's `--drain-time-s`: 600 s.
const DRAIN_NANOS: u64 = 600_000_000_000;

impl Host {
    /// Takes a new configuration, as Envoy does when listeners change while it runs: new plugins
    /// are started beside the old ones, new connections take the new listeners, open connections
    /// go on as they are. What is in both runs on. After ten minutes the connections of listeners
    /// that are gone are closed, and plugins that are left out end.
    ///
    /// Fails where Envoy would refuse the configuration; then everything stays as it is.
    pub fn update(&mut self, bootstrap: &Bootstrap) -> Result<(), BuildError> {
        let plan = self.plan.extended(bootstrap, &self.folder, &self.engine)?;
        let plan = Arc::new(plan);
        for thread in self.threads_mut() {
            thread.follow(plan.clone());
        }
        self.plan = plan;
        let used = self.plan.used_by(bootstrap);
        self.start(&used)?;
        let listeners = Listeners::in_place_of(&self.listeners, bootstrap, &self.plan);
        let gone = std::mem::replace(&mut self.listeners, Arc::new(listeners));
        let now = self.shared.clock.monotonic_nanos();
        self.draining.push((now.saturating_add(DRAIN_NANOS), gone));
        for worker in &mut self.workers {
            worker.traffic.listeners = self.listeners.clone();
        }
        self.shared
            .callouts
            .set_clusters(bootstrap.clusters.clone());
        self.leave(&used);
        Ok(())
    }

    /// Lets everything end that is not in `used`.
    fn leave(&mut self, used: &[PluginIndex]) {
        let now = self.shared.clock.monotonic_nanos();
        let due = now.saturating_add(DRAIN_NANOS);
        let known = self.retiring.clone();
        let when = |index| {
            let known = known.iter().find(|(_, other)| *other == index);
            known.map_or(due, |(due, _)| *due)
        };
        self.retiring = (0..self.plan.plugins.len())
            .map(PluginIndex)
            .filter(|index| !used.contains(index) && self.main.has(*index))
            .map(|index| (when(index), index))
            .collect();
    }

    /// When former listeners have drained next, on the monotonic clock.
    pub(super) fn next_drained(&self) -> Option<u64> {
        self.draining.first().map(|(due, _)| *due)
    }

    /// Closes the connections of listeners that have drained (measured on Envoy 1.40.0: to the
    /// moment), and ends plugins whose time is up.
    pub(super) fn retire(&mut self) {
        let now = self.shared.clock.monotonic_nanos();
        let before = self.draining.len();
        self.draining.retain(|(due, _)| *due > now);
        if self.draining.len() < before {
            let draining = self.draining.iter().map(|(_, listeners)| listeners);
            let known: Vec<_> = draining.chain([&self.listeners]).cloned().collect();
            for worker in &mut self.workers {
                worker.close_strangers(&known);
            }
            self.settle();
        }
        let mut retiring = std::mem::take(&mut self.retiring);
        retiring.retain(|(due, index)| *due > now || !self.end(*index));
        self.retiring = retiring;
    }

    /// Ends a plugin on every thread. Whether it is gone from all of them.
    fn end(&mut self, index: PluginIndex) -> bool {
        let mut is_gone = true;
        for thread in self.threads_mut() {
            is_gone &= thread.retire(index);
        }
        self.settle();
        is_gone
    }

    /// Ends the process: every plugin hears `on_done` and `on_delete` on every thread. Streams
    /// that are still open just end.
    pub fn shut_down(mut self) {
        for index in 0..self.plan.plugins.len() {
            for thread in self.threads_mut() {
                thread.shut_down(PluginIndex(index));
            }
        }
    }
}
