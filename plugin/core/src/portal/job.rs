//! Answers that take a walk over the tables, made in slices.

mod finished;
mod tally;

use alloc::string::String;
use alloc::vec::Vec;

pub(super) use self::finished::Finished;
use self::tally::Tally;
use super::decisions::{DECISIONS_MAX, Pull};
use super::entry::{Details, Sight};
use super::filter::Filter;
use super::query::Query;
use super::refusal::Refusal;
use super::render::{Form, Format, Lists, Renderer};
use super::response::Etag;
use super::selection::Selection;
use crate::counters::Counter;
use crate::detector::{Detector, Sighting};
use crate::state::ended;
use crate::state::neighbours::FlaggedNetwork;
use crate::state::store::Store;
use crate::time::Time;

/// What is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Feed { format: Format, filter: Filter },
    Decisions(Pull),
    Summary,
    Kinds,
}

impl Task {
    /// The feed in this format, with what `query` asks for.
    pub(super) fn feed(format: Format, query: &Query) -> Result<Self, Refusal> {
        let filter = Filter::parse(query, format.max())?;
        Ok(Self::Feed { format, filter })
    }
}

/// Pages of a table that are read in one step: together about a tenth of a millisecond, as are the
/// entries below.
const PAGES_PER_STEP: u32 = 8;
/// Entries that are brought into order in one step.
const ORDERED_PER_STEP: usize = 256;
/// Entries that are written in one step.
const ENTRIES_PER_STEP: usize = 64;

/// Something in the making.
pub(super) struct Job {
    task: Task,
    /// The time for which it holds.
    generated: Time,
    stage: Stage,
    selection: Selection,
    /// What bouncers are to let go.
    ended: Vec<Sight>,
    tally: Tally,
    etag: u64,
    body: Option<String>,
}

enum Stage {
    /// The next page of the sources.
    Sources(u32),
    /// The next page of the networks.
    Networks(u32),
    Ordering,
    /// The next entry.
    Hashing(usize),
    Rendering(Renderer),
}

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    Done,
}

impl Job {
    pub(super) fn new(task: Task, now: Time) -> Self {
        let max = match &task {
            Task::Feed { filter, .. } => filter.max,
            Task::Decisions(pull) => pull.filter.max,
            Task::Summary | Task::Kinds => 0,
        };
        Self {
            generated: now,
            stage: Stage::Sources(0),
            selection: Selection::new(max),
            ended: Vec::new(),
            tally: Tally::default(),
            etag: 0,
            body: None,
            task,
        }
    }

    pub(super) const fn task(&self) -> &Task {
        &self.task
    }

    pub(super) const fn generated(&self) -> Time {
        self.generated
    }

    /// Does one step. Where everybody who waits has this version already, as `is_known` says, it is
    /// not written at all. `total` tells what was counted of something since Envoy started.
    pub(super) fn step(
        &mut self,
        store: &mut impl Store,
        detector: &mut Detector,
        is_known: impl Fn(Etag) -> bool,
        total: impl Fn(Counter) -> u64,
    ) -> Progress {
        match &mut self.stage {
            Stage::Sources(next) => {
                let pages = detector.source_pages();
                let range = *next..pages.min(*next + PAGES_PER_STEP);
                self.stage = if range.end < pages {
                    Stage::Sources(range.end)
                } else {
                    Stage::Networks(0)
                };
                range.for_each(|page| self.sources(store, detector, page));
            }
            Stage::Networks(next) => {
                let pages = detector.network_pages();
                let range = *next..pages.min(*next + PAGES_PER_STEP);
                let is_last = range.end >= pages;
                self.stage = Stage::Networks(range.end);
                range.for_each(|page| self.networks(store, detector, page));
                if is_last {
                    return self.end_walk(store, detector, total);
                }
            }
            Stage::Ordering => {
                if self.selection.order(ORDERED_PER_STEP) {
                    self.stage = match &self.task {
                        Task::Decisions(pull) => self.rendering(Form::Decisions(*pull)),
                        _ => Stage::Hashing(0),
                    };
                }
            }
            Stage::Hashing(next) => {
                let Task::Feed { format, .. } = &self.task else {
                    return Progress::Done;
                };
                let ranked = self.selection.ranked();
                let end = ranked.len().min(*next + ORDERED_PER_STEP);
                for ranked in ranked.get(*next..end).unwrap_or_default() {
                    let details = self.selection.details(ranked);
                    self.etag = format.hash(&ranked.sight, details, self.etag);
                }
                *next = end;
                if end >= ranked.len() {
                    if is_known(Etag::new(self.etag)) {
                        return Progress::Done;
                    }
                    self.stage = self.rendering(Form::Feed(*format));
                }
            }
            Stage::Rendering(renderer) => {
                let lists = Lists {
                    selection: &self.selection,
                    ended: &self.ended,
                };
                if renderer.step(&lists, detector, ENTRIES_PER_STEP) {
                    self.body = Some(renderer.take());
                    return Progress::Done;
                }
            }
        }
        Progress::More
    }

    fn rendering(&self, form: Form) -> Stage {
        let entries = self.selection.ranked().len();
        Stage::Rendering(Renderer::new(form, self.generated, entries))
    }

    fn sources(&mut self, store: &mut impl Store, detector: &mut Detector, page: u32) {
        let (prefixes, now) = (detector.source_prefixes(), self.generated);
        let ttl_secs = detector.model().verdict_ttl_secs;
        let selection = &mut self.selection;
        let (tally, ended) = (&mut self.tally, &mut self.ended);
        detector.visit_sources(store, page, now, |sighting| match &self.task {
            Task::Summary | Task::Kinds => tally.source(sighting.verdict.as_ref()),
            Task::Feed { format, filter } => {
                let Sighting { slot, verdict, .. } = sighting;
                let Some(verdict) = verdict else { return };
                let sight = Sight::of_source(&slot.source, verdict, prefixes);
                if filter.admits(&sight, verdict.class, now) {
                    let details = || format.is_full().then(|| Details::Source(slot.encode()));
                    selection.offer(sight, details);
                }
            }
            Task::Decisions(pull) => {
                let said = sighting.verdict.as_ref().or(sighting.ended.as_ref());
                let Some(verdict) = said else { return };
                let sight = Sight::of_source(&sighting.slot.source, verdict, prefixes);
                if sighting.verdict.is_none() {
                    if ended.len() < DECISIONS_MAX && pull.is_over(&sight.subject, sight.expires) {
                        ended.push(sight);
                    }
                } else if pull.is_news(&sight, verdict.class, now, renewed(&sight, ttl_secs)) {
                    selection.offer(sight, || None);
                }
            }
        });
    }

    fn networks(&mut self, store: &mut impl Store, detector: &mut Detector, page: u32) {
        let now = self.generated;
        let mut found: Vec<FlaggedNetwork> = Vec::new();
        detector.visit_networks(store, page, now, |network| found.push(*network));
        let ttl_secs = detector.model().verdict_ttl_secs;
        for network in found {
            let sight = Sight::of_network(&network, detector);
            let is_over = sight.expires <= now;
            match &self.task {
                Task::Summary | Task::Kinds => self.tally.networks += u32::from(!is_over),
                Task::Feed { format, filter } => {
                    if !is_over && filter.admits(&sight, Details::NETWORK_CLASS, now) {
                        let details = Details::Network(network);
                        self.selection
                            .offer(sight, || format.is_full().then_some(details));
                    }
                }
                Task::Decisions(pull) if is_over => {
                    if self.ended.len() < DECISIONS_MAX
                        && pull.is_over(&sight.subject, sight.expires)
                    {
                        self.ended.push(sight);
                    }
                }
                Task::Decisions(pull) => {
                    let renewed = renewed(&sight, ttl_secs);
                    if pull.is_news(&sight, Details::NETWORK_CLASS, now, renewed) {
                        self.selection.offer(sight, || None);
                    }
                }
            }
        }
    }

    /// Every page was seen.
    fn end_walk(
        &mut self,
        store: &mut impl Store,
        detector: &mut Detector,
        total: impl Fn(Counter) -> u64,
    ) -> Progress {
        let now = self.generated;
        match &self.task {
            Task::Summary => self.body = Some(self.tally.summary(store, detector, now, total)),
            Task::Kinds => self.body = Some(self.tally.kinds(now)),
            Task::Decisions(pull) => {
                let since = pull.since.unwrap_or(now);
                let prefixes = detector.source_prefixes();
                for source in ended::since(store, &mut detector.counters, since) {
                    let slot = detector.find(store, now, &source).ok().flatten();
                    let sight = Sight::of_forgotten(&source, prefixes, now);
                    if slot.is_none_or(|slot| slot.flag.is_none())
                        && pull.is_over(&sight.subject, now)
                    {
                        self.ended.push(sight);
                    }
                }
                self.stage = Stage::Ordering;
            }
            Task::Feed { .. } => self.stage = Stage::Ordering,
        }
        if self.body.is_some() {
            Progress::Done
        } else {
            Progress::More
        }
    }
}

/// When what holds until `sight.expires` was said, or said again.
fn renewed(sight: &Sight, ttl_secs: u32) -> Time {
    Time::from_unix_secs(sight.expires.unix_secs().saturating_sub(ttl_secs))
}
