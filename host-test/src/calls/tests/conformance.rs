//! Guests of the conformance set that call out report here what they report in a real Envoy.

use crate::conformance::{Guest, Version, harness};
use crate::guest::Engine;

#[track_caller]
fn check(name: &str) {
    let guest = Guest::named(name).unwrap();
    let mut expected = guest.expected_lines(Version::NEWEST);
    // What the upstream has got is seen elsewhere.
    expected.retain(|line| !line.starts_with("upstream "));
    let reported = harness::run(guest, &Engine::new().unwrap()).unwrap();
    assert_eq!(reported, expected, "{name}");
}

#[test]
fn http_calls_are_as_in_envoy() {
    check("http_call");
    check("http_call_answers");
}

#[test]
fn grpc_calls_are_as_in_envoy() {
    check("grpc");
    check("grpc_call");
}

#[test]
fn grpc_streams_are_as_in_envoy() {
    check("grpc_stream");
}
