//! Counters of the core as Envoy's metrics.

use portscan_core::counters::{Counter, Counters};

use crate::host::{self, MetricKind};

/// The metrics of one VM.
pub(crate) struct Metrics {
    /// Numbers of the counters, in the order of [`Counter::ALL`].
    ids: Vec<Option<u32>>,
}

impl Metrics {
    /// Defines every counter; nothing is counted by that.
    pub(crate) fn define() -> Self {
        let define = |counter: &Counter| host::define_metric(MetricKind::Counter, counter.metric());
        Self {
            ids: Counter::ALL
                .iter()
                .map(|counter| define(counter).ok())
                .collect(),
        }
    }

    /// What was counted since Envoy started, as far as workers have told it; 0 where the host does
    /// not say.
    pub(crate) fn total(&self, counter: Counter) -> u64 {
        let id = self.ids.get(usize::from(counter as u8)).copied().flatten();
        id.and_then(|id| host::metric(id).ok()).unwrap_or(0)
    }

    /// Adds what was counted since the last call.
    pub(crate) fn flush(&self, counters: &mut Counters) {
        let mut refused = 0;
        for (counter, n) in counters.take() {
            let id = self.ids.get(usize::from(counter as u8)).copied().flatten();
            match id.map(|id| host::increment_metric(id, n)) {
                Some(Ok(())) => {}
                Some(Err(_)) | None => refused += 1,
            }
        }
        counters.add(Counter::HostErrors, refused);
    }
}
