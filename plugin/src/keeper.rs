//! The keeper: periodic work that is done once per edge, on the main thread.

use portscan_core::counters::Counter;
use portscan_core::state::geometries::Sweep;
use portscan_core::state::table::Census;

use crate::host::{self, MetricKind};
use crate::shared::SharedData;
use crate::worker::{self, Worker};

/// Pages of the table that are counted in one tick: about half a millisecond.
const PAGES_PER_TICK: u32 = 512;

/// The gauges, and how far the present count has come.
pub(crate) struct Keeper {
    tracked: Option<u32>,
    flagged: Option<u32>,
    next_page: u32,
    counted: Census,
    sweep: Sweep,
}

impl Keeper {
    /// Defines the gauges.
    pub(crate) fn new() -> Self {
        let define = |name| host::define_metric(MetricKind::Gauge, name).ok();
        Self {
            tracked: define("portscan_sources_tracked"),
            flagged: define("portscan_sources_flagged"),
            next_page: 0,
            counted: Census::default(),
            sweep: Sweep::default(),
        }
    }

    /// Does a part of what there is to do.
    pub(crate) fn tick(&mut self) {
        worker::with(|worker| {
            self.count(worker);
            self.sweep
                .step(&mut SharedData, &mut worker.detector.counters, host::now());
        });
    }

    /// Counts a part of the table; a whole one is shown.
    fn count(&mut self, worker: &mut Worker) {
        let table = *worker.detector.table();
        let (pages, now) = (table.geometry.pages(), host::now());
        let end = self.next_page.saturating_add(PAGES_PER_TICK).min(pages);
        for index in self.next_page..end {
            let counters = &mut worker.detector.counters;
            self.counted += table.census(&mut SharedData, counters, index, now);
        }
        self.next_page = end;
        if end < pages {
            return;
        }
        let shown = [
            (self.tracked, self.counted.tracked),
            (self.flagged, self.counted.flagged),
        ];
        for (gauge, value) in shown {
            if gauge.is_none_or(|id| host::record_metric(id, value).is_err()) {
                worker.detector.counters.count(Counter::HostErrors);
            }
        }
        self.next_page = 0;
        self.counted = Census::default();
    }
}
