//! Threads that wait for events, each in a slot: until when, and what wakes it.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::transmute;
use std::sync::LazyLock;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU64, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};

use crate::libc::{self, PollFd};
use crate::{clock, schedule};

/// A thread with an event loop.
pub struct Slot {
    /// Who goes first of those whose time comes at once: the main thread, then workers in order.
    pub rank: AtomicU64,
    /// What it waits for.
    pub events: AtomicI32,
    /// What wakes it.
    pub bell: AtomicI32,
    /// It waits.
    pub waits: AtomicBool,
    /// Until when it waits, in virtual time.
    pub due: AtomicU64,
    /// Its time has come.
    pub called: AtomicBool,
}

/// The rank of the main thread.
pub const MAIN: u64 = 0;

/// How often any thread has begun to wait: when the number stays, nothing has happened.
pub static TURNS: AtomicU64 = AtomicU64::new(0);

static SLOTS: [Slot; SLOTS_MAX] = [const {
    Slot {
        rank: AtomicU64::new(u64::MAX),
        events: AtomicI32::new(-1),
        bell: AtomicI32::new(-1),
        waits: AtomicBool::new(false),
        due: AtomicU64::new(NEVER),
        called: AtomicBool::new(false),
    }
}; SLOTS_MAX];
static TAKEN: AtomicUsize = AtomicUsize::new(0);
/// Envoy has one thread for each worker, the main one and two watch dogs.
const SLOTS_MAX: usize = 256;
pub const NEVER: u64 = u64::MAX;

pub fn slots() -> &'static [Slot] {
    &SLOTS[..TAKEN.load(SeqCst).min(SLOTS_MAX)]
}

thread_local! {
    static MINE: Cell<Option<&'static Slot>> = const { Cell::new(None) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_wait(
    set: c_int,
    out: *mut c_void,
    max: c_int,
    timeout_millis: c_int,
) -> c_int {
    // SAFETY: passed on as it came, here and below.
    let events = |timeout| unsafe { REAL(set, out, max, timeout) };
    if !clock::is_virtual() {
        return events(timeout_millis);
    }
    let found = events(0);
    if found != 0 || timeout_millis == 0 {
        return found;
    }
    let Some(slot) = my_slot() else {
        return events(timeout_millis);
    };
    slot.events.store(set, SeqCst);
    let due = match u64::try_from(timeout_millis) {
        Ok(millis) => clock::elapsed() + millis * 1_000_000,
        Err(_) => NEVER,
    };
    slot.due.store(due, SeqCst);
    TURNS.fetch_add(1, SeqCst);
    slot.waits.store(true, SeqCst);
    loop {
        schedule::next_turn();
        let bell = slot.bell.load(Relaxed);
        if !slot.called.load(SeqCst) {
            let mut fds = [PollFd::readable(set), PollFd::readable(bell)];
            libc::wait_readable(&mut fds, -1);
            if fds[1].revents != 0 {
                libc::hush(bell);
            }
        }
        let found = events(0);
        // Events that come together with its time leave the time-outs due, too: Envoy looks.
        if slot.called.swap(false, SeqCst) || found != 0 {
            slot.waits.store(false, SeqCst);
            return found;
        }
    }
}

static REAL: LazyLock<unsafe extern "C" fn(c_int, *mut c_void, c_int, c_int) -> c_int> =
    // SAFETY: the type is that of the C library.
    LazyLock::new(|| unsafe { transmute(libc::hidden(c"epoll_wait")) });

fn my_slot() -> Option<&'static Slot> {
    if let Some(slot) = MINE.get() {
        return Some(slot);
    }
    // Until it waits for the first time, it counts as busy.
    let slot = SLOTS.get(TAKEN.fetch_add(1, SeqCst))?;
    slot.rank.store(rank(), SeqCst);
    slot.bell.store(libc::new_bell(), SeqCst);
    MINE.set(Some(slot));
    Some(slot)
}

fn rank() -> u64 {
    // SAFETY: no pointers.
    let (process, thread) = unsafe { (libc::getpid(), libc::gettid()) };
    if process == thread {
        return MAIN;
    }
    let name = std::fs::read_to_string("/proc/thread-self/comm").unwrap_or_default();
    match name.trim_end().strip_prefix("wrk:worker_") {
        Some(number) => 1 + number.parse().unwrap_or(u64::from(u32::MAX)),
        None => u64::from(u32::MAX) + u64::from(thread.unsigned_abs()),
    }
}
