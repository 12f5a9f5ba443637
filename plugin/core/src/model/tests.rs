//! Tests of the model: credit, memory, what a contact weighs.

use proptest::prelude::*;

use super::*;
use crate::source::SourceKey;
use crate::state::targets::Targets;

const SEED: Seed = Seed::new([3; 16]);
const NOW: Time = Time::from_unix_secs(1_790_000_000);
const MODEL: Model = Model {
    threshold: Nats::from_hundredths(460),
    half_life_secs: DAY_SECS,
    verdict_ttl_secs: 7 * DAY_SECS,
};

fn slot() -> Slot {
    Slot::new(SourceKey::new([192, 0, 2, 7].into(), PREFIXES), NOW)
}

const PREFIXES: crate::source::Prefixes = crate::source::Prefixes { ipv4: 32, ipv6: 64 };

fn target(port: u16) -> Target {
    Target::new(&SEED, [198, 51, 100, 1].into(), port)
}

#[test]
fn credit_grows_by_one_nat_an_hour_down_to_the_floor() {
    let mut slot = slot();
    let credits: std::vec::Vec<i32> = (0..8)
        .map(|hour| {
            let now = NOW.plus_secs(hour * HOUR_SECS);
            assert!(MODEL.served(&mut slot, now), "the first time in an hour");
            assert!(!MODEL.served(&mut slot, now), "the second");
            slot.credit.hundredths()
        })
        .collect();
    // Each hour takes 2.8 % of what there was.
    assert_eq!(credits, [100, 197, 291, 383, 400, 400, 400, 400]);
    assert_eq!(MODEL.sum(&slot, slot.scored_at).hundredths(), -400);
}

#[test]
fn good_standing_lasts_for_a_day_after_the_last_served_hour() {
    let mut slot = slot();
    assert!(!Model::in_good_standing(&slot, NOW));
    MODEL.served(&mut slot, NOW);
    assert!(Model::in_good_standing(&slot, NOW));
    assert!(Model::in_good_standing(&slot, NOW.plus_secs(DAY_SECS)));
    assert!(!Model::in_good_standing(
        &slot,
        NOW.plus_secs(DAY_SECS + 2 * HOUR_SECS)
    ));
}

#[test]
fn silence_counts_once_a_minute() {
    let mut slot = slot();
    let mut silent = |secs: u32| {
        let now = NOW.plus_secs(secs);
        let counted = MODEL.silent(&mut slot, now, &SEED, target(443), Place::Real);
        counted.contains(Evidence::Silent)
    };
    assert_eq!(
        [0, 59, 60, 61, 119, 120].map(&mut silent),
        [true, false, true, false, false, false]
    );
    assert!(silent(DAY_SECS), "half of it is forgotten");
}

#[test]
fn silence_at_a_decoy_counts_once_in_a_memory() {
    let mut slot = slot();
    let silent = |slot: &mut Slot, secs: u32| {
        let now = NOW.plus_secs(secs);
        MODEL.refresh(slot, now);
        let counted = MODEL.silent(slot, now, &SEED, target(22), Place::Decoy);
        counted.contains(Evidence::Silent)
    };
    assert!(silent(&mut slot, 0));
    assert!(!silent(&mut slot, DAY_SECS - 1));
    assert!(silent(&mut slot, DAY_SECS));
}

#[test]
fn the_memory_of_targets_is_emptied_and_the_breadth_of_a_flagged_source_is_kept() {
    for is_flagged in [false, true] {
        let mut slot = slot();
        for port in 1..=5 {
            MODEL.decoy(&mut slot, NOW, &SEED, target(port), weight::DECOY);
        }
        if is_flagged {
            assert_eq!(MODEL.judge(&mut slot, NOW), Change::Flagged);
        }
        MODEL.refresh(&mut slot, NOW.plus_secs(DAY_SECS));
        assert_eq!(slot.targets, Targets::empty());
        assert_eq!(slot.decoy_targets, 0);
        assert_eq!(slot.ports, if is_flagged { 5 } else { 0 });
    }
}

#[test]
fn a_score_has_a_ceiling() {
    let mut slot = slot();
    for port in 1..=1_000 {
        MODEL.decoy(&mut slot, NOW, &SEED, target(port), weight::DECOY);
    }
    assert_eq!(slot.score, weight::SCORE_MAX);
}

#[test]
fn a_declared_scanner_is_not_withdrawn() {
    let mut slot = slot();
    MODEL.known(&mut slot, NOW, &SEED, target(22));
    assert_eq!(MODEL.withdraw(&mut slot, NOW), Change::None);
    assert!(slot.flag.is_some());
}

proptest! {
    #[test]
    fn evidence_never_lowers_the_sum(ports in prop::collection::vec(1u16.., 1..40), gap in 0u32..7_200) {
        let mut slot = slot();
        let mut now = NOW;
        for port in ports {
            now = now.plus_secs(gap);
            let before = MODEL.sum(&slot, now);
            MODEL.decoy(&mut slot, now, &SEED, target(port), weight::DECOY);
            // One hundredth is what rounding may take.
            prop_assert!(MODEL.sum(&slot, now).hundredths() >= before.hundredths() - 1);
        }
    }

    #[test]
    fn the_sum_falls_with_time_and_never_below_the_floor(hours in 0u32..200, ports in 0u16..30) {
        let mut slot = slot();
        for port in 0..ports {
            MODEL.decoy(&mut slot, NOW, &SEED, target(port + 1), weight::DECOY);
        }
        let mut last = MODEL.sum(&slot, NOW);
        for hour in 1..=hours {
            let now = NOW.plus_secs(hour * HOUR_SECS);
            let sum = MODEL.sum(&slot, now);
            // Credit is forgotten too, and rounding takes or gives a hundredth.
            let most = last.max(Nats::ZERO).hundredths() + 1;
            prop_assert!(sum.hundredths() <= most, "{sum:?} {last:?}");
            last = sum;
            if hour % 3 == 0 {
                MODEL.served(&mut slot, now);
                last = MODEL.sum(&slot, now);
            }
            prop_assert!(last.hundredths() >= -400);
        }
    }
}
