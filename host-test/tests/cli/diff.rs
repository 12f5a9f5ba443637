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

#[test]
fn what_differs_fails_the_case_and_is_shown_line_by_line() {
    if !namespaces() {
        return;
    }
    let envoy = default_envoy().unwrap().display().to_string();
    let file = "failed/known_difference.yaml";
    assert_eq!(host_test(&["run", file]).code, Some(0));
    let ran = host_test(&["diff", file, "--envoy", &envoy]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(
        without_time(&ran.stdout),
        "FAILED failed/known_difference.yaml: a greeting where HTTP is spoken\n  \
           failed/known_difference.yaml:7:5: connection 0 differs (- harness, + Envoy)\n    \
             @@ -1,4 +1,5 @@\n    \
             -open at the end of the case: true\n    \
             +open at the end of the case: false\n     \
              open after that: false\n     \
              bytes to the client: \n     \
              bytes to the upstream: \n    \
             +closed by proxy\n\
         0 passed, 1 failed\n"
    );
}

fn namespaces() -> bool {
    Netns::available()
        .inspect_err(|reason| eprintln!("skipped: {reason}"))
        .is_ok()
}
