//! Decisions in the shape of CrowdSec's local API, so that its bouncers work with this portal.
//!
//! Source: CrowdSec's published interface, "LAPI", version 1: `/decisions/stream` and `/decisions`.

use alloc::string::String;
use alloc::vec::Vec;

use xxhash_rust::xxh64::xxh64;

use super::entry::{Sight, Subject};
use super::filter::Filter;
use super::query::Query;
use super::refusal::Refusal;
use crate::config::{DecisionScope, Portal as Config, Remedy};
use crate::digits::Digits;
use crate::json::{Object, quote};
use crate::time::Time;
use crate::verdict::{Class, Kind};

/// Most decisions of one answer, and as many that have ended.
pub(super) const DECISIONS_MAX: usize = 32_768;
/// Seconds that a bouncer is told of twice: its last answer may have been made within a second, and
/// clocks count whole ones.
const OVERLAP_SECS: u32 = 2;
/// Where decisions come from, and what scenarios begin with.
const ORIGIN: &str = "portscan";

/// Which decisions are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pull {
    pub(super) filter: Filter,
    remedy: Remedy,
    scope: DecisionScope,
    /// Decisions about addresses and about prefixes are wanted.
    wants: [bool; 2],
    /// What changed since then; everything if there is no such time.
    pub(super) since: Option<Time>,
}

/// Parameters that bouncers send.
const FILTERS: [&str; 7] = [
    "scopes",
    "origins",
    "scenarios_containing",
    "scenarios_not_containing",
    // What there is here has no duplicates, and comes from nowhere else.
    "dedup",
    "community_pull",
    "additional_pull",
];

impl Pull {
    /// What `query` asks for, with `own` parameters besides those of all bouncers.
    pub(super) fn parse(config: &Config, query: &Query, own: &str) -> Result<Self, Refusal> {
        let mut known = Vec::from(FILTERS);
        known.push(own);
        query.only(&known)?;
        let listed = |name: &str| query.get(name).filter(|text| !text.is_empty());
        let is_among = |name: &str, word: &str| {
            listed(name).is_none_or(|text| {
                text.split(',')
                    .any(|found| found.trim().eq_ignore_ascii_case(word))
            })
        };
        let is_ours = is_among("origins", ORIGIN);
        let has_part = |name: &str, kind: Kind| {
            listed(name).map(|text| {
                let scenario = scenario(kind);
                text.split(',').any(|part| scenario.contains(part.trim()))
            })
        };
        let is_wanted = |kind: &Kind| {
            has_part("scenarios_containing", *kind).unwrap_or(true)
                && !has_part("scenarios_not_containing", *kind).unwrap_or(false)
        };
        let kinds = Kind::ALL.into_iter().filter(is_wanted);
        Ok(Self {
            filter: Filter::of_kinds(kinds, DECISIONS_MAX),
            remedy: config.remedy,
            scope: config.scope,
            wants: ["ip", "range"].map(|scope| is_ours && is_among("scopes", scope)),
            since: None,
        })
    }

    /// Whether there are decisions about networks.
    pub(super) fn has_networks(&self) -> bool {
        self.scope == DecisionScope::Networks
    }

    /// Whether there are decisions about `subject`.
    pub(super) fn is_about(&self, subject: &Subject) -> bool {
        let [ips, ranges] = self.wants;
        let is_wanted = if subject.is_address() { ips } else { ranges };
        is_wanted
            && match self.scope {
                DecisionScope::Addresses => subject.is_address(),
                DecisionScope::Sources => !subject.is_network,
                DecisionScope::Networks => true,
            }
    }

    /// Whether a bouncer must be told of `sight`, which is flagged: that it is, or for longer.
    pub(super) fn is_news(
        &self,
        sight: &Sight,
        class: Class<'_>,
        now: Time,
        renewed: Time,
    ) -> bool {
        self.is_about(&sight.subject)
            && self.filter.admits(sight, class, now)
            && self.since.is_none_or(|since| renewed >= since)
    }

    /// Whether a bouncer must be told that what was flagged until `ended` is not any more.
    pub(super) fn is_over(&self, subject: &Subject, ended: Time) -> bool {
        self.is_about(subject) && self.since.is_some_and(|since| ended >= since)
    }

    /// What changed since `pulled`.
    pub(super) fn since(self, pulled: Option<Time>, now: Time) -> Self {
        let since = pulled
            .filter(|pulled| *pulled <= now)
            .map(|pulled| Time::from_unix_secs(pulled.unix_secs().saturating_sub(OVERLAP_SECS)));
        Self { since, ..self }
    }

    /// Writes the decision about `sight`.
    pub(super) fn write(&self, out: &mut String, sight: &Sight, now: Time) {
        let mut value = String::new();
        sight.subject.write(&mut value);
        let mut object = Object::begin(out);
        let duration = object.member("duration");
        duration.push('"');
        duration.push_str(Digits::of(sight.expires.secs_since(now)).as_str());
        duration.push_str("s\"");
        // The same for the same subject; nobody looks decisions up by it here.
        let id = u32::try_from(xxh64(value.as_bytes(), 0) >> 33).unwrap_or(0);
        object.number("id", id);
        object.text("origin", ORIGIN);
        object.text("scenario", &scenario(sight.kind));
        let scope = if sight.subject.is_address() {
            "Ip"
        } else {
            "Range"
        };
        object.text("scope", scope);
        object.text("type", self.remedy.name());
        quote(object.member("value"), &value);
        object.end();
    }
}

/// What brought a decision about.
fn scenario(kind: Kind) -> String {
    alloc::format!("{ORIGIN}/{}", kind.name())
}
