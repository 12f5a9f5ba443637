//! The conformance set: small guests, and what each of them reports on a real Envoy.
//!
//! A [`Guest`] is WebAssembly text in `conformance/`, for one host function or one part of the life
//! cycle, that logs one line a check. Beside it stand the lines that Envoy made it log, measured,
//! never written by hand. The same guests run in real Envoys ([`real`]) and in this harness; both
//! must say the same.

mod assemble;
mod breakage;
mod expectation;
mod guests;
mod refusal;
mod stage;
mod wire;

pub mod harness;
pub mod real;

use anyhow::{Context, Result};

use crate::config::FailurePolicy;

pub use self::{
    breakage::Breakage,
    expectation::{Mismatch, Version, merge},
    guests::GUESTS,
    stage::{Answer, Exchange, Request, Stage, Step},
};

/// A guest and what it must report.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    /// Name of its file, without `.wat`; also its `vm_id`.
    pub name: &'static str,
    /// What is special about its plugin.
    pub setup: Setup,
    /// What it needs around it.
    pub stage: Stage,
    /// Its text, before the prelude is put to it.
    pub source: &'static str,
    /// The text of its expectations.
    pub expected: &'static str,
}

/// What is special about the plugin of a guest.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// The first Envoy that it is for: older ones do not load it.
    pub since: Version,
    /// Host functions and callbacks that are allowed; all of them if none is named.
    pub allowed: &'static [&'static str],
    /// What happens after a trap.
    pub policy: FailurePolicy,
}

impl Setup {
    /// For every Envoy, all capabilities, FAIL_CLOSED.
    pub(crate) const USUAL: Self = Self {
        since: Version { numbers: [0; 3] },
        allowed: &[],
        policy: FailurePolicy::FailClosed,
    };
}

impl Guest {
    /// The guest called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        GUESTS.iter().find(|guest| guest.name == name)
    }

    /// Its module, in binary form. Fails when its text does not assemble.
    pub fn module(&self) -> Result<Vec<u8>> {
        assemble::assemble(self.source, None).with_context(|| format!("{}.wat", self.name))
    }

    /// Its module with a broken host around it. Fails when its text does not assemble, or the
    /// breakage is none of [`Guest::breakages`].
    pub fn broken_module(&self, breakage: &Breakage) -> Result<Vec<u8>> {
        assemble::assemble(self.source, Some(breakage))
            .with_context(|| format!("{}.wat, where {breakage}", self.name))
    }

    /// All ways to break the host that this guest may notice.
    #[must_use]
    pub fn breakages(&self) -> Vec<Breakage> {
        Breakage::all_for(self)
    }

    /// The lines that it reports in an Envoy of `version`.
    #[must_use]
    pub fn expected_lines(&self, version: Version) -> Vec<&'static str> {
        expectation::lines(self.expected, version)
    }

    /// Compares what it reported with what it must report in an Envoy of `version`.
    pub fn compare(&self, version: Version, reported: &[String]) -> Result<(), Mismatch> {
        expectation::compare(self.name, &self.expected_lines(version), reported)
    }
}

/// The configuration that every guest gets, of its VM and of its plugin.
pub const VM_CONFIGURATION: &str = "vm configuration";
/// See [`VM_CONFIGURATION`].
pub const PLUGIN_CONFIGURATION: &str = "plugin configuration";
/// The environment of every guest's VM.
pub const ENVIRONMENT: [(&str, &str); 2] = [("FIRST", "1"), ("SECOND", "")];

/// A log line as a line of a transcript: not empty, and without characters that no file of
/// expectations should hold.
fn printable(text: &str) -> String {
    if text.is_empty() {
        return "(nothing)".to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ' '..='~') {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}
