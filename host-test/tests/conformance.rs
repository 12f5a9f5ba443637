//! The conformance set is complete, and the newest real Envoy says what its expectations say.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use host_test::conformance::{GUESTS, Guest, Version, harness, real};
use host_test::guest::Engine;
use real_envoy::envoy::default_envoy;

#[test]
fn every_file_of_the_folder_belongs_to_a_listed_guest() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let mut expected: BTreeSet<PathBuf> = ["imports.wat", "prelude.wat"]
        .iter()
        .map(|name| folder.join(name))
        .collect();
    for guest in GUESTS {
        for kind in ["wat", "expected"] {
            expected.insert(folder.join(format!("{}.{kind}", guest.name)));
        }
    }
    let found: BTreeSet<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn every_guest_assembles_and_reports_something() {
    for guest in GUESTS {
        guest.module().unwrap();
        assert!(
            !guest.expected_lines(Version::NEWEST).is_empty(),
            "{} has no expectations",
            guest.name
        );
    }
}

#[test]
fn the_set_is_large_and_in_order() {
    let checks: usize = GUESTS
        .iter()
        .map(|guest| guest.expected_lines(Version::NEWEST).len())
        .sum();
    assert!(checks >= 1_500, "only {checks} checks");
    assert!(GUESTS.is_sorted_by_key(|guest| guest.name));
}

#[test]
fn this_harness_reports_what_the_newest_envoy_reports() {
    let engine = Engine::new().unwrap();
    let differing = |guest: &&Guest| {
        let lines = harness::run(guest, &engine).unwrap();
        guest.compare(Version::NEWEST, &lines).err()
    };
    let (excused, others): (Vec<&Guest>, Vec<&Guest>) = GUESTS.iter().partition(|guest| {
        harness::NOT_YET_RIGHT
            .iter()
            .any(|(name, _)| *name == guest.name)
    });
    let problems: Vec<String> = others
        .iter()
        .filter_map(differing)
        .map(|mismatch| mismatch.to_string())
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    // Whoever mends one takes its excuse away.
    assert_eq!(excused.len(), harness::NOT_YET_RIGHT.len());
    for guest in excused {
        assert!(
            differing(&guest).is_some(),
            "{} needs no excuse",
            guest.name
        );
    }
}

#[test]
fn every_check_of_a_guest_fails_in_some_broken_host() {
    let engine = Engine::new().unwrap();
    for name in [
        "timer",
        "refused_start",
        "trap_connection",
        "fail_open_http",
    ] {
        let guest = Guest::named(name).unwrap();
        let mut left: BTreeSet<usize> = (0..guest.expected_lines(Version::NEWEST).len()).collect();
        for breakage in guest.breakages() {
            let lines = harness::run_broken(guest, &breakage, &engine).unwrap();
            if let Err(mismatch) = guest.compare(Version::NEWEST, &lines) {
                left.retain(|index| !mismatch.failed().contains(index));
            }
        }
        assert!(left.is_empty(), "{name}: lines {left:?} never failed");
    }
}

#[test]
fn the_newest_envoy_reports_what_is_expected() {
    let guests: Vec<&Guest> = GUESTS.iter().collect();
    let measurement = real::measure(&default_envoy().unwrap(), &guests).unwrap();
    assert_eq!(measurement.version, Version::NEWEST);
    let problems: Vec<String> = measurement
        .mismatches()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
