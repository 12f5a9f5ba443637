//! `host-test race`, with guests that count connections in shared data.

use std::path::{Path, PathBuf};

use super::command::{Ran, host_test};

fn race(arguments: &[&str]) -> Ran {
    host_test(&[&["race"], arguments].concat())
}

/// The scenario of the README, in a file of its own, and what the README says of it.
fn of_the_readme(name: &str) -> (PathBuf, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let (_, races) = text.split_once("### Races\n").unwrap();
    let block = |kind: &str| {
        let (_, block) = races.split_once(&format!("```{kind}\n")).unwrap();
        block.split_once("```").unwrap().0
    };
    let guests = folder.join("tests/guests").display().to_string();
    let path = std::env::temp_dir().join(format!("host-test-{}-{name}.yaml", std::process::id()));
    std::fs::write(&path, block("yaml").replace("tests/guests", &guests)).unwrap();
    let said = block("console").split_once('\n').unwrap().1;
    let said = said.replace("scenario.yaml", &path.display().to_string());
    (path, said)
}

#[test]
fn a_lost_update_is_found_printed_and_replayed() {
    let (path, said) = of_the_readme("lost-update");
    let file = path.display().to_string();
    let ran = race(&[&file]);
    let again = race(&[&file, "--replay", "001"]);
    let apart = race(&[&file, "--replay", "0"]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.stdout, said, "{}", ran.stdout);
    let (_, rest) = said.split_once("failed: ").unwrap();
    let (reason, rest) = rest.split_once('\n').unwrap();
    let (trace, _) = rest.split_once("to see it again").unwrap();
    assert_eq!(again.code, Some(1), "{again:?}");
    let expected = format!("{trace}FAILED {file}: schedule 001: {reason}\n");
    assert_eq!(again.stdout, expected, "{}", again.stdout);
    assert_eq!(apart.code, Some(0), "one after the other: {apart:?}");
}

#[test]
fn a_first_write_without_a_number_is_found() {
    let ran = race(&["race/first-write.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("schedule 001 failed: "), "{ran:?}");
    let ran = race(&["race/first-write.yaml", "--depth", "0"]);
    assert!(ran.stdout.contains("schedule s:"), "by chance: {ran:?}");
}

#[test]
fn what_is_right_is_right_in_every_schedule() {
    let ran = race(&["race/right.yaml", "--case", "all"]);
    let all = "ok race/right.yaml: all: 20 schedules tried, which are all there are, and 10 by \
               chance; at most 6 points, 5 choices; ";
    assert!(ran.stdout.starts_with(all), "{ran:?}");
    assert_eq!(ran.code, Some(0));
    let ran = race(&["race/right.yaml", "--case", "reduced"]);
    assert!(ran.stdout.contains("which are all there are"), "{ran:?}");
}

#[test]
fn what_cannot_be_raced_is_told() {
    for (case, reason) in [
        ("other keys", "make no host call of race.at with a key of"),
        ("one after the other", "no two lists of steps stand under"),
        (
            "one worker",
            "two lists of steps are done at the same time on worker 0",
        ),
        (
            "a list on two workers",
            "stay on one worker, but these need 0 and 1",
        ),
        (
            "time",
            "expected steps of clients, upstreams and timers alone",
        ),
        (
            "nobody",
            "there is no case \"nobody\"; there are all, reduced, ",
        ),
    ] {
        let ran = race(&["race/right.yaml", "--case", case]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(reason), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
}

#[test]
fn a_schedule_that_does_not_fit_is_told() {
    for (arguments, reason) in [
        (
            &["race/first-write.yaml", "--replay", "2"][..],
            "the schedule 2 does not fit",
        ),
        (
            &["race/first-write.yaml", "--replay", "x!"],
            "no schedule: \"x!\"",
        ),
        (&["race/right.yaml", "--replay", "0"], "name it with --case"),
    ] {
        let ran = race(arguments);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(reason), "{ran:?}");
    }
}
