//! What is said of a source, and what follows from it.

use alloc::format;
use alloc::string::String;

use super::Detector;
use super::event::Outcome;
use crate::config::Action;
use crate::contact::{Contact, Reaction};
use crate::counters::Counter;
use crate::header;
use crate::model::Change;
use crate::state::slot::Slot;
use crate::time::Time;
use crate::verdict::{Class, Verdict};

impl Detector {
    /// What follows from what became of an event.
    pub(super) fn react(
        &mut self,
        now: Time,
        contact: &mut Contact,
        outcome: &Outcome,
    ) -> Reaction {
        let Outcome::Applied(applied) = outcome else {
            return Reaction::default();
        };
        let mut reaction = self.tag(now, contact, Some(&applied.slot));
        match applied.change {
            Change::None => {
                if let Some(line) = self.class_changed(now, contact, applied) {
                    reaction.line = Some(line);
                }
            }
            Change::Withdrawn => {
                self.counters.count(Counter::VerdictsWithdrawn);
                if let Some(line) = self.withdrawn(now, contact, applied) {
                    reaction.line = Some(line);
                }
            }
            Change::Flagged => {
                let kind = self
                    .verdict(contact, &applied.slot, now)
                    .map(|verdict| verdict.kind);
                if let Some(kind) = kind {
                    self.counters.count(Counter::verdicts(kind));
                    self.recorder.verdict(kind);
                }
                if self.admits(now) {
                    reaction.line = self.flagged(now, contact, &applied.slot);
                }
            }
        }
        reaction
    }

    /// Brings the contact's tag in line with the slot of its source. The reaction closes the
    /// connection if it is to be blocked from now on.
    pub(super) fn tag(
        &mut self,
        now: Time,
        contact: &mut Contact,
        slot: Option<&Slot>,
    ) -> Reaction {
        let verdict = slot.and_then(|slot| self.verdict(contact, slot, now));
        let (tag, expires) = match &verdict {
            Some(verdict) => (header::render(verdict), verdict.expires),
            None => (String::new(), Time::default()),
        };
        let is_bad = verdict.is_some_and(|verdict| {
            verdict.risk >= self.policy.block_risk && !matches!(verdict.class, Class::Benign { .. })
        });
        let Some(watched) = &mut contact.watched else {
            return Reaction::default();
        };
        watched.expires = expires;
        watched.looked_at = now;
        let is_newly_bad = is_bad && !watched.is_bad;
        watched.is_bad = is_bad;
        if contact.tag.is_empty() && !tag.is_empty() {
            self.counters.count(Counter::TaggedConnections);
        }
        let tag_changed = contact.tag != tag;
        contact.tag = tag;
        let mut reaction = Reaction {
            tag_changed,
            close: false,
            line: None,
        };
        match self.policy.action {
            Action::Block => reaction.close = is_newly_bad,
            Action::DryRun if is_newly_bad => {
                self.counters.count(Counter::WouldBlock);
                let source = watched.source;
                if self.admits(now) {
                    let line = format!("portscan: would block {source}: {}", contact.tag);
                    reaction.line = Some(line);
                }
            }
            Action::DryRun | Action::Tag => {}
        }
        reaction
    }

    pub(super) fn verdict<'a>(
        &'a self,
        contact: &Contact,
        slot: &Slot,
        now: Time,
    ) -> Option<Verdict<'a>> {
        let actor = contact.watched.as_ref().and_then(|watched| watched.actor);
        let scanner = actor.and_then(|number| {
            usize::try_from(number)
                .ok()
                .and_then(|number| self.policy.known_scanners.get(number))
        });
        Verdict::of(
            slot,
            &self.model,
            now,
            scanner.map(|scanner| scanner.actor.as_str()),
        )
    }

    /// Whether one more line may be written in this second.
    pub(super) fn admits(&mut self, now: Time) -> bool {
        let is_admitted = self.lines.admit(now);
        if !is_admitted {
            self.counters.count(Counter::VerdictLinesSuppressed);
        }
        is_admitted
    }
}

/// The log line of a new verdict, in words.
pub(super) fn flagged_line(contact: &Contact, slot: &Slot) -> String {
    let mut line = format!(
        "portscan: {} flagged: {}; reasons:",
        slot.source, contact.tag
    );
    for (at, reason) in slot.reasons.iter().enumerate() {
        line.push_str(if at == 0 { " " } else { ", " });
        line.push_str(&format!("{reason}"));
    }
    line
}
