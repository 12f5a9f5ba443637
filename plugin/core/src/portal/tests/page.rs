//! The dashboard's files.

use super::*;

#[test]
fn the_page_comes_gzipped_and_locked_down() {
    let mut edge = Edge::new();
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/app.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = edge.get(path).expect_bytes(200);
        assert_eq!(answer.header("content-type"), content_type);
        assert_eq!(answer.header("content-encoding"), "gzip");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        // The magic number of gzip, deflate, and no time or name of a file: RFC 1952 section 2.3.
        let body = answer.0.body.as_bytes();
        assert_eq!(body.get(..8), Some(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0][..]));
    }
}

#[test]
fn a_file_that_the_browser_has_is_not_sent_again() {
    let mut edge = Edge::new();
    let etag = edge.get("/app.js").header("etag").to_string();
    let again = edge.ask("GET", "/app.js", &[("if-none-match", &etag)]);
    assert_eq!(again.expect(304).text(), "");
    let other = edge.ask("GET", "/app.css", &[("if-none-match", &etag)]);
    assert_eq!(other.0.status, 200);
}

#[test]
fn the_page_needs_no_token_and_what_it_asks_for_does() {
    // printf secret | sha256sum
    let hex = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    let token = crate::config::SecretDigest::parse(hex);
    let mut edge = Edge::with(
        "{}",
        Config {
            token,
            ..Config::default()
        },
    );
    for path in ["/", "/app.js", "/app.css", "/icon.svg"] {
        assert_eq!(edge.get(path).0.status, 200, "{path}");
    }
    edge.get("/v1/feed.json").refused(401);
}

#[test]
fn the_page_takes_no_parameters_and_no_other_methods() {
    let mut edge = Edge::new();
    let detail = edge.get("/?theme=dark").refused(400);
    assert_eq!(
        detail,
        "parameter \"theme\" is unknown: there are none here"
    );
    let answer = edge.ask("POST", "/", &[]);
    assert_eq!(answer.header("allow"), "GET, HEAD");
    answer.refused(405);
}
