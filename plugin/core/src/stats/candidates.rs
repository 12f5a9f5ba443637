//! Which ports are counted, and which one makes room for another.
//!
//! ```text
//!  one page; the cell at n says of which port the tally n is
//!  0      2         4        8
//! ┌──────┬─────────┬────────┐
//! │ port │ sources │ last   │  u16, u16, u32: distinct sources in a day and the last contact, as of
//! └──────┴─────────┴────────┘  the last contact
//! ```
//! Where all places are taken, the port with the fewest distinct sources makes room, the longest
//! untouched first. So a port with many sources stays, however many others one source touches.

use super::ports::PORTS_MAX;
use crate::state::page::{Page, PageKind};
use crate::state::update::Form;
use crate::time::{DAY_SECS, Time};

pub(super) const KEY: &str = "portscan/1/candidates";
const CELL_LEN: usize = 8;
pub(super) const FORM: Form = Form {
    kind: PageKind::Candidates,
    cell_len: CELL_LEN,
};

/// One port that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) port: u16,
    pub(super) sources: u16,
    pub(super) last: Time,
}

impl Candidate {
    pub(super) fn new(port: u16, sources: u32, last: Time) -> Self {
        Self {
            port,
            sources: u16::try_from(sources).unwrap_or(u16::MAX),
            last,
        }
    }

    /// What keeps it its place: distinct sources, then the last contact.
    fn worth(&self, now: Time) -> (u16, Time) {
        let last = self.last.at_most(now);
        let is_over = now.secs_since(last) >= DAY_SECS;
        (if is_over { 0 } else { self.sources }, last)
    }

    pub(super) fn encode(&self) -> [u8; CELL_LEN] {
        let [p0, p1] = self.port.to_le_bytes();
        let [s0, s1] = self.sources.to_le_bytes();
        let [t0, t1, t2, t3] = self.last.unix_secs().to_le_bytes();
        [p0, p1, s0, s1, t0, t1, t2, t3]
    }

    fn decode(bytes: &[u8; CELL_LEN]) -> Self {
        let [p0, p1, s0, s1, t0, t1, t2, t3] = *bytes;
        Self {
            port: u16::from_le_bytes([p0, p1]),
            sources: u16::from_le_bytes([s0, s1]),
            last: Time::from_unix_secs(u32::from_le_bytes([t0, t1, t2, t3])),
        }
    }
}

/// All candidates with their places: no more than there are tallies, whatever a neighbour has written.
pub(super) fn all(page: &Page) -> impl Iterator<Item = (usize, Candidate)> {
    (0..page.len().min(PORTS_MAX)).filter_map(|at| Some((at, Candidate::decode(page.cell(at)?))))
}

/// The candidate of `port` with its place.
pub(super) fn find(page: &Page, port: u16) -> Option<(usize, Candidate)> {
    all(page).find(|(_, candidate)| candidate.port == port)
}

/// Where a new port is to be counted: at a free place, or that of the port worth least.
pub(super) fn room(page: &Page, now: Time) -> usize {
    if page.len() < PORTS_MAX {
        return page.len();
    }
    let least = all(page).min_by_key(|(_, candidate)| candidate.worth(now));
    least.map_or(0, |(at, _)| at)
}
