//! Scenario files: what is written, what is checked, what is run.
//!
//! A file is read into its raw form, which says where everything stands; each step is checked when
//! its variables are known; a [`World`] does what it says and shows what came of it.

mod check;
mod expression;
mod harness;
mod invalid;
mod model;
mod moment;
mod observe;
mod raw;
mod run;
mod setup;
mod text;
mod world;

pub(crate) use harness::{FIRST_PORT, access_line, lines, message};
pub use harness::{
    Harness, NotRaced, Traced, Tracing, play_in_harness, race_in_harness, replay_in_harness,
    trace_in_harness,
};
pub use invalid::InvalidScenario;
pub use model::*;
pub use moment::Moment;
pub use observe::Tolerance;
pub use run::{
    Failure, Outcome, Seen, Steps, Transcript, play, play_on, play_tolerantly, transcribe,
};
pub use setup::Setup;
pub use text::Place;
pub use world::{
    CallSeen, ConnectionSeen, Exchange, Look, MessageSeen, Obstacle, World, local, resolve,
};

use std::ops::ControlFlow;
use std::path::Path;

impl Scenario {
    /// Reads a scenario file and what it names, and checks it.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its place in the file.
    pub fn read(file: &Path) -> Result<Self, InvalidScenario> {
        check::read(file)
    }

    /// Reads a scenario from a text, as if it stood in that file.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its place in the file.
    pub fn parse(file: &Path, text: &str) -> Result<Self, InvalidScenario> {
        check::parse(file, text)
    }
}

impl Case {
    /// Gives every step, in order, to `each`, until that breaks off.
    pub(crate) fn each_step(
        &self,
        each: &mut dyn FnMut(Placed) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, InvalidScenario> {
        check::walk(self, each)
    }
}

/// The JSON Schema of scenario files.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(raw::File)
}
