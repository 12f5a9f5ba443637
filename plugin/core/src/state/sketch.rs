//! Wide port sketches for sources that touch more ports than a slot can count.
//!
//! 1,024 [`registers`], standard error 1.04 / √1024 = 3.3 %.
//!
//! ```text
//!  0            16        20        24                         536
//! ┌────────────┬─────────┬─────────┬──────────────────────────┐
//! │ source key │ last u32│ reserved│ 1,024 registers × 4 bits │   a cell; 7 in a page
//! └────────────┴─────────┴─────────┴──────────────────────────┘
//! ```

use crate::source::SourceKey;
use crate::state::hash::Seed;
use crate::state::registers;
use crate::time::Time;

/// Bytes of a sketch with its owner.
pub const SKETCH_LEN: usize = 24 + REGISTERS / 2;

const REGISTERS: usize = 1024;

/// The ports of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    owner: SourceKey,
    /// When the sketch was last added to.
    pub last: Time,
    registers: [u8; REGISTERS / 2],
}

impl Sketch {
    /// A sketch of `owner` that has seen nothing.
    pub const fn empty(owner: SourceKey, now: Time) -> Self {
        Self {
            owner,
            last: now,
            registers: [0; REGISTERS / 2],
        }
    }

    /// Whose ports these are.
    pub const fn owner(&self) -> &SourceKey {
        &self.owner
    }

    /// Adds `port`; whether that changed anything.
    pub fn insert(&mut self, seed: &Seed, port: u16) -> bool {
        registers::raise(&mut self.registers, seed.port(port))
    }

    /// The number of distinct ports, about.
    pub fn estimate(&self) -> u32 {
        // 0.7213 / (1 + 1.079 / 1024) · 1024².
        registers::estimate(&self.registers, 755_548)
    }

    /// The bytes of a cell.
    pub fn encode(&self) -> [u8; SKETCH_LEN] {
        let mut bytes = [0; SKETCH_LEN];
        let (head, registers) = bytes.split_at_mut(24);
        let (owner, rest) = head.split_at_mut(16);
        owner.copy_from_slice(self.owner.as_bytes());
        if let Some(last) = rest.first_chunk_mut() {
            *last = self.last.unix_secs().to_le_bytes();
        }
        registers.copy_from_slice(&self.registers);
        bytes
    }

    /// The sketch in the bytes of a cell.
    pub fn decode(bytes: &[u8; SKETCH_LEN]) -> Option<Self> {
        let (owner, rest) = bytes.split_first_chunk::<16>()?;
        let (last, rest) = rest.split_first_chunk::<4>()?;
        let (_reserved, rest) = rest.split_first_chunk::<4>()?;
        Some(Self {
            owner: SourceKey::from_bytes(*owner),
            last: Time::from_unix_secs(u32::from_le_bytes(*last)),
            registers: *rest.first_chunk()?,
        })
    }
}

/// The number of ports of a source whose bitmap says `narrow` and whose wide sketch, begun when
/// `begun_at` ports were known, says `wide`.
///
/// The wide sketch misses at most those first ports, and the bitmap is right only while it has
/// room: the truth lies between `wide` and `wide + begun_at`.
pub fn combined_count(narrow: u32, wide: u32, begun_at: u32) -> u32 {
    narrow.clamp(wide, wide.saturating_add(begun_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: SourceKey = SourceKey::from_bytes([1; 16]);

    #[test]
    fn counts_are_within_a_tenth_up_to_all_ports() {
        for key in 0..20 {
            let seed = Seed::new([key; 16]);
            let mut sketch = Sketch::empty(OWNER, Time::default());
            for count in 1..=u16::MAX {
                sketch.insert(&seed, count);
                if [100, 500, 1_000, 2_000, 3_000, 5_000, 20_000, u16::MAX].contains(&count) {
                    let off = sketch.estimate().abs_diff(u32::from(count));
                    assert!(
                        off * 10 <= u32::from(count),
                        "{count}: {}",
                        sketch.estimate()
                    );
                }
            }
        }
    }

    #[test]
    fn seeing_a_port_again_changes_nothing() {
        let seed = Seed::new([1; 16]);
        let mut sketch = Sketch::empty(OWNER, Time::default());
        assert!(sketch.insert(&seed, 22));
        assert!(!sketch.insert(&seed, 22));
        assert_eq!(sketch.estimate(), 1);
    }

    #[test]
    fn a_sketch_survives_its_encoding() {
        let seed = Seed::new([1; 16]);
        let mut sketch = Sketch::empty(OWNER, Time::from_unix_secs(1_790_000_000));
        (0..500).for_each(|port| {
            sketch.insert(&seed, port);
        });
        assert_eq!(Sketch::decode(&sketch.encode()), Some(sketch));
    }

    #[test]
    fn narrow_and_wide_counts_meet() {
        assert_eq!(combined_count(80, 16, 64), 80);
        assert_eq!(combined_count(600, 536, 64), 600);
        assert_eq!(combined_count(1_597, 30_000, 64), 30_000);
        assert_eq!(combined_count(1_597, 1_200, 64), 1_264);
    }
}
