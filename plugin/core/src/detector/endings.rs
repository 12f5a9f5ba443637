//! What is told of verdicts: new ones in words or as events, the rest only as events.

use alloc::string::String;
use alloc::vec::Vec;

use super::Detector;
use super::event::Applied;
use super::say::flagged_line;
use crate::contact::Contact;
use crate::counters::Counter;
use crate::events::Event;
use crate::rate::LINES_PER_SEC_MAX;
use crate::state::slot::{Flag, Slot};
use crate::time::Time;
use crate::verdict::Verdict;

impl Detector {
    /// The line of a new verdict.
    pub(super) fn flagged(&self, now: Time, contact: &Contact, slot: &Slot) -> Option<String> {
        if !self.policy().events {
            return Some(flagged_line(contact, slot));
        }
        let verdict = self.verdict(contact, slot, now)?;
        Some(self.event_line(Event::Flagged, slot, &verdict, now))
    }

    /// The event if the source is of another class than at its last contact.
    pub(super) fn class_changed(
        &mut self,
        now: Time,
        contact: &Contact,
        applied: &Applied,
    ) -> Option<String> {
        let before = applied.flagged_before.as_deref()?;
        let before = self.verdict(contact, before, before.last)?.class.name();
        let verdict = self.verdict(contact, &applied.slot, now)?;
        if verdict.class.name() == before {
            return None;
        }
        let event = Event::ClassChanged { before };
        let line = self.event_line(event, &applied.slot, &verdict, now);
        self.admits(now).then_some(line)
    }

    /// The event of a verdict that was taken back.
    pub(super) fn withdrawn(
        &mut self,
        now: Time,
        contact: &Contact,
        applied: &Applied,
    ) -> Option<String> {
        let before = applied.flagged_before.as_deref()?;
        let verdict = self.verdict(contact, before, now)?;
        let line = self.event_line(Event::Withdrawn, before, &verdict, now);
        self.admits(now).then_some(line)
    }

    fn event_line(&self, event: Event, slot: &Slot, verdict: &Verdict<'_>, now: Time) -> String {
        event.line(slot, verdict, self.source_prefixes(), now)
    }

    /// The events of verdicts that have ended, as many as may be written now; the rest is counted.
    pub fn tell_endings(&mut self, endings: &mut Endings, now: Time) -> Vec<String> {
        let beyond = core::mem::take(&mut endings.beyond);
        self.counters.add(Counter::VerdictLinesSuppressed, beyond);
        let mut lines = Vec::new();
        for slot in core::mem::take(&mut endings.found) {
            // As it was in its last second.
            let last = slot.flag.map_or(0, |flag| flag.expires.unix_secs());
            let last = Time::from_unix_secs(last.saturating_sub(1));
            let line = self
                .verdict_on(&slot, last)
                .map(|verdict| self.event_line(Event::Expired, &slot, &verdict, now));
            if let Some(line) = line
                && self.admits(now)
            {
                lines.push(line);
            }
        }
        lines
    }
}

/// Verdicts that end by their time, found by who goes through the tables again and again.
///
/// A verdict ends without anything happening, so nobody else notices. Each is found once: by the
/// first round that begins after its end.
#[derive(Clone, Debug)]
pub struct Endings {
    /// Who ended until then was found by the round before.
    since: Time,
    until: Time,
    found: Vec<Slot>,
    /// Found, but more than may be told.
    beyond: u32,
}

impl Endings {
    /// Nothing has ended yet at `now`.
    pub const fn new(now: Time) -> Self {
        Self {
            since: now,
            until: now,
            found: Vec::new(),
            beyond: 0,
        }
    }

    /// A new round begins.
    pub fn begin(&mut self, now: Time) {
        self.since = self.until.max(self.since);
        self.until = now;
    }

    /// Looks at the slot of one source as it lies in the table.
    pub fn look(&mut self, slot: &Slot) {
        let has_ended = |flag: Flag| flag.expires > self.since && flag.expires <= self.until;
        if !slot.flag.is_some_and(has_ended) {
            return;
        }
        if self.found.len() < usize::try_from(LINES_PER_SEC_MAX).unwrap_or(0) {
            self.found.push(*slot);
        } else {
            self.beyond = self.beyond.saturating_add(1);
        }
    }
}
