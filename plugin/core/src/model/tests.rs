//! Tests of the model: credit, memory, what a contact weighs.

use proptest::prelude::*;

use super::*;
use crate::source::SourceKey;
use crate::state::targets::Targets;
use crate::time::MINUTE_SECS;

const SEED: Seed = Seed::new([3; 16]);
const NOW: Time = Time::from_unix_secs(1_790_000_000);
const MODEL: Model = Model {
    threshold: Nats::from_hundredths(460),
    half_life_secs: DAY_SECS,
    verdict_ttl_secs: 7 * DAY_SECS,
    without: EvidenceSet::from_bits(0),
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
        let counted = MODEL.soft(&mut slot, now, &SEED, target(443), Evidence::Silent);
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
        let counted = MODEL.silent_at_decoy(slot, now, target(22));
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

fn soft(slot: &mut Slot, evidence: Evidence, secs: u32) -> bool {
    let now = NOW.plus_secs(secs);
    MODEL.refresh(slot, now);
    let counted = MODEL.soft(slot, now, &SEED, target(443), evidence);
    counted.contains(evidence)
}

#[test]
fn what_a_client_that_is_set_up_wrongly_repeats_flags_it_never() {
    for evidence in [
        Evidence::Silent,
        Evidence::Handshake,
        Evidence::Mismatch,
        Evidence::LiteralHost,
    ] {
        let mut slot = slot();
        for minutes in 0..30 * 24 * 60 {
            soft(&mut slot, evidence, minutes * MINUTE_SECS);
            let now = NOW.plus_secs(minutes * MINUTE_SECS);
            assert_eq!(MODEL.judge(&mut slot, now), Change::None, "{evidence:?}");
        }
    }
}

#[test]
fn two_ways_of_being_odd_at_one_real_port_are_enough() {
    let mut slot = slot();
    assert!(soft(&mut slot, Evidence::Silent, 0));
    assert!(soft(&mut slot, Evidence::Mismatch, 1));
    assert_eq!(MODEL.judge(&mut slot, NOW.plus_secs(1)), Change::Flagged);
}

#[test]
fn short_sessions_count_from_the_third_at_each_power_of_two() {
    let mut slot = slot();
    let counted: std::vec::Vec<u8> = (1..=255)
        .filter(|_| {
            let counted = MODEL.short_session(&mut slot, NOW, &SEED, target(22));
            counted.contains(Evidence::Bruteforce)
        })
        .collect();
    assert_eq!(counted, [3, 4, 8, 16, 32, 64, 128]);
    assert!(
        !MODEL
            .short_session(&mut slot, NOW, &SEED, target(22))
            .contains(Evidence::Bruteforce)
    );
    assert_eq!(MODEL.judge(&mut slot, NOW), Change::Flagged);
}

#[test]
fn sessions_of_another_day_are_forgotten() {
    let mut slot = slot();
    for day in 0..10 {
        let now = NOW.plus_secs(day * DAY_SECS);
        MODEL.refresh(&mut slot, now);
        for _ in 0..2 {
            let counted = MODEL.short_session(&mut slot, now, &SEED, target(22));
            assert!(counted.is_empty());
        }
    }
}

#[test]
fn neighbours_alone_flag_nobody_and_one_suspicious_target_more_does() {
    let mut slot = slot();
    slot.tags.insert(Evidence::Network);
    assert_eq!(MODEL.judge(&mut slot, NOW), Change::None);
    slot.tags.remove(Evidence::Network);
    MODEL.network(&mut slot, NOW, target(23));
    assert_eq!(MODEL.judge(&mut slot, NOW), Change::Flagged);
    assert!(slot.through_network);
    MODEL.decoy(&mut slot, NOW, &SEED, target(23), weight::DECOY);
    assert!(!slot.through_network, "it is enough by itself now");
}

#[test]
fn evidence_that_is_switched_off_weighs_nothing() {
    let model = Model {
        without: [Evidence::Decoy, Evidence::Silent].into_iter().collect(),
        ..MODEL
    };
    let mut slot = slot();
    assert!(
        model
            .decoy(&mut slot, NOW, &SEED, target(23), weight::DECOY)
            .is_empty()
    );
    model.silent_at_decoy(&mut slot, NOW, target(23));
    assert_eq!(model.sum(&slot, NOW), Nats::ZERO);
    let further = model.decoy(&mut slot, NOW, &SEED, target(24), weight::DECOY);
    assert!(further.contains(Evidence::Ports));
}

#[test]
fn a_load_balancer_that_looks_in_two_ways_is_never_flagged() {
    let mut slot = slot();
    for minutes in 0..7 * 24 * 60 {
        let now = NOW.plus_secs(minutes * MINUTE_SECS);
        soft(&mut slot, Evidence::Silent, minutes * MINUTE_SECS);
        soft(&mut slot, Evidence::LiteralHost, minutes * MINUTE_SECS + 30);
        assert_eq!(MODEL.judge(&mut slot, now), Change::None, "{minutes}");
    }
}
