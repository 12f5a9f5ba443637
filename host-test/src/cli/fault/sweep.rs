//! All faults of a case, on several threads.

use std::io::{IsTerminal, Write};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use host_test::fault::{Baseline, Fault, Injected, inject};
use host_test::guest::Engine;
use host_test::scenario::{Case, InvalidScenario, Tracing};

use super::super::stopwatch::Stopwatch;

/// A fault and what came of it.
pub(super) type Run = (Fault, Injected);

/// Injects all faults, one after the other on each thread. What came of them, in their order.
pub(super) fn all(
    case: &Case,
    engine: &Engine,
    baseline: &Baseline,
    is_traced: bool,
    jobs: Option<NonZero<usize>>,
) -> Result<Vec<Run>, InvalidScenario> {
    let faults = &baseline.faults;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = jobs.map_or(cores, usize::from).min(faults.len());
    let tracing = match is_traced {
        true => Tracing::On,
        false => Tracing::Off,
    };
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut slots: Vec<Option<Run>> = faults.iter().map(|_| None).collect();
    let mut progress = Progress::new(faults.len());
    let mut mistake = None;
    thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(fault) = faults.get(index) else {
                        break;
                    };
                    let injected = inject(case, engine, baseline, fault, tracing);
                    if sender.send((index, injected)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (index, injected) in &receiver {
            match (injected, faults.get(index), slots.get_mut(index)) {
                (Ok(injected), Some(fault), Some(slot)) => {
                    progress.count(&injected);
                    *slot = Some((fault.clone(), injected));
                }
                (Err(error), ..) => {
                    mistake.get_or_insert(error);
                    next.store(faults.len(), Ordering::Relaxed);
                }
                _ => {}
            }
        }
    });
    progress.end();
    match mistake {
        Some(error) => Err(error),
        None => Ok(slots.into_iter().flatten().collect()),
    }
}

/// Says on standard error how far it is: one line on a terminal, else a line now and then.
struct Progress {
    total: usize,
    done: usize,
    wrong: usize,
    is_terminal: bool,
    said: Stopwatch,
}

impl Progress {
    fn new(total: usize) -> Self {
        Self {
            total,
            done: 0,
            wrong: 0,
            is_terminal: std::io::stderr().is_terminal(),
            said: Stopwatch::start(),
        }
    }

    fn count(&mut self, injected: &Injected) {
        const ON_TERMINAL: Duration = Duration::from_millis(100);
        const ELSEWHERE: Duration = Duration::from_secs(10);
        self.done += 1;
        self.wrong += usize::from(!injected.violations.is_empty());
        let pause = match self.is_terminal {
            true => ON_TERMINAL,
            false => ELSEWHERE,
        };
        if self.said.elapsed() < pause {
            return;
        }
        self.said = Stopwatch::start();
        let (done, total, wrong) = (self.done, self.total, self.wrong);
        let line = format!("{done} of {total} faults, {wrong} with violations");
        let mut out = std::io::stderr().lock();
        // Whoever does not read it does not want to know.
        let _ = match self.is_terminal {
            true => write!(out, "\r\x1b[K{line}"),
            false => writeln!(out, "{line}"),
        };
        let _ = out.flush();
    }

    fn end(&self) {
        if self.is_terminal {
            let mut out = std::io::stderr().lock();
            let _ = write!(out, "\r\x1b[K");
            let _ = out.flush();
        }
    }
}
