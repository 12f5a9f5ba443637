//! What becomes of verdicts, as lines of JSON for a log.
//!
//! Names are those of the Elastic Common Schema (ECS 8) where it has them; what is said of the source
//! stands under `portscan`, in the words of the portal's lookup.

use alloc::string::{String, ToString};

use crate::json::{Object, quote};
use crate::portal::{Subject, describe};
use crate::source::Prefixes;
use crate::state::slot::Slot;
use crate::time::Time;
use crate::verdict::Verdict;

/// Longest line, bytes: every field at its largest.
pub const LINE_LEN_MAX: usize = 2_048;

/// What became of the verdict on a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// There is one, and was none.
    Flagged,
    /// What is thought of the source is not what was thought at its last contact.
    ClassChanged {
        /// The name of its class then.
        before: &'static str,
    },
    /// The contact that brought it about has explained itself, or a list does not name the source any
    /// more.
    Withdrawn,
    /// It ended by its time.
    Expired,
}

impl Event {
    const fn action(self) -> &'static str {
        match self {
            Self::Flagged => "flagged",
            Self::ClassChanged { .. } => "class-changed",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// Whether somebody should look, in the words of ECS.
    const fn kind(self) -> &'static str {
        match self {
            Self::Flagged | Self::ClassChanged { .. } => "alert",
            Self::Withdrawn | Self::Expired => "event",
        }
    }

    /// The line about the source of `slot`, of which `verdict` was or is said.
    pub fn line(self, slot: &Slot, verdict: &Verdict<'_>, prefixes: Prefixes, now: Time) -> String {
        let mut line = String::with_capacity(LINE_LEN_MAX / 2);
        let mut object = Object::begin(&mut line);
        object.time("@timestamp", now);
        let mut event = Object::begin(object.member("event"));
        event.text("module", "portscan");
        event.text("action", self.action());
        event.text("kind", self.kind());
        event.list("category", ["intrusion_detection"].into_iter(), quote);
        event.list("type", ["info"].into_iter(), quote);
        event.number("risk_score", verdict.risk.into());
        event.end();
        let mut address = String::new();
        Subject::of_source(&slot.source, prefixes).write(&mut address);
        let mut source = Object::begin(object.member("source"));
        source.text("address", &address);
        // An address in any case: that field takes no prefix.
        source.text("ip", &slot.source.address().to_string());
        source.end();
        let mut portscan = Object::begin(object.member("portscan"));
        if let Self::ClassChanged { before } = self {
            portscan.text("class_before", before);
        }
        describe(&mut portscan, slot, verdict);
        portscan.end();
        object.end();
        line
    }
}
