//! `host-test run` and `host-test trace`.

use serde_json::Value;

use super::command::{assert_is_file, folder, host_test};

/// What a run prints, without how long it took.
pub(super) fn without_time(text: &str) -> String {
    let lines = text.lines().map(|line| match line.rsplit_once(" in ") {
        Some((before, time)) if time.ends_with(" s") => before,
        _ => line,
    });
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_is_as_expected_is_a_line_a_case() {
    let ran = host_test(&[
        "run",
        "../scenarios/counter.yaml",
        "../scenarios/header.yaml",
        "--jobs",
        "3",
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        without_time(&ran.stdout),
        "ok ../scenarios/counter.yaml: the fourth connection is closed\n\
         ok ../scenarios/counter.yaml: what a neighbour writes is believed\n\
         ok ../scenarios/counter.yaml: timers run on all threads\n\
         ok ../scenarios/header.yaml: headers are added both ways\n\
         ok ../scenarios/header.yaml: a path is refused\n\
         ok ../scenarios/header.yaml: requests are counted\n\
         6 passed\n"
    );
}

#[test]
fn all_scenarios_of_a_folder_pass() {
    let ran = host_test(&["run", "../scenarios", "-q"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
}

#[test]
fn cases_are_chosen_by_file_and_name() {
    let ran = host_test(&[
        "run",
        "../scenarios",
        "--list",
        "--filter",
        "counter.yaml: t",
    ]);
    assert_eq!(
        ran.stdout,
        "../scenarios/counter.yaml: the fourth connection is closed\n\
         ../scenarios/counter.yaml: timers run on all threads\n"
    );
    let ran = host_test(&["run", "../scenarios", "--filter", "path is refused", "-q"]);
    assert_eq!(without_time(&ran.stdout), "1 passed\n");
    let ran = host_test(&["run", "../scenarios", "--filter", "nothing like this"]);
    assert_eq!(ran.stderr, "host-test: no case matches the filter\n");
    assert_eq!(ran.code, Some(2));
}

#[test]
fn differences_are_shown_with_the_calls_of_the_last_step() {
    let ran = host_test(&["run", "failed/differences.yaml"]);
    assert_eq!(ran.code, Some(1));
    let path = folder().join("failed/differences.txt");
    assert_is_file(&without_time(&ran.stdout), &path);
}

#[test]
fn the_json_report_tells_every_failure() {
    let ran = host_test(&[
        "run",
        "failed/differences.yaml",
        "../scenarios/header.yaml",
        "--json",
        "-",
    ]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let counts = ["version", "passed", "failed", "invalid"].map(|key| report[key].as_u64());
    assert_eq!(counts, [Some(1), Some(3), Some(1), Some(0)]);
    let cases = report["cases"].as_array().unwrap();
    let failed = cases
        .iter()
        .find(|case| case["verdict"] == "failed")
        .unwrap();
    assert_eq!(failed["file"], "failed/differences.yaml");
    let failures = failed["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 10);
    assert_eq!(failures[0]["line"], 9);
    assert!(
        failures[0]["reason"]
            .as_str()
            .unwrap()
            .starts_with("upstream header x-guest")
    );
    assert!(!failures[0]["trace"].as_array().unwrap().is_empty());
}

#[test]
fn the_junit_report_has_a_suite_for_each_file() {
    let path = std::env::temp_dir().join(format!("host-test-junit-{}.xml", std::process::id()));
    let file = path.display().to_string();
    let broken = "broken/unknown_step.yaml";
    let ran = host_test(&[
        "run",
        "failed/differences.yaml",
        "../scenarios/header.yaml",
        broken,
        "--junit",
        &file,
    ]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let all = r#"<testsuites name="host-test" tests="5" skipped="0" failures="1" errors="1""#;
    assert!(text.contains(all), "{text}");
    assert_eq!(text.matches("<testsuite ").count(), 3, "{text}");
    assert!(
        text.contains(r#"<testcase name="a path is refused""#),
        "{text}"
    );
}

#[test]
fn it_tells_its_version() {
    let ran = host_test(&["--version"]);
    let expected = concat!("host-test ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!((ran.stdout.as_str(), ran.code), (expected, Some(0)));
}

#[test]
fn a_trace_holds_every_call_with_its_arguments() {
    let ran = host_test(&[
        "trace",
        "../scenarios/header.yaml",
        "--case",
        "a path is refused",
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let wanted = "+0.000 worker 0   proxy_send_local_response code=403 details=\"denied_by_guest\" \
                  body=\"no entry\\n\" ";
    assert!(
        ran.stdout.lines().any(|line| line.starts_with(wanted)),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("worker 0 proxy_on_request_headers -> 1\n"),
        "{}",
        ran.stdout
    );
    let ran = host_test(&["trace", "../scenarios/header.yaml", "--format", "json"]);
    let entries = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let entry = entries
        .into_iter()
        .find(|entry| entry["name"] == "proxy_log")
        .unwrap();
    assert_eq!(entry["values"]["text"], "saw a request");
    assert_eq!(entry["status"], 0);
    let ran = host_test(&["trace", "../scenarios/header.yaml", "--case", "unheard of"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr
            .contains("there is no case \"unheard of\"; there are"),
        "{ran:?}"
    );
}

#[test]
fn calls_of_guests_are_seen_and_answered() {
    let ran = host_test(&["run", "calls.yaml"]);
    assert_eq!(
        without_time(&ran.stdout),
        "ok calls.yaml: the answer decides\n\
         ok calls.yaml: a call that nobody answers times out\n\
         ok calls.yaml: a call that fails is answered by Envoy itself\n\
         3 passed\n"
    );
}
