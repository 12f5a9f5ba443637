//! Bytes out of shared data: pages and cells of any content are refused, or read and written back
//! without loss, and whatever they say can be judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portscan_core::config::Sensitivity;
use portscan_core::evidence::{Evidence, EvidenceSet, Nats};
use portscan_core::header;
use portscan_core::model::Model;
use portscan_core::state::hash::Seed;
use portscan_core::state::page::{PAGE_LEN_MAX, Page, PageKind};
use portscan_core::state::sketch::{SKETCH_LEN, Sketch};
use portscan_core::state::slot::{SLOT_LEN, Slot};
use portscan_core::state::targets::Target;
use portscan_core::time::Time;
use portscan_core::verdict::Verdict;
use portscan_core_fuzz::check_tag;

fuzz_target!(|bytes: &[u8]| {
    if let Some(cell) = bytes.first_chunk::<SLOT_LEN>() {
        check_slot(cell, bytes[SLOT_LEN..].first_chunk().copied());
    }
    if let Some(cell) = bytes.first_chunk::<SKETCH_LEN>() {
        check_sketch(cell);
    }
    for (kind, cell_len) in FORMS {
        check_page(kind, cell_len, bytes);
    }
});

const FORMS: [(PageKind, usize); 3] = [
    (PageKind::Shard, SLOT_LEN),
    (PageKind::Sketches, SKETCH_LEN),
    (PageKind::Ring, 8),
];

const SEED: Seed = Seed::new([7; Seed::LEN]);

/// A slot of any content survives a round trip, and the model can go on from there.
fn check_slot(cell: &[u8; SLOT_LEN], now: Option<[u8; 4]>) {
    let Some(mut slot) = Slot::decode(cell) else {
        return;
    };
    assert_eq!(Slot::decode(&slot.encode()), Some(slot));
    let now = Time::from_unix_secs(u32::from_le_bytes(now.unwrap_or([0, 0, 0, 0x6b])));
    let model = Model {
        threshold: Sensitivity::Medium.threshold(),
        half_life_secs: 86_400,
        verdict_ttl_secs: 604_800,
        without: EvidenceSet::default(),
    };
    model.refresh(&mut slot, now);
    let address = [192, 0, 2, 1].into();
    let target = Target::new(&SEED, address, 23);
    model.decoy(&mut slot, now, &SEED, target, Nats::from_hundredths(600));
    model.silent_at_decoy(&mut slot, now, target);
    for evidence in Evidence::ALL {
        model.soft(&mut slot, now, &SEED, target, evidence);
    }
    model.short_session(&mut slot, now, &SEED, target);
    model.exploit(
        &mut slot,
        now,
        &SEED,
        target,
        (1, Nats::from_hundredths(600)),
    );
    model.network(&mut slot, now, target);
    model.served(&mut slot, now);
    model.judge(&mut slot, now);
    if let Some(verdict) = Verdict::of(&slot, &model, now, None) {
        check_tag(&header::render(&verdict));
    }
    for reason in slot.reasons.iter() {
        assert!(!reason.to_string().is_empty());
    }
}

fn check_sketch(cell: &[u8; SKETCH_LEN]) {
    let mut sketch = Sketch::decode(cell).expect("a sketch may have any content");
    assert_eq!(Sketch::decode(&sketch.encode()).as_ref(), Some(&sketch));
    sketch.insert(&SEED, 23);
    assert!(!sketch.insert(&SEED, 23));
    assert!(sketch.estimate() > 0);
}

/// Any bytes are refused as a page, or are one; and any cells make one that is read back.
fn check_page(kind: PageKind, cell_len: usize, bytes: &[u8]) {
    if let Ok(page) = Page::parse(kind, cell_len, bytes.to_vec()) {
        assert_eq!(page.as_bytes(), bytes);
    }
    let mut page = Page::empty(kind, cell_len);
    for cell in bytes.chunks_exact(cell_len) {
        let len = page.len();
        assert_eq!(page.put(len, cell), page.len() == len + 1);
    }
    if let Some(last) = bytes.rchunks_exact(cell_len).next() {
        assert!(page.put(0, last));
    }
    let value = page.as_bytes().to_vec();
    assert!(value.len() <= PAGE_LEN_MAX);
    assert_eq!(Page::parse(kind, cell_len, value), Ok(page));
}
