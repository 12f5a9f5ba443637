//! `host-test diff`: the harness held against the real Envoy.

use real_envoy::{Netns, envoy::default_envoy};

use super::command::host_test;
use super::run::without_time;

#[test]
fn nothing_differs_in_the_scenarios_of_the_tests() {
    if !namespaces() {
        return;
    }
    let envoy = default_envoy().unwrap().display().to_string();
    // Those of timeouts end at moments at which `date` is one of the known differences.
    let files = [
        "anybody",
        "counter",
        "header",
        "http2",
        "update",
        "update_refused",
    ]
    .map(|name| format!("../scenarios/{name}.yaml"));
    let mut arguments = vec!["diff", "-q", "--envoy", &envoy];
    arguments.extend(files.iter().map(String::as_str));
    let ran = host_test(&arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let summary = without_time(&ran.stdout);
    assert!(summary.ends_with("passed, 1 impossible\n"), "{summary}");
}

fn namespaces() -> bool {
    Netns::available()
        .inspect_err(|reason| eprintln!("skipped: {reason}"))
        .is_ok()
}
