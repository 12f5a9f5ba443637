//! Everything that is said of a source, in JSON.

use alloc::string::String;
use core::fmt::Write;

use crate::detector::Detector;
use crate::digits::Digits;
use crate::json::{Object, quote};
use crate::portal::entry::{Details, Sight};
use crate::state::slot::Slot;
use crate::time::Time;
use crate::verdict::{Class, Verdict};

/// The version of the feed's form.
pub(in crate::portal) const VERSION: u32 = 1;

/// What stands before the entries.
pub(super) fn begin(out: &mut String, time: &str) {
    out.push_str("{\"version\":");
    out.push_str(Digits::of(VERSION).as_str());
    out.push_str(",\"generated_at\":\"");
    out.push_str(time);
    out.push_str("\",\"entries\":[");
}

/// One entry of the feed.
pub(super) fn entry(
    out: &mut String,
    sight: &Sight,
    details: &Details,
    detector: &Detector,
    now: Time,
) {
    let mut ip = String::new();
    sight.subject.write(&mut ip);
    let mut object = Object::begin(out);
    object.text("ip", &ip);
    match details {
        Details::Source(bytes) => {
            let slot = Slot::decode(bytes);
            let verdict = slot
                .as_ref()
                .and_then(|slot| Some((slot, detector.verdict_on(slot, now)?)));
            if let Some((slot, verdict)) = verdict {
                source(&mut object, slot, &verdict);
            }
        }
        Details::Network(network) => {
            object.text("kind", sight.kind.name());
            object.number("risk", sight.risk.into());
            object.text("class", Details::NETWORK_CLASS.name());
            object.text_or_null("actor", None);
            object.time("first_seen", network.since);
            object.time("last_seen", network.last);
            object.time("expires_at", network.expires);
            object.number_or_null("hits", None);
            object.number_or_null("port_count", None);
            object.number_or_null("host_count", None);
            object.list("ports", core::iter::empty::<u16>(), |_, _| {});
            let reason = core::iter::once(Details::NETWORK_REASON);
            object.list("reasons", reason, quote);
            object.truth("spoofable", false);
            object.truth("shared_ip_hint", true);
        }
    }
    object.end();
}

/// What is said of a flagged source.
pub(crate) fn source(object: &mut Object<'_>, slot: &Slot, verdict: &Verdict<'_>) {
    object.text("kind", verdict.kind.name());
    object.number("risk", verdict.risk.into());
    object.text("class", verdict.class.name());
    object.text_or_null("actor", actor(verdict));
    object.time("first_seen", verdict.first);
    object.time("last_seen", verdict.last);
    object.time("expires_at", verdict.expires);
    object.number("hits", verdict.hits);
    object.number("port_count", verdict.ports);
    object.number("host_count", verdict.hosts);
    object.list("ports", slot.targets.ports(), |out, port| {
        out.push_str(Digits::of(port.into()).as_str());
    });
    object.list("reasons", slot.reasons.iter(), |out, reason| {
        // Words of ours, none of which needs an escape.
        out.push('"');
        let _ = write!(out, "{reason}");
        out.push('"');
    });
    // Evidence is a completed handshake: nobody can make it in another's name.
    object.truth("spoofable", false);
    object.truth("shared_ip_hint", verdict.is_shared);
}

/// Who runs the scanner, if it is a declared one.
pub(super) const fn actor<'a>(verdict: &Verdict<'a>) -> Option<&'a str> {
    match verdict.class {
        Class::Benign { actor } => Some(actor),
        Class::Suspicious | Class::Malicious => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::exploit::listed_name;

    #[test]
    fn no_name_of_an_exploit_needs_an_escape() {
        let names = (0..=u16::MAX).filter_map(listed_name);
        let plain = |name: &str| {
            name.bytes()
                .all(|byte| (0x20..0x7f).contains(&byte) && !b"\"\\".contains(&byte))
        };
        assert!(names.into_iter().all(plain));
    }
}
