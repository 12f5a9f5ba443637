//! The same scenario in the harness and in the real Envoy.

mod real;

pub use real::RealWorld;

use std::path::Path;

use real_envoy::netns::isolated;

use crate::scenario::{Case, InvalidScenario, Obstacle, Outcome, play};

/// Plays a case in the real Envoy at `program`.
///
/// Needs network namespaces, that is root: see [`real_envoy::Netns::available`].
///
/// # Errors
///
/// When the scenario turns out to be wrong on the way.
pub fn play_in_envoy(case: &Case, program: &Path) -> Result<Outcome, InvalidScenario> {
    let played = isolated(|| play(case, |case| RealWorld::start(case, program, &[])));
    played.unwrap_or_else(|error| {
        // Nothing of the scenario is wrong, but nothing can be said of it either.
        play::<RealWorld>(case, |_| Err(Obstacle::Failure(format!("{error:#}"))))
    })
}
