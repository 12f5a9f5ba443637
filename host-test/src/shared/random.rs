//! Random bytes that are the same in every run.

use std::sync::Mutex;

use super::lock;

/// Bytes that look random and follow from a seed.
#[derive(Debug)]
pub struct Random(Mutex<fastrand::Rng>);

impl Random {
    /// Starts over from `seed`.
    pub fn reseed(&self, seed: u64) {
        lock(&self.0).seed(seed);
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        lock(&self.0).fill(bytes);
    }
}

impl Default for Random {
    fn default() -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(0)))
    }
}
