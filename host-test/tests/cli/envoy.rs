//! `host-test run --envoy`: the same scenarios in the real Envoy.

use real_envoy::{Netns, envoy::default_envoy};

use super::command::host_test;
use super::run::without_time;

#[test]
fn scenarios_pass_in_the_real_envoy() {
    if !namespaces() {
        return;
    }
    let envoy = default_envoy().unwrap().display().to_string();
    let ran = host_test(&["run", "../scenarios", "--envoy", &envoy]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let hidden = |line: &str| match line.split_once(" (") {
        Some((before, _)) => before.to_owned(),
        None => line.to_owned(),
    };
    let text = without_time(&ran.stdout);
    let lines: Vec<String> = text.lines().map(hidden).collect();
    assert_eq!(
        lines,
        [
            "ok ../scenarios/anybody.yaml: to a listener that waits for a greeting first",
            "ok ../scenarios/anybody.yaml: to a listener without HTTP",
            "ok ../scenarios/anybody.yaml: to a port where nobody listens",
            "ok ../scenarios/counter.yaml: the fourth connection is closed",
            "impossible ../scenarios/counter.yaml: what a neighbour writes is believed: 18:5: \
             Envoy forgets no shared data while it runs",
            "ok ../scenarios/counter.yaml: timers run on all threads",
            "ok ../scenarios/header.yaml: headers are added both ways",
            "ok ../scenarios/header.yaml: a path is refused",
            "ok ../scenarios/header.yaml: requests are counted",
            "ok ../scenarios/http2.yaml: answers come in any order",
            "ok ../scenarios/http2.yaml: a request comes in parts, and another is given up",
            "ok ../scenarios/http2.yaml: a header that HTTP/2 forbids ends the connection",
            "ok ../scenarios/keep_all.yaml",
            "ok ../scenarios/keep_headers.yaml",
            "ok ../scenarios/timeouts.yaml: an upstream that does not answer",
            "ok ../scenarios/timeouts.yaml: a request that is not complete keeps no upstream waiting",
            "ok ../scenarios/timeouts.yaml: an idle request",
            "ok ../scenarios/timeouts.yaml: an idle upstream",
            "ok ../scenarios/timeouts.yaml: an idle stream in HTTP/2",
            "ok ../scenarios/timeouts.yaml: headers that do not come",
            "ok ../scenarios/timeouts.yaml: a connection without a byte",
            "ok ../scenarios/timeouts.yaml: a connection between requests",
            "ok ../scenarios/timeouts.yaml: a connection after its last request",
            "ok ../scenarios/timeouts.yaml: a connection of HTTP/2 after its last request",
            "ok ../scenarios/timeouts.yaml: bytes that do not come",
            "ok ../scenarios/timeouts.yaml: bytes that never come",
            "ok ../scenarios/update.yaml: new connections find the new plugin, and shared data stay",
            "ok ../scenarios/update.yaml: the same configuration changes nothing",
            "ok ../scenarios/update.yaml: after ten minutes what is gone is closed, and its timers stop",
            "ok ../scenarios/update.yaml: what comes back is begun anew",
            "ok ../scenarios/update_refused.yaml",
            "30 passed, 1 impossible",
        ]
    );
}

#[test]
fn what_is_wrong_in_the_real_envoy_fails_as_in_the_harness() {
    if !namespaces() {
        return;
    }
    let envoy = default_envoy().unwrap().display().to_string();
    let ran = host_test(&["run", "failed/envoy.yaml", "--envoy", &envoy]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(
        without_time(&ran.stdout),
        "FAILED failed/envoy.yaml: a refusal that does not come\n  \
           failed/envoy.yaml:5:12: the configuration was accepted, expected a refusal\n\
         FAILED failed/envoy.yaml: a trailer that is not there\n  \
           failed/envoy.yaml:10:49: upstream trailer x-none: expected it, found nothing\n\
         0 passed, 2 failed\n"
    );
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let ran = host_test(&["run", "../scenarios", "--envoy", "nowhere/envoy"]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(
        ran.stderr,
        "host-test: --envoy nowhere/envoy: there is no such program\n"
    );
}

fn namespaces() -> bool {
    Netns::available()
        .inspect_err(|reason| eprintln!("skipped: {reason}"))
        .is_ok()
}
