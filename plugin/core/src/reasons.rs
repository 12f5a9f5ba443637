//! Why a source was flagged, in words from a fixed vocabulary.

use core::fmt;

use crate::evidence::Evidence;
use crate::exploit::listed_name;

/// Most reasons that are kept of a source.
pub const REASONS_MAX: usize = 8;
/// Bytes of the reasons in a slot.
pub(crate) const REASONS_LEN: usize = REASONS_MAX * 3;

/// One piece of evidence, in words: `touched decoy 23/tcp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What was seen.
    pub evidence: Evidence,
    /// At which port; of an exploit, its number.
    pub port: u16,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match self.evidence {
            Evidence::Decoy => write!(f, "touched decoy {port}/tcp"),
            Evidence::Ports => write!(f, "went on to {port}/tcp"),
            Evidence::Silent => write!(f, "silent on {port}/tcp"),
            Evidence::Mismatch => write!(f, "another protocol on {port}/tcp"),
            Evidence::Handshake => write!(f, "failed handshake on {port}/tcp"),
            Evidence::Bruteforce => write!(f, "many short sessions on {port}/tcp"),
            Evidence::Exploit => match listed_name(port) {
                Some(name) => write!(f, "asked for {name}"),
                None => f.write_str("asked for a pattern of the policy"),
            },
            Evidence::LiteralHost => write!(f, "asked for a bare address on {port}/tcp"),
            Evidence::Network => write!(f, "neighbours scan, touched {port}/tcp"),
            Evidence::Known => write!(f, "declared scanner on {port}/tcp"),
        }
    }
}

/// The last reasons of a source, newest first, none of them twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reasons([u8; REASONS_LEN]);

impl Reasons {
    /// No reason.
    pub const fn empty() -> Self {
        Self([NONE; REASONS_LEN])
    }

    pub(crate) const fn from_bytes(bytes: [u8; REASONS_LEN]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; REASONS_LEN] {
        &self.0
    }

    /// Puts `reason` in front; beyond eight the oldest is forgotten.
    pub fn push(&mut self, reason: Reason) {
        let others = self.iter().filter(|other| *other != reason);
        let mut bytes = [NONE; REASONS_LEN];
        for (place, reason) in bytes
            .chunks_exact_mut(3)
            .zip([reason].into_iter().chain(others))
        {
            let [low, high] = reason.port.to_le_bytes();
            place.copy_from_slice(&[reason.evidence as u8, low, high]);
        }
        self.0 = bytes;
    }

    /// The reasons, newest first.
    pub fn iter(&self) -> impl Iterator<Item = Reason> {
        self.0.chunks_exact(3).filter_map(|bytes| match bytes {
            [number, low, high] => Some(Reason {
                evidence: Evidence::from_number(*number)?,
                port: u16::from_le_bytes([*low, *high]),
            }),
            _ => None,
        })
    }
}

/// The number of no kind of evidence.
const NONE: u8 = u8::MAX;

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn the_newest_eight_are_kept_each_once() {
        let mut reasons = Reasons::empty();
        for port in [1, 2, 3, 4, 5, 6, 7, 8, 9, 5] {
            reasons.push(Reason {
                evidence: Evidence::Decoy,
                port,
            });
        }
        let ports: Vec<u16> = reasons.iter().map(|reason| reason.port).collect();
        assert_eq!(ports, [5, 9, 8, 7, 6, 4, 3, 2]);
    }

    #[test]
    fn reasons_are_words() {
        let reason = Reason {
            evidence: Evidence::Decoy,
            port: 23,
        };
        assert_eq!(reason.to_string(), "touched decoy 23/tcp");
    }
}
