//! Races: two or more workers run pieces of work and are switched at chosen host calls, in every
//! possible way up to a depth, then by chance.
//!
//! One worker at a time goes on, so a schedule is all there is to say about an execution: whoever
//! runs it again sees the same. Each execution begins with a fresh host.
//!
//! ```
//! use host_test::abi::HostCall;
//! use host_test::race::{Explorer, Piece};
//! # use host_test::{Host, config::{Bootstrap, Code, Plugin, Service}};
//! # // Counts the ticks in shared data, and loses some.
//! # let guest = r#"(module
//! #   (import "env" "proxy_get_shared_data"
//! #     (func $get (param i32 i32 i32 i32 i32) (result i32)))
//! #   (import "env" "proxy_set_shared_data"
//! #     (func $set (param i32 i32 i32 i32 i32) (result i32)))
//! #   (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
//! #   (memory (export "memory") 1)
//! #   (data (i32.const 0) "ticks")
//! #   (func (export "proxy_abi_version_0_2_1"))
//! #   (func (export "malloc") (param i32) (result i32) (i32.const 100))
//! #   (func (export "proxy_on_configure") (param i32 i32) (result i32)
//! #     (drop (call $tick (i32.const 1))) (i32.const 1))
//! #   (func (export "proxy_on_tick") (param i32)
//! #     (i32.store8 (i32.const 100) (i32.const 0))
//! #     (drop (call $get
//! #       (i32.const 0) (i32.const 5) (i32.const 16) (i32.const 20) (i32.const 24)))
//! #     (i32.store8 (i32.const 100)
//! #       (i32.add (i32.load8_u (i32.const 100)) (i32.const 1)))
//! #     (drop (call $set
//! #       (i32.const 0) (i32.const 5) (i32.const 100) (i32.const 1) (i32.const 0)))))"#;
//! # let mut bootstrap = Bootstrap::default();
//! # let plugin = Plugin::new("counter", Code::Inline(guest.as_bytes().into()));
//! # bootstrap.services.push(Service { plugin, singleton: false });
//! let report = Explorer::new()
//!     .at([HostCall::GetSharedData, HostCall::SetSharedData])
//!     .depth(8)
//!     .random(100, 7)
//!     .explore(|race| {
//!         let mut host = Host::builder(bootstrap.clone()).workers(2).build()?;
//!         race.together(&mut host, [
//!             Piece::on(0, |worker| Ok(worker.tick())),
//!             Piece::on(1, |worker| Ok(worker.tick())),
//!         ])?;
//!         let ticks = host.shared().data.get("", b"ticks").map(|value| value.bytes[0]);
//!         anyhow::ensure!(ticks == Some(2), "the ticks are {ticks:?}");
//!         Ok(())
//!     })?;
//! let failure = report.failure.expect("an update is lost");
//! assert_eq!(failure.schedule.to_string(), "001");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod baton;
mod explorer;
mod footprint;
mod points;
mod report;
mod schedule;
mod strategy;
#[cfg(test)]
mod tests;
mod view;

pub use explorer::Explorer;
pub use report::{Failure, RaceError, Replayed, Report};
pub use schedule::{InvalidSchedule, Schedule};

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context as _, ensure};

use self::baton::{Baton, Ending};
use self::schedule::WORKERS_MAX;
use crate::shared::lock;
use crate::trace::TraceEntry;
use crate::{Host, Worker};

/// One execution: what it does together is scheduled by the [`Explorer`]. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Race {
    baton: Arc<Baton>,
    /// What happened in pieces, if somebody wants to know.
    traced: Option<Arc<Mutex<Vec<TraceEntry>>>>,
}

/// What one worker does in a race.
pub struct Piece<'a> {
    worker: usize,
    act: Act<'a>,
}

type Act<'a> = Box<dyn FnOnce(&mut Worker) -> anyhow::Result<()> + Send + 'a>;

impl<'a> Piece<'a> {
    /// `act`, done by this worker.
    pub fn on(
        worker: usize,
        act: impl FnOnce(&mut Worker) -> anyhow::Result<()> + Send + 'a,
    ) -> Self {
        let act = Box::new(act);
        Self { worker, act }
    }
}

impl fmt::Debug for Piece<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Piece")
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}

impl Race {
    /// Runs the pieces at the same time, each on a worker of its own, as the schedule says; then
    /// lets the host do what follows from them. What else the closure of the explorer does to the
    /// host is not scheduled. May be called several times: the schedule goes on.
    ///
    /// Fails when a piece fails, in the words of the first one, or does not end.
    pub fn together<'a>(
        &self,
        host: &mut Host,
        pieces: impl IntoIterator<Item = Piece<'a>>,
    ) -> anyhow::Result<()> {
        let pieces: Vec<Piece<'a>> = pieces.into_iter().collect();
        let workers = workers_of(&pieces, host.workers())?;
        let shared = host.shared().clone();
        let trace_start = shared.trace.len();
        if self.traced.is_some() {
            shared.trace.switch(true);
        }
        shared.set_hook(Some(self.baton.clone()));
        self.baton.begin(workers);
        let ended = run(&self.baton, host, pieces);
        shared.set_hook(None);
        if let Some(traced) = &self.traced {
            lock(traced).extend(shared.trace.since(trace_start));
        }
        ensure!(
            !self.baton.is_endless(),
            "the pieces have come to too many points: does one of them end?"
        );
        ended?;
        host.settle();
        Ok(())
    }
}

/// The workers of the pieces: each has one, and there is such a worker.
fn workers_of(pieces: &[Piece<'_>], count: usize) -> anyhow::Result<BTreeSet<usize>> {
    let mut workers = BTreeSet::new();
    for Piece { worker, .. } in pieces {
        ensure!(
            *worker < count.min(WORKERS_MAX),
            "there is no worker {worker} to race on: the host has {count}, and at most {WORKERS_MAX} race"
        );
        ensure!(
            workers.insert(*worker),
            "worker {worker} has two pieces: a thread does one thing after the other"
        );
    }
    Ok(workers)
}

/// Runs each piece on a thread of its own.
fn run(baton: &Baton, host: &mut Host, mut pieces: Vec<Piece<'_>>) -> anyhow::Result<()> {
    let results = thread::scope(|scope| {
        let mut threads = Vec::new();
        for (number, worker) in host.workers_mut().iter_mut().enumerate() {
            let Some(at) = pieces.iter().position(|piece| piece.worker == number) else {
                continue;
            };
            let piece = pieces.swap_remove(at);
            let ending = Ending {
                baton,
                worker: number,
            };
            let spawned = thread::Builder::new().spawn_scoped(scope, move || {
                let ending = ending;
                ending.baton.wait(number);
                (piece.act)(worker)
            });
            threads.push((number, spawned));
        }
        let join = |(number, spawned): (usize, std::io::Result<_>)| {
            let thread: thread::ScopedJoinHandle<'_, anyhow::Result<()>> =
                spawned.context("cannot start a thread")?;
            match thread.join() {
                Ok(result) => result.with_context(|| format!("worker {number}")),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        };
        threads.into_iter().map(join).collect::<Vec<_>>()
    });
    results.into_iter().collect()
}
