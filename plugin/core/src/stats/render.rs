//! Statistics as JSON, as `/v1/stats/…` answers.
//!
//! Nothing in it is longer than its bound: [`LEN_MAX`] bytes, with every number at its largest.

use alloc::string::String;

use super::services;
use super::timeline::{Counts, Step};
use super::top::TopPort;
use crate::digits::Digits;
use crate::json::Object;
use crate::time::{MINUTE_SECS, Time};
use crate::verdict::Kind;

/// Version of these answers.
const VERSION: u32 = 1;
/// Most ports in an answer.
pub const PORTS_SHOWN_MAX: usize = 64;
/// Longest answer, bytes: 64 ports with 24 hours each.
pub const LEN_MAX: usize = 24 << 10;
/// Names of the classes, in the order of [`Flagged::classes`].
const CLASSES: [&str; 3] = ["suspicious", "malicious", "benign"];

/// What the tables hold, and how they fare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Sources with a slot.
    pub sources_tracked: u32,
    /// Sources with a verdict.
    pub sources_flagged: u32,
    /// Networks that are flagged.
    pub networks_flagged: u32,
    /// Slots that there are.
    pub slots: u32,
    /// Slots that had to make room, since Envoy started; flagged ones included.
    pub evictions: u64,
    /// Flagged slots among them.
    pub evictions_flagged: u64,
    /// Shared values that changed between reading and writing.
    pub cas_conflicts: u64,
    /// Updates given up after too many such changes.
    pub cas_giveups: u64,
    /// Shared values that were no page of ours.
    pub decode_errors: u64,
    /// Host calls that failed.
    pub host_errors: u64,
    /// Seconds since the keeper's last heartbeat; none where there never was one.
    pub heartbeat_age_secs: Option<u32>,
}

/// Sources that are flagged at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flagged {
    /// By kind, in the order of [`Kind::ALL`].
    pub kinds: [u32; Kind::ALL.len()],
    /// Suspicious, malicious, benign.
    pub classes: [u32; 3],
}

/// The answer to `/v1/stats/summary`; `minutes` is the time line of minutes.
pub fn summary(summary: &Summary, minutes: &[Counts], now: Time) -> String {
    // The last one is still running.
    let last = minutes.iter().nth_back(1).copied().unwrap_or_default();
    answer(now, |object| {
        object.number("sources_tracked", summary.sources_tracked);
        object.number("sources_flagged", summary.sources_flagged);
        object.number("networks_flagged", summary.networks_flagged);
        object.number("new_per_minute", last.verdicts_in_all());
        // In tenths, rounded.
        let tenths = last.contacts.saturating_add(3) / (MINUTE_SECS / 10);
        let rate = object.member("contacts_per_second");
        for part in [
            Digits::of(tenths / 10).as_str(),
            ".",
            Digits::of(tenths % 10).as_str(),
        ] {
            rate.push_str(part);
        }
        let mut table = Object::begin(object.member("table"));
        table.number("slots", summary.slots);
        table.number("used", summary.sources_tracked);
        for (name, total) in [
            ("evictions_total", summary.evictions),
            ("evictions_flagged_total", summary.evictions_flagged),
            ("cas_conflicts_total", summary.cas_conflicts),
            ("cas_giveups_total", summary.cas_giveups),
            ("decode_errors_total", summary.decode_errors),
            ("host_errors_total", summary.host_errors),
        ] {
            let total = alloc::format!("{total}");
            table.member(name).push_str(&total);
        }
        table.end();
        object.number_or_null("heartbeat_age_secs", summary.heartbeat_age_secs);
    })
}

/// The answer to `/v1/stats/kinds`.
pub fn kinds(flagged: &Flagged, now: Time) -> String {
    answer(now, |object| {
        let mut kinds = Object::begin(object.member("kinds"));
        for (kind, count) in Kind::ALL.into_iter().zip(flagged.kinds) {
            kinds.number(kind.name(), count);
        }
        kinds.end();
        let mut classes = Object::begin(object.member("classes"));
        for (class, count) in CLASSES.into_iter().zip(flagged.classes) {
            classes.number(class, count);
        }
        classes.end();
    })
}

/// The answer to `/v1/stats/timeline`; `points` are those of [`super::timeline::read`].
pub fn timeline(step: Step, points: &[Counts], now: Time) -> String {
    answer(now, |object| {
        object.number("step_secs", step.secs());
        let newest = now.unix_secs() / step.secs();
        let first = newest.saturating_sub(step.count() - 1);
        object.time("from", Time::from_unix_secs(first * step.secs()));
        object.list("contacts", points.iter(), |out, point| {
            out.push_str(Digits::of(point.contacts).as_str());
        });
        let mut verdicts = Object::begin(object.member("verdicts"));
        for (at, kind) in Kind::ALL.into_iter().enumerate() {
            verdicts.list(kind.name(), points.iter(), |out, point| {
                let count = point.verdicts.get(at).copied().unwrap_or(0);
                out.push_str(Digits::of(count).as_str());
            });
        }
        verdicts.end();
    })
}

/// The answer to `/v1/stats/ports`, with at most [`PORTS_SHOWN_MAX`] of `ports`.
pub fn ports(ports: &[TopPort], now: Time) -> String {
    answer(now, |object| {
        let shown = ports.iter().take(PORTS_SHOWN_MAX);
        object.list("ports", shown, |out, port| {
            let mut object = Object::begin(out);
            object.number("port", port.port.into());
            object.text_or_null("service", services::name(port.port));
            object.number("sources", port.sources);
            object.number("hits", port.hits);
            object.list("hours", port.hours.into_iter(), |out, hits| {
                out.push_str(Digits::of(hits).as_str());
            });
            object.end();
        });
    })
}

fn answer(now: Time, write: impl FnOnce(&mut Object<'_>)) -> String {
    let mut out = String::new();
    let mut object = Object::begin(&mut out);
    object.number("version", VERSION);
    object.time("generated_at", now);
    write(&mut object);
    object.end();
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use std::vec;

    use super::*;
    use crate::stats::HOURS;

    const NOW: Time = Time::from_unix_secs(1_795_326_625);

    #[track_caller]
    fn check(answer: &str, mut expected: Value) {
        expected["version"] = json!(1);
        expected["generated_at"] = json!("2026-11-22T05:50:25Z");
        assert_eq!(serde_json::from_str::<Value>(answer).unwrap(), expected);
    }

    fn point(contacts: u32, probes: u32) -> Counts {
        Counts {
            contacts,
            verdicts: [probes, 0, 0, 0, 1],
        }
    }

    #[test]
    fn a_summary_tells_of_the_last_full_minute() {
        let given = Summary {
            sources_tracked: 5,
            sources_flagged: 3,
            networks_flagged: 1,
            slots: 65_536,
            evictions: 7,
            evictions_flagged: 2,
            cas_conflicts: u64::MAX,
            cas_giveups: 1,
            decode_errors: 0,
            host_errors: 9,
            heartbeat_age_secs: None,
        };
        let minutes = [point(1, 0), point(123, 4), point(9_999, 9)];
        let expected = json!({
            "sources_tracked": 5, "sources_flagged": 3, "networks_flagged": 1,
            "new_per_minute": 5, "contacts_per_second": 2.1,
            "table": {
                "slots": 65_536, "used": 5, "evictions_total": 7, "evictions_flagged_total": 2,
                "cas_conflicts_total": u64::MAX, "cas_giveups_total": 1, "decode_errors_total": 0,
                "host_errors_total": 9,
            },
            "heartbeat_age_secs": null,
        });
        check(&summary(&given, &minutes, NOW), expected);
    }

    #[test]
    fn kinds_and_classes_are_named() {
        let flagged = Flagged {
            kinds: [1, 2, 3, 4, 5],
            classes: [6, 7, 8],
        };
        let expected = json!({
            "kinds": { "probe": 1, "vertical": 2, "horizontal": 3, "block": 4, "distributed": 5 },
            "classes": { "suspicious": 6, "malicious": 7, "benign": 8 },
        });
        check(&kinds(&flagged, NOW), expected);
    }

    #[test]
    fn a_time_line_begins_with_its_first_minute() {
        let mut points = vec![Counts::default(); 60];
        points[59] = point(3, 2);
        let zeros = || vec![0; 60];
        let with_last = |count: u32| {
            let mut counts = zeros();
            counts[59] = count;
            counts
        };
        let expected = json!({
            "step_secs": 60, "from": "2026-11-22T04:51:00Z", "contacts": with_last(3),
            "verdicts": {
                "probe": with_last(2), "vertical": zeros(), "horizontal": zeros(),
                "block": zeros(), "distributed": with_last(1),
            },
        });
        check(&timeline(Step::Minute, &points, NOW), expected);
    }

    #[test]
    fn ports_have_the_names_of_their_services() {
        let mut hours = [0; HOURS];
        hours[23] = 9;
        let port = |port| TopPort {
            port,
            sources: 2,
            hits: 9,
            hours,
        };
        let expected = |port: u16, service: Option<&str>| json!({ "port": port, "service": service, "sources": 2, "hits": 9, "hours": hours });
        let given = [port(23), port(24)];
        let listed = json!({ "ports": [expected(23, Some("telnet")), expected(24, None)] });
        check(&ports(&given, NOW), listed);
    }

    #[test]
    fn no_answer_is_longer_than_its_bound() {
        let port = TopPort {
            port: 65_535,
            sources: u32::MAX,
            hits: u32::MAX,
            hours: [u32::MAX; HOURS],
        };
        let most = Counts {
            contacts: u32::MAX,
            verdicts: [u32::MAX; 5],
        };
        let longest = ports(&[port; 100], NOW);
        assert_eq!(longest.matches("65535").count(), PORTS_SHOWN_MAX);
        for answer in [longest, timeline(Step::Minute, &[most; 60], NOW)] {
            assert!(answer.len() <= LEN_MAX, "{}", answer.len());
        }
    }
}
