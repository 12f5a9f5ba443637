//! Whose turn is next, and when nothing is left to do.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

use crate::clock;
use crate::libc::{self, PollFd};
use crate::park::{MAIN, NEVER, TURNS, slots};

/// Until when time goes by; [`NEVER`] while it stands still.
static END: AtomicU64 = AtomicU64::new(NEVER);
/// Turns that were given since time began to go by.
static GIVEN: AtomicU64 = AtomicU64::new(0);
static TURN: Mutex<()> = Mutex::new(());

/// Lets time go by until `end`, thread by thread in the order of their times, and says how many
/// turns that took.
pub fn pass_until(end: u64) -> u64 {
    GIVEN.store(0, SeqCst);
    END.store(end, SeqCst);
    while END.load(SeqCst) != NEVER {
        next_turn();
        libc::wait_readable(&mut [], PAUSE_MILLIS);
    }
    GIVEN.load(SeqCst)
}

/// Threads give each other turns; this is how long their watcher sleeps meanwhile.
const PAUSE_MILLIS: i32 = 1;

/// If time goes by and all threads wait: gives the turn to the first whose time comes.
pub fn next_turn() {
    if END.load(SeqCst) == NEVER {
        return;
    }
    let _one_at_a_time = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let end = END.load(SeqCst);
    if end == NEVER || !all_wait() {
        return;
    }
    let first = slots()
        .iter()
        .map(|slot| (slot.due.load(SeqCst), slot.rank.load(SeqCst), slot))
        .min_by_key(|(due, rank, _)| (*due, *rank));
    match first {
        Some((due, _, slot)) if due <= end => {
            clock::advance_to(due);
            GIVEN.fetch_add(1, SeqCst);
            slot.called.store(true, SeqCst);
            libc::ring(slot.bell.load(SeqCst));
        }
        _ => {
            clock::advance_to(end);
            END.store(NEVER, SeqCst);
        }
    }
}

/// Waits until nothing is left to do at this time; says when the next thing is due.
pub fn rest() -> u64 {
    loop {
        if all_wait() && others_sleep() && all_wait() {
            let dues = slots().iter().map(|slot| slot.due.load(SeqCst));
            return dues.min().unwrap_or(NEVER);
        }
        std::thread::yield_now();
    }
}

/// Whether all threads with an event loop wait, and there is no event for any of them.
fn all_wait() -> bool {
    let turns = TURNS.load(SeqCst);
    let slots = slots();
    let wait = || {
        let mut all = slots.iter();
        all.all(|slot| slot.waits.load(SeqCst) && !slot.called.load(SeqCst))
    };
    // The watch dogs wait long before the main thread has read the configuration.
    let begun = slots.iter().any(|slot| slot.rank.load(SeqCst) == MAIN);
    if !begun || !wait() {
        return false;
    }
    let sets = slots.iter().map(|slot| slot.events.load(SeqCst));
    let mut sets: Vec<PollFd> = sets.map(PollFd::readable).collect();
    // One that was busy in between has begun to wait anew.
    libc::wait_readable(&mut sets, 0) == 0 && wait() && TURNS.load(SeqCst) == turns
}

/// Whether all threads sleep but this one and those of V8, which only make code quicker: the one
/// that writes access logs has no event loop.
fn others_sleep() -> bool {
    // SAFETY: no pointers.
    let me = unsafe { libc::gettid() }.to_string();
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return true;
    };
    for thread in threads.flatten() {
        if thread.file_name().to_str() == Some(&me) {
            continue;
        }
        // One that has ended in between has nothing left to do.
        let Ok(stat) = std::fs::read_to_string(thread.path().join("stat")) else {
            continue;
        };
        // `71 (name) S …`, where the name may hold anything.
        let Some((name, rest)) = stat.rsplit_once(") ") else {
            continue;
        };
        if !rest.starts_with('S') && !name.contains("(V8 ") {
            return false;
        }
    }
    true
}
