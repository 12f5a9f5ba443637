//! Answers that take a walk over the tables, made in slices.

use alloc::borrow::Cow;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use super::entry::{Details, Sight};
use super::filter::Filter;
use super::query::Query;
use super::refusal::Refusal;
use super::render::{Format, Renderer};
use super::response::{Body, Etag, Response, not_modified};
use super::selection::Selection;
use crate::detector::Detector;
use crate::digits::Digits;
use crate::state::store::Store;
use crate::time::Time;

/// What is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    format: Format,
    filter: Filter,
}

impl Task {
    /// The feed in this format, with what `query` asks for.
    pub(super) fn feed(format: Format, query: &Query) -> Result<Self, Refusal> {
        let filter = Filter::parse(query, format.max())?;
        Ok(Self { format, filter })
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

impl Job {
    pub(super) fn new(task: Task, _detector: &Detector, now: Time) -> Self {
        Self {
            generated: now,
            stage: Stage::Sources(0),
            selection: Selection::new(task.filter.max),
            etag: 0,
            body: None,
            task,
        }
    }

    pub(super) fn is(&self, task: &Task) -> bool {
        self.task == *task
    }

    pub(super) const fn task(&self) -> &Task {
        &self.task
    }

    pub(super) const fn generated(&self) -> Time {
        self.generated
    }

    /// Does one step; whether that was the last one. Where everybody who waits has this version
    /// already, as `is_known` says, it is not written at all.
    pub(super) fn step(
        &mut self,
        store: &mut impl Store,
        detector: &mut Detector,
        is_known: impl Fn(Etag) -> bool,
    ) -> bool {
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
                self.stage = if range.end < pages {
                    Stage::Networks(range.end)
                } else {
                    Stage::Ordering
                };
                range.for_each(|page| self.networks(store, detector, page));
            }
            Stage::Ordering => {
                if self.selection.order(ORDERED_PER_STEP) {
                    self.stage = Stage::Hashing(0);
                }
            }
            Stage::Hashing(next) => {
                let ranked = self.selection.ranked();
                let end = ranked.len().min(*next + ORDERED_PER_STEP);
                for ranked in ranked.get(*next..end).unwrap_or_default() {
                    let details = self.selection.details(ranked);
                    self.etag = self.task.format.hash(&ranked.sight, details, self.etag);
                }
                *next = end;
                if end >= ranked.len() {
                    if is_known(Etag::new(self.etag)) {
                        return true;
                    }
                    let renderer = Renderer::new(self.task.format, self.generated, ranked.len());
                    self.stage = Stage::Rendering(renderer);
                }
            }
            Stage::Rendering(renderer) => {
                if renderer.step(&self.selection, detector, ENTRIES_PER_STEP) {
                    let rendered = core::mem::replace(&mut self.stage, Stage::Ordering);
                    if let Stage::Rendering(renderer) = rendered {
                        self.body = Some(renderer.finish());
                    }
                    return true;
                }
            }
        }
        false
    }

    fn sources(&mut self, store: &mut impl Store, detector: &mut Detector, page: u32) {
        let (prefixes, now) = (detector.source_prefixes(), self.generated);
        let Task { format, filter } = &self.task;
        let selection = &mut self.selection;
        detector.visit_sources(store, page, now, |slot, verdict| {
            let Some(verdict) = verdict else { return };
            let sight = Sight::of_source(slot, &verdict, prefixes);
            if filter.admits(&sight, verdict.class, now) {
                let details = || format.is_full().then(|| Details::Source(slot.encode()));
                selection.offer(sight, details);
            }
        });
    }

    fn networks(&mut self, store: &mut impl Store, detector: &mut Detector, page: u32) {
        let now = self.generated;
        let mut found = Vec::new();
        detector.visit_networks(store, page, now, |network| found.push(*network));
        for network in found {
            let sight = Sight::of_network(&network, detector);
            if self.task.filter.admits(&sight, Details::NETWORK_CLASS, now) {
                let is_full = self.task.format.is_full();
                self.selection
                    .offer(sight, || is_full.then_some(Details::Network(network)));
            }
        }
    }

    /// What came of it.
    pub(super) fn finish(self) -> Finished {
        Finished {
            content_type: self.task.format.content_type(),
            generated: self.generated,
            entries: self.selection.ranked().len(),
            etag: Etag::new(self.etag),
            body: self.body.map(Rc::new),
        }
    }
}

/// An answer that can be given several times.
pub(super) struct Finished {
    content_type: &'static str,
    generated: Time,
    entries: usize,
    etag: Etag,
    /// Nothing where nobody wanted it.
    body: Option<Rc<String>>,
}

impl Finished {
    /// Whether it was written.
    pub(super) const fn is_whole(&self) -> bool {
        self.body.is_some()
    }

    /// The answer to a client that has this version.
    pub(super) fn response(&self, known: Option<Etag>) -> Response {
        let mut response = match &self.body {
            Some(body) if known != Some(self.etag) => Response {
                status: 200,
                headers: Vec::from([
                    ("content-type", Cow::Borrowed(self.content_type)),
                    ("cache-control", Cow::Borrowed("max-age=1")),
                    ("etag", Cow::Owned(self.etag.text())),
                ]),
                body: Body::Made(body.clone()),
            },
            _ => not_modified(self.etag),
        };
        let entries = Digits::of(u32::try_from(self.entries).unwrap_or(u32::MAX));
        response.headers.extend([
            (
                "x-feed-generated-at",
                Cow::Owned(self.generated.rfc3339().as_str().into()),
            ),
            ("x-feed-entries", Cow::Owned(entries.as_str().into())),
        ]);
        response
    }
}
