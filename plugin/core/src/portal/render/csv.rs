//! Everything that is said of a source, in comma-separated values (RFC 4180, lines ended as Unix
//! ends them).

use alloc::string::{String, ToString};

use super::full::actor;
use crate::detector::Detector;
use crate::digits::Digits;
use crate::portal::entry::{Details, Sight};
use crate::state::slot::Slot;
use crate::time::Time;

/// The names of the columns.
pub(super) fn begin(out: &mut String) {
    out.push_str(
        "ip,kind,risk,class,actor,first_seen,last_seen,expires_at,hits,port_count,host_count,\
         ports,reasons,spoofable,shared_ip_hint\n",
    );
}

/// One line. Ports stand behind spaces, reasons behind "; ".
pub(super) fn entry(
    out: &mut String,
    sight: &Sight,
    details: &Details,
    detector: &Detector,
    now: Time,
) {
    let mut row = Row { out };
    match details {
        Details::Source(bytes) => {
            let slot = Slot::decode(bytes);
            let verdict = slot
                .as_ref()
                .and_then(|slot| Some((slot, detector.verdict_on(slot, now)?)));
            let Some((slot, verdict)) = verdict else {
                return;
            };
            sight.subject.write(row.out);
            row.text(verdict.kind.name());
            row.number(verdict.risk.into());
            row.text(verdict.class.name());
            row.text(actor(&verdict).unwrap_or_default());
            row.times([verdict.first, verdict.last, verdict.expires]);
            row.number(verdict.hits);
            row.number(verdict.ports);
            row.number(verdict.hosts);
            row.joined(slot.targets.ports(), " ");
            row.joined(slot.reasons.iter(), "; ");
            row.text("false");
            row.text(if verdict.is_shared { "true" } else { "false" });
        }
        Details::Network(network) => {
            sight.subject.write(row.out);
            row.text(sight.kind.name());
            row.number(sight.risk.into());
            row.text(Details::NETWORK_CLASS.name());
            row.text("");
            row.times([network.since, network.last, network.expires]);
            row.out.push_str(",,,,");
            row.text(Details::NETWORK_REASON);
            row.text("false");
            row.text("true");
        }
    }
    row.out.push('\n');
}

/// A line in the making.
struct Row<'a> {
    out: &'a mut String,
}

impl Row<'_> {
    /// The next field. In quotes where it has something that would end it.
    fn text(&mut self, text: &str) {
        self.out.push(',');
        if !text.contains([',', '"', '\n', '\r']) {
            self.out.push_str(text);
            return;
        }
        self.out.push('"');
        for part in text.split_inclusive('"') {
            self.out.push_str(part);
            if part.ends_with('"') {
                self.out.push('"');
            }
        }
        self.out.push('"');
    }

    fn number(&mut self, number: u32) {
        self.out.push(',');
        self.out.push_str(Digits::of(number).as_str());
    }

    fn times(&mut self, times: [Time; 3]) {
        for time in times {
            self.text(time.rfc3339().as_str());
        }
    }

    fn joined(&mut self, values: impl Iterator<Item = impl ToString>, between: &str) {
        let mut text = String::new();
        for value in values {
            text.push_str(if text.is_empty() { "" } else { between });
            text.push_str(&value.to_string());
        }
        self.text(&text);
    }
}
