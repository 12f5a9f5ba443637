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
    let ran = host_test(&["diff", "-q", "../scenarios", "--envoy", &envoy]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let summary = without_time(&ran.stdout);
    assert!(summary.ends_with("passed, 1 impossible\n"), "{summary}");
}

fn namespaces() -> bool {
    Netns::available()
        .inspect_err(|reason| eprintln!("skipped: {reason}"))
        .is_ok()
}
