//! The bounded pool of wide sketches.

use alloc::string::String;

use crate::counters::Counters;
use crate::state::hash::{Seed, place};
use crate::state::page::{Page, PageKind, cells_max};
use crate::state::sketch::{SKETCH_LEN, Sketch};
use crate::state::slot::Slot;
use crate::state::store::Store;
use crate::state::table::Geometry;
use crate::state::update::{Form, Step};
use crate::time::{HOUR_SECS, Time};

/// Ports from which on a source gets a wide sketch.
pub const WIDE_FROM_PORTS: u32 = 64;

/// Sources for each of which the pool has room for one sketch.
const SOURCES_PER_SKETCH: u32 = 64;
/// A sketch that was not added to for so long may be taken by another source.
const IDLE_SECS: u32 = HOUR_SECS;

const SKETCHES_PER_PAGE: u32 = 7;
const _: () = assert!(cells_max(SKETCH_LEN) == SKETCHES_PER_PAGE as usize);

const FORM: Form = Form {
    kind: PageKind::Sketches,
    cell_len: SKETCH_LEN,
};

/// How many pages the pool of a table has.
pub const fn pages(geometry: &Geometry) -> u32 {
    geometry
        .capacity
        .div_ceil(SOURCES_PER_SKETCH * SKETCHES_PER_PAGE)
}

/// The key of page `index`.
pub fn key(geometry: &Geometry, index: u32) -> String {
    geometry.key_in("sketches", index)
}

/// Adds `port` to the sketch of the source of `slot` and returns the sketch's count; `None` where
/// that is what it was, and where the pool has no room for it.
pub fn count(
    store: &mut impl Store,
    counters: &mut Counters,
    geometry: &Geometry,
    seed: &Seed,
    slot: &Slot,
    port: u16,
    now: Time,
) -> Option<u32> {
    let key = key(geometry, place(seed.source(&slot.source), pages(geometry)));
    let counted = FORM.update(store, counters, &key, |_, _, mut page| {
        let Some((at, mut sketch)) = own_sketch(&page, slot, now) else {
            return Step::Keep(None);
        };
        if !sketch.insert(seed, port) {
            return Step::Keep(None);
        }
        let estimate = sketch.estimate();
        sketch.last = now;
        if page.put(at, &sketch.encode()) {
            Step::Write(page, Some(estimate))
        } else {
            Step::Keep(None)
        }
    });
    counted.flatten()
}

/// The sketch of this source with its place: the one it has, a new one, or one long idle.
fn own_sketch(page: &Page, slot: &Slot, now: Time) -> Option<(usize, Sketch)> {
    let sketches = || (0..page.len()).filter_map(|at| Some((at, Sketch::decode(page.cell(at)?)?)));
    if let Some((at, sketch)) = sketches().find(|(_, sketch)| *sketch.owner() == slot.source) {
        // What was counted in an earlier memory of targets is forgotten with it.
        let is_current = sketch.last >= slot.memory_at;
        return Some((
            at,
            if is_current {
                sketch
            } else {
                Sketch::empty(slot.source, now)
            },
        ));
    }
    let is_room = u32::try_from(page.len()).is_ok_and(|len| len < SKETCHES_PER_PAGE);
    let at = if is_room {
        page.len()
    } else {
        let (at, stalest) = sketches().min_by_key(|(_, sketch)| sketch.last.at_most(now))?;
        (now.secs_since(stalest.last) >= IDLE_SECS).then_some(at)?
    };
    Some((at, Sketch::empty(slot.source, now)))
}
