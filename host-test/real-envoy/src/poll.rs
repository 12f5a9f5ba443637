//! The bounded poller: the only file here that reads the clock or sleeps.
#![expect(
    clippy::disallowed_methods,
    reason = "waits for real processes, which know no other time"
)]

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

/// Asks `probe` again and again until it answers `Some`, and returns that answer.
///
/// The first question comes at once, the next ones 2 ms to 50 ms apart. Fails when `within` has
/// passed, with a line that says that `what` did not happen; `probe` is asked at least once.
pub fn eventually<T>(
    what: &str,
    within: Duration,
    mut probe: impl FnMut() -> Option<T>,
) -> Result<T> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(answer) = probe() {
            return Ok(answer);
        }
        if start.elapsed() >= within {
            bail!("{what}: did not happen within {within:?}");
        }
        thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

const PAUSE_MAX: Duration = Duration::from_millis(50);
