//! Which tables are in use, and the end of those that are not.
//!
//! During a change of the configuration, virtual machines with the old and the new policy live
//! side by side, each with tables of its own geometry. Shared data has no delete: what is left of
//! an old table is emptied when nobody has used it for a while.
//!
//! ```text
//!  a page of cells
//!  0           4        5        6        7        8           12       14         16
//! ┌───────────┬────────┬────────┬────────┬────────┬───────────┬────────┬──────────┐
//! │ used u32  │ kind   │ ipv6   │ net v4 │ net v6 │ capacity  │ quota  │ reserved │
//! │           │ u8     │ u8     │ u8     │ u8     │ u32       │ u16    │          │
//! └───────────┴────────┴────────┴────────┴────────┴───────────┴────────┴──────────┘
//! ```

use alloc::string::String;
use alloc::vec::Vec;

use crate::counters::{Counter, Counters};
use crate::source::Prefixes;
use crate::state::neighbours;
use crate::state::page::{Page, PageKind};
use crate::state::pool;
use crate::state::standing::Standing;
use crate::state::store::{Expected, Store};
use crate::state::table::Geometry;
use crate::state::update::{Form, Step};
use crate::time::{MINUTE_SECS, Time};

/// How often a worker says that it uses its tables.
pub const MARK_SECS: u32 = MINUTE_SECS;
/// Tables that nobody used for so long are emptied: a draining listener may live for minutes.
pub const UNUSED_SECS: u32 = 15 * MINUTE_SECS;
/// Seconds for which a table must still look unused before it is emptied. After a sleep of the
/// machine, or a step of its clock, every table looks so until those who use it have said it anew.
pub const GRACE_SECS: u32 = 10;
/// Keys emptied in one call.
pub const KEYS_PER_SWEEP: u32 = 256;

const KEY: &str = "portscan/1/geometries";
const CELL_LEN: usize = 16;
const FORM: Form = Form {
    kind: PageKind::Geometries,
    cell_len: CELL_LEN,
};

/// Something with keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// Sources and their sketches.
    Sources(Geometry),
    /// The standing filter.
    Standing(Standing),
    /// Networks.
    Networks(neighbours::Geometry),
}

impl Tables {
    /// How many keys it has.
    pub fn keys(&self) -> u32 {
        match self {
            Self::Sources(geometry) => geometry.pages().saturating_add(pool::pages(geometry)),
            Self::Standing(standing) => standing.pages(),
            Self::Networks(geometry) => geometry.pages(),
        }
    }

    fn key(&self, index: u32) -> String {
        match self {
            Self::Sources(geometry) => match index.checked_sub(geometry.pages()) {
                None => geometry.key(index),
                Some(index) => pool::key(geometry, index),
            },
            Self::Standing(standing) => standing.key(index),
            Self::Networks(geometry) => geometry.key(index),
        }
    }

    fn encode(&self, used: Time) -> [u8; CELL_LEN] {
        let [u0, u1, u2, u3] = used.unix_secs().to_le_bytes();
        let (kind, prefixes, capacity, quota) = match self {
            Self::Sources(Geometry {
                capacity,
                sources,
                networks,
                flagged_per_network,
            }) => (
                1,
                [sources.ipv6, networks.ipv4, networks.ipv6],
                *capacity,
                *flagged_per_network,
            ),
            Self::Standing(standing) => (2, [0; 3], standing.capacity(), 0),
            Self::Networks(neighbours::Geometry { capacity, networks }) => {
                (3, [0, networks.ipv4, networks.ipv6], *capacity, 0)
            }
        };
        let [p0, p1, p2] = prefixes;
        let [c0, c1, c2, c3] = capacity.to_le_bytes();
        let [q0, q1] = quota.to_le_bytes();
        [
            u0, u1, u2, u3, kind, p0, p1, p2, c0, c1, c2, c3, q0, q1, 0, 0,
        ]
    }

    fn decode(cell: &[u8; CELL_LEN]) -> Option<(Self, Time)> {
        let [
            u0,
            u1,
            u2,
            u3,
            kind,
            p0,
            p1,
            p2,
            c0,
            c1,
            c2,
            c3,
            q0,
            q1,
            0,
            0,
        ] = *cell
        else {
            return None;
        };
        let used = Time::from_unix_secs(u32::from_le_bytes([u0, u1, u2, u3]));
        let capacity = u32::from_le_bytes([c0, c1, c2, c3]);
        let tables = match kind {
            1 => Self::Sources(Geometry {
                capacity,
                sources: Prefixes { ipv4: 32, ipv6: p0 },
                networks: Prefixes { ipv4: p1, ipv6: p2 },
                flagged_per_network: u16::from_le_bytes([q0, q1]),
            }),
            2 => Self::Standing(Standing::new(capacity)),
            3 => Self::Networks(neighbours::Geometry {
                capacity,
                networks: Prefixes { ipv4: p1, ipv6: p2 },
            }),
            _ => return None,
        };
        Some((tables, used))
    }
}

/// Says that these tables are in use.
pub fn mark(store: &mut impl Store, counters: &mut Counters, tables: &[Tables], now: Time) {
    FORM.update(store, counters, KEY, |_, _, mut page| {
        let mut is_changed = false;
        for tables in tables {
            let found = (0..page.len()).find_map(|at| {
                let (known, used) = Tables::decode(page.cell(at)?)?;
                (known == *tables).then_some((at, used))
            });
            let (at, is_fresh) = match found {
                Some((at, used)) => (at, used <= now && now.secs_since(used) < MARK_SECS),
                None => (free_cell(&page), false),
            };
            if !is_fresh {
                is_changed |= page.put(at, &tables.encode(now));
            }
        }
        if is_changed {
            Step::Write(page, ())
        } else {
            Step::Keep(())
        }
    });
}

/// Tables of sources that were marked lately.
pub fn sources_in_use(store: &mut impl Store, counters: &mut Counters, now: Time) -> Vec<Geometry> {
    let Ok(Some(page)) = FORM.read(store, counters, KEY) else {
        return Vec::new();
    };
    let marked = (0..page.len()).filter_map(|at| Tables::decode(page.cell(at)?));
    let in_use = marked.filter(|(_, used)| now.secs_since(*used) < 2 * MARK_SECS);
    in_use
        .filter_map(|(tables, _)| match tables {
            Tables::Sources(geometry) => Some(geometry),
            Tables::Standing(_) | Tables::Networks(_) => None,
        })
        .collect()
}

/// The emptying of unused tables, a part at a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sweep {
    present: Option<Unused>,
}

/// A table that looks unused.
#[derive(Clone, Copy, Debug)]
struct Unused {
    tables: Tables,
    found: Time,
    /// The next of its keys to be emptied.
    next: u32,
}

impl Sweep {
    /// Does a part of the work, if there is any.
    pub fn step(&mut self, store: &mut impl Store, counters: &mut Counters, now: Time) {
        let unused = unused(store, counters, now);
        let begin = |tables: &Tables| Unused {
            tables: *tables,
            found: now,
            next: 0,
        };
        let Some(Unused {
            tables,
            found,
            next,
        }) = self.present.filter(|known| unused.contains(&known.tables))
        else {
            self.present = unused.first().map(begin);
            return;
        };
        if now.secs_since(found) < GRACE_SECS {
            return;
        }
        let end = next.saturating_add(KEYS_PER_SWEEP).min(tables.keys());
        for index in next..end {
            empty(store, counters, &tables.key(index));
        }
        if end < tables.keys() {
            self.present = Some(Unused {
                tables,
                found,
                next: end,
            });
            return;
        }
        self.present = None;
        strike(store, counters, &tables, now);
    }
}

fn unused(store: &mut impl Store, counters: &mut Counters, now: Time) -> Vec<Tables> {
    let Ok(Some(page)) = FORM.read(store, counters, KEY) else {
        return Vec::new();
    };
    let cells = (0..page.len()).filter_map(|at| Tables::decode(page.cell(at)?));
    cells
        .filter(|(_, used)| now.secs_since(*used) >= UNUSED_SECS)
        .map(|(tables, _)| tables)
        .collect()
}

/// Empties the value under `key`, unless somebody just wrote it.
fn empty(store: &mut impl Store, counters: &mut Counters, key: &str) {
    match store.get(key) {
        Ok(Some(value)) if !value.bytes.is_empty() => {
            if store.set(key, &[], Expected::Cas(value.cas)).is_err() {
                counters.count(Counter::CasConflicts);
            }
        }
        Ok(_) => {}
        Err(_) => counters.count(Counter::HostErrors),
    }
}

/// Takes `tables` off the list, unless they came into use again meanwhile.
fn strike(store: &mut impl Store, counters: &mut Counters, tables: &Tables, now: Time) {
    FORM.update(store, counters, KEY, |_, _, mut page| {
        let at = (0..page.len()).find(|at| {
            let found = page.cell(*at).and_then(Tables::decode);
            found.is_some_and(|(known, used)| {
                known == *tables && now.secs_since(used) >= UNUSED_SECS
            })
        });
        match at {
            Some(at) if page.put(at, &FREE) => Step::Write(page, ()),
            _ => Step::Keep(()),
        }
    });
}

const FREE: [u8; CELL_LEN] = [0; CELL_LEN];

/// A cell that holds nothing, or the place behind the last one.
fn free_cell(page: &Page) -> usize {
    (0..page.len())
        .find(|at| {
            page.cell(*at)
                .is_some_and(|cell| Tables::decode(cell).is_none())
        })
        .unwrap_or(page.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::memory::MemoryStore;

    const NOW: Time = Time::from_unix_secs(1_790_000_000);
    const OLD: Geometry = Geometry {
        capacity: 20_000,
        sources: Prefixes { ipv4: 32, ipv6: 64 },
        networks: Prefixes { ipv4: 24, ipv6: 48 },
        flagged_per_network: 64,
    };
    const NEW: Geometry = Geometry {
        capacity: 40_000,
        ..OLD
    };

    #[test]
    fn tables_survive_their_encoding() {
        for tables in [
            Tables::Sources(OLD),
            Tables::Standing(Standing::new(123_456)),
        ] {
            assert_eq!(Tables::decode(&tables.encode(NOW)), Some((tables, NOW)));
        }
        assert_eq!(Tables::decode(&FREE), None);
    }

    #[test]
    fn an_unused_table_is_emptied_and_one_in_use_is_not() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        for geometry in [OLD, NEW] {
            (0..geometry.pages()).for_each(|index| store.overwrite(&geometry.key(index), b"full"));
            mark(&mut store, &mut counters, &[Tables::Sources(geometry)], NOW);
        }
        let mut sweep = Sweep::default();
        let mut now = NOW;
        for _ in 0..100 {
            now = now.plus_secs(MARK_SECS);
            mark(&mut store, &mut counters, &[Tables::Sources(NEW)], now);
            sweep.step(&mut store, &mut counters, now);
            let is_early = now.secs_since(NOW) < UNUSED_SECS;
            let emptied = store.iter().filter(|(_, bytes)| bytes.is_empty()).count();
            assert!(!is_early || emptied == 0);
        }
        let is_empty = |geometry: Geometry, store: &mut MemoryStore| {
            (0..geometry.pages()).all(|index| {
                store
                    .get(&geometry.key(index))
                    .unwrap()
                    .unwrap()
                    .bytes
                    .is_empty()
            })
        };
        assert_eq!(sources_in_use(&mut store, &mut counters, now), [NEW]);
        assert!(is_empty(OLD, &mut store));
        assert!(!is_empty(NEW, &mut store));
        assert_eq!(unused(&mut store, &mut counters, now.plus_secs(1)), []);
        assert_eq!(counters.get(Counter::CasConflicts), 0);
    }

    /// The keeper's tick may be the first one after the machine has slept.
    #[test]
    fn a_table_that_is_in_use_again_is_not_emptied() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let key = NEW.key(0);
        store.overwrite(&key, b"full");
        mark(&mut store, &mut counters, &[Tables::Sources(NEW)], NOW);
        let mut sweep = Sweep::default();
        let mut now = NOW.plus_secs(2 * UNUSED_SECS);
        sweep.step(&mut store, &mut counters, now);
        mark(&mut store, &mut counters, &[Tables::Sources(NEW)], now);
        for _ in 0..100 {
            now = now.plus_secs(1);
            sweep.step(&mut store, &mut counters, now);
        }
        assert_eq!(*store.get(&key).unwrap().unwrap().bytes, *b"full");
        // Nobody says any more that it is used.
        now = now.plus_secs(UNUSED_SECS);
        sweep.step(&mut store, &mut counters, now);
        now = now.plus_secs(GRACE_SECS - 1);
        sweep.step(&mut store, &mut counters, now);
        assert_eq!(*store.get(&key).unwrap().unwrap().bytes, *b"full");
        sweep.step(&mut store, &mut counters, now.plus_secs(1));
        assert_eq!(*store.get(&key).unwrap().unwrap().bytes, *b"");
    }

    #[test]
    fn marking_what_was_just_marked_writes_nothing() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let tables = [Tables::Sources(OLD), Tables::Standing(Standing::new(1_000))];
        mark(&mut store, &mut counters, &tables, NOW);
        let writes = store.writes();
        mark(
            &mut store,
            &mut counters,
            &tables,
            NOW.plus_secs(MARK_SECS - 1),
        );
        assert_eq!(store.writes(), writes);
        mark(&mut store, &mut counters, &tables, NOW.plus_secs(MARK_SECS));
        assert_eq!(store.writes(), writes + 1);
    }
}
