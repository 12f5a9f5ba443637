//! What tells time: the wall clock and the monotonic clock, both virtual.

use std::ffi::{c_int, c_long, c_void};
use std::mem::transmute;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};

use crate::libc::{self, Timespec, Timeval};

static VIRTUAL: AtomicBool = AtomicBool::new(false);
/// Nanoseconds since the process began.
static ELAPSED: AtomicU64 = AtomicU64::new(0);
/// What the wall clock shows at the beginning; changes when the clock is set.
static WALL_START: AtomicI64 = AtomicI64::new(0);
/// What the monotonic clock shows at the beginning: not zero, which some programs take for never.
const MONOTONIC_START: u64 = 1_000 * NANOS_PER_SEC as u64;

/// From now on time is virtual.
pub fn begin(wall_start: i64) {
    WALL_START.store(wall_start, SeqCst);
    VIRTUAL.store(true, SeqCst);
}

pub fn is_virtual() -> bool {
    VIRTUAL.load(SeqCst)
}

pub fn elapsed() -> u64 {
    ELAPSED.load(SeqCst)
}

pub fn advance_to(elapsed: u64) {
    ELAPSED.fetch_max(elapsed, SeqCst);
}

/// Sets the wall clock by so much.
pub fn shift_wall_clock(by: i64) {
    WALL_START.fetch_add(by, SeqCst);
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: c_int, out: *mut Timespec) -> c_int {
    let elapsed = ELAPSED.load(SeqCst);
    let nanos = match clock {
        REALTIME | REALTIME_COARSE if is_virtual() => {
            WALL_START.load(SeqCst).wrapping_add(elapsed as i64)
        }
        MONOTONIC | MONOTONIC_RAW | MONOTONIC_COARSE | BOOTTIME if is_virtual() => {
            (MONOTONIC_START + elapsed) as i64
        }
        // Processor times, and everything before the beginning.
        _ => {
            static REAL: LazyLock<unsafe extern "C" fn(c_int, *mut Timespec) -> c_int> =
                // SAFETY: the type is that of the C library.
                LazyLock::new(|| unsafe { transmute(libc::hidden(c"clock_gettime")) });
            // SAFETY: passed on as it came.
            return unsafe { REAL(clock, out) };
        }
    };
    // SAFETY: the caller gives room for it.
    unsafe {
        *out = Timespec {
            secs: nanos.div_euclid(NANOS_PER_SEC),
            nanos: nanos.rem_euclid(NANOS_PER_SEC),
        };
    }
    0
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(out: *mut Timeval, _zone: *mut c_void) -> c_int {
    let now = wall_clock();
    // SAFETY: the caller gives room for it.
    unsafe {
        *out = Timeval {
            secs: now.secs,
            micros: now.nanos / 1_000,
        };
    }
    0
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(out: *mut c_long) -> c_long {
    let secs = wall_clock().secs;
    if !out.is_null() {
        // SAFETY: the caller gives room for it.
        unsafe { *out = secs };
    }
    secs
}

fn wall_clock() -> Timespec {
    let mut now = Timespec { secs: 0, nanos: 0 };
    // SAFETY: there is room for it.
    unsafe { clock_gettime(REALTIME, &raw mut now) };
    now
}

const REALTIME: c_int = 0;
const MONOTONIC: c_int = 1;
const MONOTONIC_RAW: c_int = 4;
const REALTIME_COARSE: c_int = 5;
const MONOTONIC_COARSE: c_int = 6;
const BOOTTIME: c_int = 7;
const NANOS_PER_SEC: i64 = 1_000_000_000;
