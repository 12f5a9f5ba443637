//! The portal: what the detector knows, over HTTP.
//!
//! A [`Request`] is parsed, routed and answered by [`Portal::ask`]; what needs a walk over the
//! tables is a job that [`Portal::work`] does in slices, so that no callback holds a worker for
//! long. Requests for the same thing share one job, and its answer is given out again while it is
//! fresh.

mod access;
mod decisions;
mod direct;
mod entry;
mod filter;
mod job;
mod lookup;
mod page;
mod query;
mod refusal;
mod render;
mod request;
mod response;
mod route;
mod selection;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::config::Portal as Config;
use crate::counters::Counter;
use crate::detector::Detector;
use crate::state::pulls;
use crate::state::store::Store;
use crate::time::Time;

use self::decisions::Pull;
pub(crate) use self::entry::Subject;
use self::job::{Finished, Job, Progress, Task};
pub use self::refusal::Refusal;
pub(crate) use self::render::full::source as describe;
pub use self::request::Request;
use self::response::Etag;
pub use self::response::{Body, Response};
use self::route::Route;

/// One portal of one worker.
pub struct Portal {
    config: Config,
    /// What is being made, the first one at present.
    jobs: VecDeque<Ordered>,
    copies: Vec<Copy>,
}

/// A job, and who waits for it.
struct Ordered {
    job: Job,
    waiters: Vec<Waiter>,
}

/// A request that waits.
struct Waiter {
    client: u32,
    known: Option<Etag>,
    /// Who is told of decisions: with the next pull he wants what changed since this one.
    bouncer: Option<u64>,
}

/// What was made lately.
struct Copy {
    task: Task,
    made: Time,
    finished: Finished,
}

/// What becomes of a request.
pub enum Asked {
    /// This is the answer.
    Answer(Response),
    /// The answer will come out of [`Portal::work`].
    Pending,
}

/// Different answers that are made at a time; who wants one more is told to come back.
const JOBS_MAX: usize = 4;
/// Requests that wait for the same answer.
const WAITERS_MAX: usize = 64;
/// Answers that are kept while they are fresh.
const COPIES_MAX: usize = 4;
/// Seconds between two full ones that a copy may show: it is less than two seconds old then.
const FRESH_SECS: u32 = 1;

impl Portal {
    /// A portal with nothing to do.
    pub const fn new(config: Config) -> Self {
        Self {
            config,
            jobs: VecDeque::new(),
            copies: Vec::new(),
        }
    }

    /// Answers `request`, or begins to; `client` is the number under which the answer will come.
    pub fn ask(
        &mut self,
        store: &mut impl Store,
        detector: &mut Detector,
        now: Time,
        client: u32,
        request: &Request<'_>,
    ) -> Asked {
        match self.route(store, detector, now, request) {
            Ok(Step::Answer(response)) => Asked::Answer(response),
            Ok(Step::Make(task, bouncer)) => {
                let waiter = Waiter {
                    client,
                    known: request.known_etag(),
                    bouncer,
                };
                self.order(now, task, waiter)
            }
            Err(refusal) => Asked::Answer(refusal.response()),
        }
    }

    fn route(
        &mut self,
        store: &mut impl Store,
        detector: &mut Detector,
        now: Time,
        request: &Request<'_>,
    ) -> Result<Step, Refusal> {
        let parsed = request.parse()?;
        let route = Route::of(&parsed)?;
        access::check(&self.config, &route, request)?;
        let query = &parsed.query;
        let answer = match route {
            Route::Feed(format) => return Ok(Step::Make(Task::feed(format, query)?, None)),
            Route::DecisionStream => {
                let bouncer = request.bouncer(detector)?;
                let pull = Pull::parse(&self.config, query, "startup")?;
                let pulled = match query.truth("startup")? {
                    true => None,
                    false => pulls::last(store, &mut detector.counters, bouncer),
                };
                let task = Task::Decisions(pull.since(pulled, now));
                return Ok(Step::Make(task, Some(bouncer)));
            }
            Route::Summary | Route::Kinds => {
                query.only(&[])?;
                let task = match route {
                    Route::Kinds => Task::Kinds,
                    _ => Task::Summary,
                };
                return Ok(Step::Make(task, None));
            }
            Route::Lookup(text) => {
                query.only(&[])?;
                let source = lookup::source_of(&text, detector)?;
                lookup::answer(store, detector, now, &source)?
            }
            Route::Decisions => direct::decisions(&self.config, store, detector, now, query)?,
            Route::Timeline => direct::timeline(store, detector, now, query)?,
            Route::Ports => direct::ports(store, detector, now, query)?,
            Route::Forget => direct::forget(store, detector, now, query)?,
            Route::Health => direct::health(store, detector, now),
            Route::Page(file) => {
                query.only(&[])?;
                file.response()
            }
        };
        Ok(Step::Answer(answer.unless_known(request)))
    }

    /// Answers from a copy, or makes one.
    fn order(&mut self, now: Time, task: Task, waiter: Waiter) -> Asked {
        self.tidy(now);
        if let Some(copy) = self.copies.iter().find(|copy| copy.task == task) {
            return Asked::Answer(copy.finished.response(waiter.known));
        }
        let mut jobs = self.jobs.iter_mut();
        if let Some(ordered) = jobs.find(|ordered| *ordered.job.task() == task) {
            if ordered.waiters.len() >= WAITERS_MAX {
                return Asked::Answer(Refusal::busy().response());
            }
            ordered.waiters.push(waiter);
            return Asked::Pending;
        }
        if self.jobs.len() >= JOBS_MAX {
            return Asked::Answer(Refusal::busy().response());
        }
        self.jobs.push_back(Ordered {
            job: Job::new(task, now),
            waiters: Vec::from([waiter]),
        });
        Asked::Pending
    }

    /// Does a slice of work, of about a tenth of a millisecond. Returns who is to be answered now.
    /// `total` tells what was counted of something since Envoy started.
    pub fn work(
        &mut self,
        store: &mut impl Store,
        detector: &mut Detector,
        total: impl Fn(Counter) -> u64,
    ) -> Vec<(u32, Response)> {
        let Some(ordered) = self.jobs.front_mut() else {
            return Vec::new();
        };
        let waiters = &ordered.waiters;
        let is_known = |etag: Etag| waiters.iter().all(|waiter| waiter.known == Some(etag));
        if ordered.job.step(store, detector, is_known, total) == Progress::More {
            return Vec::new();
        }
        let Some(Ordered { job, waiters }) = self.jobs.pop_front() else {
            return Vec::new();
        };
        let (task, made) = (job.task().clone(), job.generated());
        let finished = Finished::from(job);
        for bouncer in waiters.iter().filter_map(|waiter| waiter.bouncer) {
            pulls::note(store, &mut detector.counters, bouncer, made);
        }
        let answers = waiters
            .iter()
            .map(|waiter| (waiter.client, finished.response(waiter.known)))
            .collect();
        if finished.is_for_all() {
            if self.copies.len() >= COPIES_MAX {
                self.copies.remove(0);
            }
            self.copies.push(Copy {
                task,
                made,
                finished,
            });
        }
        answers
    }

    /// Whether there is nothing to work at.
    pub fn is_idle(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The request of `client` is gone.
    pub fn leave(&mut self, client: u32) {
        for ordered in &mut self.jobs {
            ordered.waiters.retain(|waiter| waiter.client != client);
        }
        self.jobs.retain(|ordered| !ordered.waiters.is_empty());
    }

    /// Drops what is not fresh any more. To be called now and then, for the memory.
    pub fn tidy(&mut self, now: Time) {
        let is_fresh = |made: Time| made <= now && now.secs_since(made) <= FRESH_SECS;
        self.copies.retain(|copy| is_fresh(copy.made));
    }
}

/// What is done with a request.
enum Step {
    Answer(Response),
    /// For this bouncer, if for one.
    Make(Task, Option<u64>),
}

#[cfg(test)]
mod tests;
