//! Which flagged sources are asked for.

use super::entry::Sight;
use super::query::{Query, not_allowed};
use super::refusal::Refusal;
use crate::time::Time;
use crate::verdict::{Class, Kind};

/// What an entry must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    min_risk: u8,
    /// A bit for each kind.
    kinds: u8,
    /// A bit for each class.
    classes: u8,
    max_age_secs: Option<u32>,
    family: Option<Family>,
    /// Most entries.
    pub(super) max: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

/// Parameters of a filter.
const PARAMETERS: [&str; 6] = ["min_risk", "kind", "class", "max_age_secs", "family", "max"];
const CLASSES: [&str; 3] = ["suspicious", "malicious", "benign"];
const HARMLESS_OFF: u8 = 0b011;

impl Filter {
    /// The filter in `query`, for a format that has at most `max` entries.
    pub(super) fn parse(query: &Query, max: u32) -> Result<Self, Refusal> {
        query.only(&PARAMETERS)?;
        let kinds = query.words("kind", &Kind::ALL.map(Kind::name), |word| {
            Kind::ALL.into_iter().find(|kind| kind.name() == word)
        })?;
        let classes = query.words("class", &CLASSES, |word| {
            CLASSES.iter().position(|class| *class == word)
        })?;
        let family = match query.get("family") {
            None => None,
            Some("4" | "ipv4") => Some(Family::V4),
            Some("6" | "ipv6") => Some(Family::V6),
            Some(other) => return Err(not_allowed("family", other, "4 or 6")),
        };
        let min_risk = query.whole("min_risk", 0, 100)?.unwrap_or(0);
        let max = query.whole("max", 1, max)?.unwrap_or(max);
        Ok(Self {
            min_risk: u8::try_from(min_risk).unwrap_or(u8::MAX),
            kinds: kinds.map_or(u8::MAX, |kinds| {
                kinds.iter().fold(0, |bits, kind| bits | kind_bit(*kind))
            }),
            classes: classes.map_or(HARMLESS_OFF, |classes| {
                classes.iter().fold(0, |bits, class| bits | 1 << class)
            }),
            max_age_secs: query.whole("max_age_secs", 1, u32::MAX)?,
            family,
            max: usize::try_from(max).unwrap_or(usize::MAX),
        })
    }

    /// Everything of these kinds, but for benign sources.
    pub(super) fn of_kinds(kinds: impl Iterator<Item = Kind>, max: usize) -> Self {
        Self {
            min_risk: 0,
            kinds: kinds.fold(0, |bits, kind| bits | kind_bit(kind)),
            classes: HARMLESS_OFF,
            max_age_secs: None,
            family: None,
            max,
        }
    }

    /// Whether `sight` is like that.
    pub(super) fn admits(&self, sight: &Sight, class: Class<'_>, now: Time) -> bool {
        let class_bit = match class {
            Class::Suspicious => 0b001,
            Class::Malicious => 0b010,
            Class::Benign { .. } => 0b100,
        };
        sight.risk >= self.min_risk
            && self.kinds & kind_bit(sight.kind) != 0
            && self.classes & class_bit != 0
            && self
                .max_age_secs
                .is_none_or(|max| now.secs_since(sight.last) <= max)
            && self
                .family
                .is_none_or(|family| (family == Family::V4) == sight.subject.is_ipv4())
    }
}

const fn kind_bit(kind: Kind) -> u8 {
    1 << kind as u8
}
