//! Who may ask for what.

use super::*;
use crate::config::SecretDigest;

/// The digest of `secret`.
pub(super) const SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

#[test]
fn a_token_opens_the_portal() {
    let token = SecretDigest::parse(SECRET);
    let mut edge = Edge::with(
        "{}",
        Config {
            token,
            ..Config::default()
        },
    );
    let answer = edge.get("/v1/feed.json");
    assert!(answer.header("www-authenticate").starts_with("Bearer "));
    answer.refused(401);
    let mut with = |value: &str| edge.ask("GET", "/v1/feed.json", &[("authorization", value)]);
    with("Bearer secret").expect(200);
    with("bearer  secret ").expect(200);
    for wrong in [
        "",
        "secret",
        "Basic secret",
        "Bearer",
        "Bearer ",
        "Bearer secrets",
        "Bearersecret",
        "é",
    ] {
        with(wrong).refused(401);
    }
}

#[test]
fn nothing_is_forgotten_without_a_token() {
    let refused = Edge::new()
        .ask("POST", "/v1/forget?ip=::1", &[])
        .refused(403);
    assert!(refused.contains("token_sha256"), "{refused}");
    let token = SecretDigest::parse(SECRET);
    let mut edge = Edge::with(
        "{}",
        Config {
            token,
            ..Config::default()
        },
    );
    edge.ask(
        "POST",
        "/v1/forget?ip=::1",
        &[("authorization", "Bearer x")],
    )
    .refused(401);
    let key = [("authorization", "Bearer secret")];
    edge.ask("POST", "/v1/forget", &key).refused(400);
    edge.ask("POST", "/v1/forget?ip=x", &key).refused(400);
    assert_eq!(
        edge.ask("GET", "/v1/forget?ip=::1", &key).header("allow"),
        "POST"
    );
}

#[test]
fn a_bouncer_needs_its_key() {
    let bouncer_key = SecretDigest::parse(SECRET);
    let mut edge = Edge::with(
        "{}",
        Config {
            bouncer_key,
            ..Config::default()
        },
    );
    for target in ["/v1/decisions/stream", "/v1/decisions?ip=::1"] {
        edge.get(target).refused(403);
        edge.ask("GET", target, &[("x-api-key", "Secret")])
            .refused(403);
        edge.ask("GET", target, &[("x-api-key", "secret")])
            .expect(200);
    }
    // The rest is open, as long as there is no token.
    edge.get("/v1/feed.txt").expect(200);
    // And with one the key opens nothing but decisions, and the token these too.
    let token =
        SecretDigest::parse("5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8");
    let mut edge = Edge::with(
        "{}",
        Config {
            bouncer_key,
            token,
            ..Config::default()
        },
    );
    edge.ask("GET", "/v1/feed.txt", &[("x-api-key", "secret")])
        .refused(401);
    let password = [("authorization", "Bearer password")];
    edge.ask("GET", "/v1/feed.txt", &password).expect(200);
    edge.ask("GET", "/v1/decisions/stream", &password)
        .expect(200);
}
