//! Everything that is measured, in the order of the document.

pub mod ablation;
pub mod bounds;
pub mod false_tags;
pub mod memory;
pub mod peers;
pub mod quality;
pub mod slow;

use portscan_replay::trace::TraceError;

use crate::calibrate::{self, Calibration};
use crate::measure::Trial;
use crate::traces::{self, Named};

/// All numbers.
pub struct Results {
    /// Which traces they are from: name, what it is, contacts.
    pub traces: Vec<(&'static str, &'static str, usize)>,
    /// How good the detector is on each trace.
    pub quality: Vec<quality::Row>,
    /// Scanners that it misses, by trace.
    pub missed: Vec<(&'static str, Vec<quality::Missed>)>,
    /// Scanners of the lab that were flagged at the first decoy that they touched, and all that
    /// touched one.
    pub lab_first_decoy: Option<(usize, usize)>,
    /// Whom it flags wrongly.
    pub false_tags: false_tags::Table,
    /// What keeps targets out of reach.
    pub bounds: bounds::Bounds,
    /// What each kind of evidence is worth.
    pub ablation: ablation::Table,
    /// What it remembers.
    pub memory: Vec<memory::Point>,
    /// How long slow scans take to be found.
    pub slow: Vec<slow::Series>,
    /// The same traces through rivals.
    pub peers: peers::Table,
    /// What the weights should be by the data.
    pub calibration: Calibration,
}

/// The traces of a run.
pub struct Traces {
    /// That of the repository.
    pub generated: Named,
    /// Where it is there.
    pub honeytrap: Option<Named>,
    /// Where it is there.
    pub lab: Option<Named>,
}

impl Traces {
    /// The traces there are.
    ///
    /// # Errors
    /// One is there and cannot be read.
    pub fn load() -> Result<Self, TraceError> {
        let dir = traces::data_dir();
        let dir = dir.as_deref();
        Ok(Self {
            generated: traces::generated()?,
            honeytrap: dir.map(traces::honeytrap).transpose()?.flatten(),
            lab: dir.map(traces::lab).transpose()?.flatten(),
        })
    }

    /// All of them, measured ones first.
    pub fn iter(&self) -> impl Iterator<Item = &Named> {
        let measured = self.honeytrap.iter().chain(&self.lab);
        measured.chain(std::iter::once(&self.generated))
    }
}

/// Measures everything, with one in `scale` of the made-up clients.
pub fn measure(traces: &Traces, scale: usize) -> Results {
    let named = traces
        .iter()
        .map(|named| (named.name, named.about, named.trial.contacts.len()));
    // The flood has one thread, and takes the longest.
    let (memory, rest) = std::thread::scope(|scope| {
        let flood = scope.spawn(|| memory::run(scale));
        let rest = (
            quality::run(traces, scale),
            false_tags::run(scale),
            peers::run(traces, scale),
            calibrate::run(traces, scale),
        );
        (joined(flood), rest)
    });
    let (quality, false_tags, peers, calibration) = rest;
    Results {
        traces: named.collect(),
        quality,
        missed: traces
            .iter()
            .map(|named| (named.name, quality::missed(&named.trial)))
            .collect(),
        lab_first_decoy: traces
            .lab
            .as_ref()
            .map(|lab| quality::at_first_decoy(&lab.trial)),
        false_tags,
        bounds: bounds::run(scale),
        ablation: ablation::run(traces),
        memory,
        slow: slow::run(),
        peers,
        calibration,
    }
}

/// `work` for each of `items` at the same time; results in their order.
///
/// # Panics
/// If `work` does.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    std::thread::scope(|scope| {
        let work = &work;
        let started: Vec<_> = items
            .iter()
            .map(|item| scope.spawn(move || work(item)))
            .collect();
        started.into_iter().map(joined).collect()
    })
}

fn joined<R>(thread: std::thread::ScopedJoinHandle<'_, R>) -> R {
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The trace that speaks for scanners: the honeypot's where it is there.
pub fn scanners(traces: &Traces) -> (&'static str, &Trial) {
    let named = traces.honeytrap.as_ref().unwrap_or(&traces.generated);
    (named.name, &named.trial)
}
