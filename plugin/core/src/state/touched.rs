//! Decoy ports that clients in good standing touch: a moved service, a reused cloud address.
//!
//! How likely a harmless client touches a decoy is learnt from clients that were served: for each
//! port, distinct networks of such clients are counted in this window and the one before. The more
//! there are, the less a contact with that port says. Sources that are flagged teach nothing, and a
//! network counts once, so that a scanner needs as many networks in good standing as real clients
//! would have, for every port and every day.
//!
//! ```text
//!  one page of cells
//!  0        2        4             8                  16                 24
//! ┌────────┬────────┬─────────────┬──────────────────┬──────────────────┐
//! │ port   │ window │ reserved    │ networks, this   │ networks, last   │
//! │ u16    │ u16    │             │ window, 64 bits  │ window, 64 bits  │
//! └────────┴────────┴─────────────┴──────────────────┴──────────────────┘
//! ```

use alloc::collections::BTreeMap;

use crate::counters::Counters;
use crate::evidence::Nats;
use crate::state::hash::place;
use crate::state::page::{Page, PageKind, cells_max};
use crate::state::store::Store;
use crate::state::update::{Form, Step};
use crate::time::{DAY_SECS, Time};

const KEY: &str = "portscan/1/touched";
const CELL_LEN: usize = 24;
/// Ports that are remembered; where all are, the one with the fewest networks makes room.
pub const PORTS_MAX: usize = cells_max(CELL_LEN);
const WINDOW_SECS: u32 = DAY_SECS;
const BITS: u32 = 64;

const FORM: Form = Form {
    kind: PageKind::Ports,
    cell_len: CELL_LEN,
};

/// What a contact with a port weighs less, in hundredths of a nat, by the number of set bits:
/// `ln(1 + n / 8)` for `n = 64 · ln(64 / (64 − bits))` networks (linear counting). Eight networks
/// halve the likelihood ratio; 25 take a stranger's first contact below the threshold of medium;
/// the filter holds no more than 266.
const DISCOUNTS: [u16; 64] = [
    0, 12, 23, 33, 42, 50, 58, 66, 73, 79, 86, 92, 98, 104, 109, 114, 119, 124, 129, 134, 139, 143,
    147, 152, 156, 160, 164, 168, 172, 176, 180, 184, 188, 192, 195, 199, 203, 207, 210, 214, 218,
    222, 226, 229, 233, 237, 241, 245, 249, 253, 258, 262, 267, 271, 276, 282, 287, 293, 299, 306,
    314, 324, 336, 353,
];

/// A contact of a client in good standing with a decoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The decoy's port.
    pub port: u16,
    /// The hash of the client's network.
    pub network: u64,
}

/// Notes `touches`.
pub fn note(store: &mut impl Store, counters: &mut Counters, touches: &[Touch], now: Time) {
    let window = window(now);
    FORM.update(store, counters, KEY, |_, _, mut page| {
        let mut is_changed = false;
        for touch in touches {
            let (at, mut cell) = cell_of(&page, touch.port, window);
            let [present, _] = &mut cell.networks;
            *present |= 1 << place(touch.network, BITS);
            if page.cell(at) != Some(&cell.encode()) {
                is_changed |= page.put(at, &cell.encode());
            }
        }
        if is_changed {
            Step::Write(page, ())
        } else {
            Step::Keep(())
        }
    });
}

/// What contacts weigh less, by port. Nothing where shared data refuses (counted).
pub fn discounts(
    store: &mut impl Store,
    counters: &mut Counters,
    now: Time,
) -> BTreeMap<u16, Nats> {
    let Ok(Some(page)) = FORM.read(store, counters, KEY) else {
        return BTreeMap::new();
    };
    let window = window(now);
    let cells = (0..page.len()).filter_map(|at| page.cell(at).map(Cell::decode));
    cells
        .map(|cell| (cell.port, cell.turned(window).discount()))
        .filter(|(_, discount)| *discount > Nats::ZERO)
        .collect()
}

fn window(now: Time) -> u16 {
    u16::try_from((now.unix_secs() / WINDOW_SECS) & 0xffff).unwrap_or(0)
}

/// The cell of `port` in the present window and its place: its own, a free one, or that of the port
/// with the fewest networks.
fn cell_of(page: &Page, port: u16, window: u16) -> (usize, Cell) {
    let cells = || (0..page.len()).filter_map(|at| Some((at, Cell::decode(page.cell(at)?))));
    if let Some((at, cell)) = cells().find(|(_, cell)| cell.port == port) {
        return (at, cell.turned(window));
    }
    let new = Cell {
        port,
        window,
        networks: [0; 2],
    };
    if page.len() < PORTS_MAX {
        return (page.len(), new);
    }
    let least = cells().min_by_key(|(_, cell)| cell.turned(window).count());
    (least.map_or(0, |(at, _)| at), new)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    port: u16,
    window: u16,
    /// In this window and the one before.
    networks: [u64; 2],
}

impl Cell {
    /// The cell in the window `present`.
    fn turned(mut self, present: u16) -> Self {
        let [this, _] = self.networks;
        match present.wrapping_sub(self.window) {
            0 => {}
            1 => self.networks = [0, this],
            _ => self.networks = [0; 2],
        }
        self.window = present;
        self
    }

    const fn count(self) -> u32 {
        let [this, last] = self.networks;
        (this | last).count_ones()
    }

    fn discount(self) -> Nats {
        let bits = usize::try_from(self.count()).unwrap_or(usize::MAX);
        let most = DISCOUNTS.len().saturating_sub(1);
        let discount = DISCOUNTS.get(bits.min(most)).copied().unwrap_or(0);
        Nats::from_hundredths(discount.into())
    }

    fn encode(self) -> [u8; CELL_LEN] {
        let mut bytes = [0; CELL_LEN];
        let head = [self.port, self.window, 0, 0].map(u16::to_le_bytes);
        let bits = self.networks.map(u64::to_le_bytes);
        let fields = head.as_flattened().iter().chain(bits.as_flattened());
        for (place, byte) in bytes.iter_mut().zip(fields) {
            *place = *byte;
        }
        bytes
    }

    fn decode(bytes: &[u8; CELL_LEN]) -> Self {
        let [p0, p1, w0, w1, _, _, _, _, bits @ ..] = *bytes;
        let (this, last) = bits.split_at(8);
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        Self {
            port: u16::from_le_bytes([p0, p1]),
            window: u16::from_le_bytes([w0, w1]),
            networks: [word(this), word(last)],
        }
    }
}

#[cfg(test)]
mod tests;
