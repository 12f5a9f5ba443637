//! What is remembered about one source, and its 128 bytes.
//!
//! ```text
//!   0 ┌───────────────────────────────────────────────────────┐
//!     │ source key                                    16 bytes│
//!  16 ├─────────────┬─────────────┬─────────────┬─────────────┤
//!     │ first       │ last        │ scored_at   │ memory_at   │  u32, Unix seconds
//!  32 ├─────────────┼─────────────┼─────────────┼──────┬──────┤
//!     │ flagged_at  │ expires_at  │ hits        │soft_s│stand.│  u32 × 3, u16 × 2
//!  48 ├──────┬──────┼──────┬──────┼──────┬──────┼──┬──┬┴─┬──┬─┘
//!     │score │credit│ soft │ tags │ports │hosts │fl│dt│mo│se│    i16 × 3, u16 × 3, u8 × 4
//!  64 ├──────┴──────┴──────┴──────┼──────┴──────┴──┴──┴──┴──┘
//!     │ host bits                 │  u64
//!  72 ├───────────────────────────┴───────────────────────────┐
//!     │ targets: 8 × (port, host), or 256 port bits           │  32 bytes
//! 104 ├───────────────────────────────────────────────────────┤
//!     │ reasons: 8 × (kind u8, port u16), newest first        │  24 bytes
//! 128 └───────────────────────────────────────────────────────┘
//! ```
//! `soft` is what evidence that harmless clients repeat adds to the score, `soft_s` when it last
//! did, in seconds modulo 2^16; `stand.` is the last hour with standing, modulo 2^16; `fl` are
//! flags, `dt` decoy targets, `mo` the form of the targets, `se` short sessions.

use crate::evidence::{EvidenceSet, Nats};
use crate::reasons::Reasons;
use crate::source::SourceKey;
use crate::state::targets::Targets;
use crate::time::Time;

/// Bytes of a slot.
pub const SLOT_LEN: usize = 128;

/// Everything that is remembered about one source.
///
/// The meaning of the fields over time is the business of [`crate::model`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Who.
    pub source: SourceKey,
    /// When the slot was made.
    pub first: Time,
    /// The last contact.
    pub last: Time,
    /// The time at which `score`, `credit` and `soft` held; since then they decayed.
    pub scored_at: Time,
    /// When the memory of targets was begun.
    pub memory_at: Time,
    /// The verdict, if one was given.
    pub flag: Option<Flag>,
    /// Connections since the slot was made.
    pub hits: u32,
    /// Second of the last evidence that counts in `soft`, modulo 2^16.
    pub soft_stamp: u16,
    /// Hour of the last standing, modulo 2^16; 0 for never.
    pub standing_hour: u16,
    /// Evidence against the source.
    pub score: Nats,
    /// What good standing takes off the score.
    pub credit: Nats,
    /// The part of the score that evidence made which harmless clients repeat at real ports.
    pub soft: Nats,
    /// Kinds of evidence seen.
    pub tags: EvidenceSet,
    /// Most distinct ports with evidence in one memory.
    pub ports: u16,
    /// Most distinct local addresses with evidence in one memory.
    pub hosts: u16,
    /// The source was silent at a decoy in this memory.
    pub silent_at_decoy: bool,
    /// The verdict was given through the network of the source.
    pub through_network: bool,
    /// Short sessions where logins happen, in this memory, saturating.
    pub sessions: u8,
    /// Distinct decoy targets in this memory, saturating.
    pub decoy_targets: u8,
    /// Targets in this memory.
    pub targets: Targets,
    /// Why, newest first.
    pub reasons: Reasons,
}

/// A verdict that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// When it was given.
    pub at: Time,
    /// When it ends, unless evidence renews it.
    pub expires: Time,
}

/// Where the form of the targets stands.
const MODE_AT: usize = 62;

const SILENT_AT_DECOY: u8 = 1;
const THROUGH_NETWORK: u8 = 2;

impl Slot {
    /// The slot of a source that was never seen.
    pub const fn new(source: SourceKey, now: Time) -> Self {
        Self {
            source,
            first: now,
            last: now,
            scored_at: now,
            memory_at: now,
            flag: None,
            hits: 0,
            soft_stamp: 0,
            standing_hour: 0,
            score: Nats::ZERO,
            credit: Nats::ZERO,
            soft: Nats::ZERO,
            tags: EvidenceSet::from_bits(0),
            ports: 0,
            hosts: 0,
            silent_at_decoy: false,
            through_network: false,
            sessions: 0,
            decoy_targets: 0,
            targets: Targets::empty(),
            reasons: Reasons::empty(),
        }
    }

    /// The bytes of a cell.
    pub fn encode(&self) -> [u8; SLOT_LEN] {
        let (mode, host_bits, targets) = self.targets.encode();
        let flag = self.flag.unwrap_or(Flag {
            at: Time::default(),
            expires: Time::default(),
        });
        let flags = [
            (self.silent_at_decoy, SILENT_AT_DECOY),
            (self.through_network, THROUGH_NETWORK),
        ];
        let flags = flags
            .iter()
            .map(|(is_set, flag)| if *is_set { *flag } else { 0 })
            .sum();
        let mut writer = Writer {
            bytes: [0; SLOT_LEN],
            at: 0,
        };
        writer.put(self.source.as_bytes());
        for time in [
            self.first,
            self.last,
            self.scored_at,
            self.memory_at,
            flag.at,
            flag.expires,
        ] {
            writer.put(&time.unix_secs().to_le_bytes());
        }
        writer.put(&self.hits.to_le_bytes());
        writer.put(&self.soft_stamp.to_le_bytes());
        writer.put(&self.standing_hour.to_le_bytes());
        for nats in [self.score, self.credit, self.soft] {
            writer.put(&saturated(nats).to_le_bytes());
        }
        for number in [self.tags.bits(), self.ports, self.hosts] {
            writer.put(&number.to_le_bytes());
        }
        writer.put(&[flags, self.decoy_targets, mode, self.sessions]);
        writer.put(&host_bits.to_le_bytes());
        writer.put(&targets);
        writer.put(self.reasons.as_bytes());
        writer.bytes
    }

    /// Whether the bytes of a cell are a slot: what [`decode`](Self::decode) would find out.
    pub fn is_one(bytes: &[u8; SLOT_LEN]) -> bool {
        bytes.get(MODE_AT).is_some_and(|mode| Targets::has(*mode))
    }

    /// The slot in the bytes of a cell; `None` if the form of its targets is unknown.
    pub fn decode(bytes: &[u8; SLOT_LEN]) -> Option<Self> {
        let mut reader = Reader { rest: bytes };
        let source = SourceKey::from_bytes(reader.take()?);
        let [first, last, scored_at, memory_at, flagged_at, expires] =
            [(); 6].map(|()| reader.time());
        let hits = u32::from_le_bytes(reader.take()?);
        let [soft_stamp, standing_hour] = [(); 2].map(|()| reader.u16());
        let [score, credit, soft] = [(); 3].map(|()| reader.nats());
        let [tags, ports, hosts] = [(); 3].map(|()| reader.u16());
        let [flags, decoy_targets, mode, sessions] = reader.take()?;
        let host_bits = u64::from_le_bytes(reader.take()?);
        let targets = Targets::decode(mode, host_bits, &reader.take()?)?;
        let is_flagged = flagged_at != Time::default();
        Some(Self {
            source,
            first,
            last,
            scored_at,
            memory_at,
            flag: is_flagged.then_some(Flag {
                at: flagged_at,
                expires,
            }),
            hits,
            soft_stamp,
            standing_hour,
            score,
            credit,
            soft,
            tags: EvidenceSet::from_bits(tags),
            ports,
            hosts,
            silent_at_decoy: flags & SILENT_AT_DECOY != 0,
            through_network: flags & THROUGH_NETWORK != 0,
            sessions,
            decoy_targets,
            targets,
            reasons: Reasons::from_bytes(reader.take()?),
        })
    }
}

fn saturated(nats: Nats) -> i16 {
    i16::try_from(nats.hundredths()).unwrap_or(if nats < Nats::ZERO {
        i16::MIN
    } else {
        i16::MAX
    })
}

struct Writer {
    bytes: [u8; SLOT_LEN],
    at: usize,
}

impl Writer {
    fn put(&mut self, field: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.at..self.at + field.len()) {
            place.copy_from_slice(field);
        }
        self.at += field.len();
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const LEN: usize>(&mut self) -> Option<[u8; LEN]> {
        let (field, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*field)
    }

    fn time(&mut self) -> Time {
        Time::from_unix_secs(u32::from_le_bytes(self.take().unwrap_or_default()))
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take().unwrap_or_default())
    }

    fn nats(&mut self) -> Nats {
        Nats::from_hundredths(i16::from_le_bytes(self.take().unwrap_or_default()).into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_that_decode_encode_to_themselves(mut bytes in prop::array::uniform32(any::<[u8; 4]>())) {
            // Unknown flags and a time of expiry without a verdict are dropped.
            bytes[15][0] &= SILENT_AT_DECOY | THROUGH_NETWORK;
            bytes[8] = bytes[8].map(|byte| byte | 1);
            let bytes: [u8; SLOT_LEN] = bytes.concat().try_into().unwrap();
            prop_assert_eq!(Slot::is_one(&bytes), Slot::decode(&bytes).is_some());
            if let Some(slot) = Slot::decode(&bytes) {
                let again = slot.encode();
                prop_assert_eq!(Slot::decode(&again), Some(slot));
                prop_assert_eq!(&again[..72], &bytes[..72]);
            }
        }
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let mut slot = Slot::new(
            SourceKey::from_bytes([0xaa; 16]),
            Time::from_unix_secs(0x0102_0304),
        );
        slot.flag = Some(Flag {
            at: Time::from_unix_secs(5),
            expires: Time::from_unix_secs(6),
        });
        slot.hits = 7;
        slot.score = Nats::from_hundredths(600);
        slot.ports = 37;
        slot.decoy_targets = 2;
        let bytes = slot.encode();
        assert_eq!(bytes[..16], [0xaa; 16]);
        assert_eq!(bytes[16..20], [4, 3, 2, 1]);
        assert_eq!(bytes[32..44], [5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0]);
        assert_eq!(bytes[48..50], 600i16.to_le_bytes());
        assert_eq!(bytes[56..58], [37, 0]);
        assert_eq!(bytes[61], 2);
    }

    #[test]
    fn an_unknown_form_of_targets_is_refused() {
        let mut bytes = Slot::new(SourceKey::from_bytes([1; 16]), Time::default()).encode();
        bytes[62] = 9;
        assert_eq!(Slot::decode(&bytes), None);
        assert!(!Slot::is_one(&bytes));
        bytes[62] = u8::MAX;
        assert!(Slot::is_one(&bytes) && Slot::decode(&bytes).is_some());
    }
}
