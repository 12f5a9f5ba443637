//! The keeper: periodic work that is done once per edge, on the main thread.

use portscan_core::counters::Counter;
use portscan_core::detector::Endings;
use portscan_core::state::geometries::{self, Sweep};
use portscan_core::state::heartbeat::{self, BEAT_SECS};
use portscan_core::state::slot::Slot;
use portscan_core::state::table::{Census, Geometry, Table};
use portscan_core::time::Time;

use crate::host::{self, Level, MetricKind};
use crate::shared::SharedData;
use crate::worker::{self, Worker};

/// Pages of the table that are counted in one tick: about half a millisecond.
const PAGES_PER_TICK: u32 = 512;

/// The gauges, and how far the present count has come.
pub(crate) struct Keeper {
    tracked: Option<u32>,
    flagged: Option<u32>,
    /// Tables that are still to be counted, the last one first.
    tables: Vec<Geometry>,
    next_page: u32,
    counted: Census,
    endings: Endings,
    sweep: Sweep,
    beaten_at: Time,
}

impl Keeper {
    /// Defines the gauges.
    pub(crate) fn new() -> Self {
        let define = |name| host::define_metric(MetricKind::Gauge, name).ok();
        Self {
            tracked: define("portscan_sources_tracked"),
            flagged: define("portscan_sources_flagged"),
            tables: Vec::new(),
            next_page: 0,
            counted: Census::default(),
            endings: Endings::new(host::now()),
            sweep: Sweep::default(),
            beaten_at: Time::default(),
        }
    }

    /// Does a part of what there is to do.
    pub(crate) fn tick(&mut self) {
        let now = host::now();
        worker::with(|worker| {
            self.count(worker, now);
            for line in worker.detector.tell_endings(&mut self.endings, now) {
                host::log(Level::Info, &line);
            }
            let counters = &mut worker.detector.counters;
            self.sweep.step(&mut SharedData, counters, now);
            // Last, so that it is seen to be missing when any of the above fails.
            if now < self.beaten_at || now.secs_since(self.beaten_at) >= BEAT_SECS {
                self.beaten_at = now;
                heartbeat::beat(&mut SharedData, counters, now);
            }
        });
    }

    /// Counts a part of the tables that workers use, which after a change of the policy are not
    /// those of the keeper's own; when all are counted, the sums are shown.
    fn count(&mut self, worker: &mut Worker, now: Time) {
        let counters = &mut worker.detector.counters;
        if self.tables.is_empty() {
            self.tables = geometries::sources_in_use(&mut SharedData, counters, now);
            self.endings.begin(now);
        }
        let wants_events = worker.detector.policy().events;
        let mut left = PAGES_PER_TICK;
        while let Some(geometry) = self.tables.last()
            && left > 0
        {
            let table = Table {
                geometry: *geometry,
                model: *worker.detector.model(),
            };
            let end = self.next_page.saturating_add(left).min(geometry.pages());
            for index in self.next_page..end {
                let counters = &mut worker.detector.counters;
                let look = |slot: &Slot| {
                    if wants_events {
                        self.endings.look(slot);
                    }
                };
                self.counted += table.census(&mut SharedData, counters, index, now, look);
            }
            left = left.saturating_sub(end.saturating_sub(self.next_page));
            self.next_page = end;
            if end >= geometry.pages() {
                self.tables.pop();
                self.next_page = 0;
            }
        }
        if !self.tables.is_empty() {
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
        self.counted = Census::default();
    }
}
