//! What the portal answers to requests of all kinds.

use std::io::{Read, Write};

use anyhow::ensure;
use real_envoy::{
    Result,
    http::{Request, Source},
};

use super::{ask, client, feed_with, get, json, portal};
use crate::edge::{Edge, knock};

#[test]
fn a_scanner_is_found_by_address_and_stands_in_the_feed() -> Result<()> {
    let edge = Edge::start("edge.yaml")?;
    let scanner = Source::loopback(30, 0, 1);
    let clean = json(&edge, "/v1/ip/127.30.0.1")?;
    assert_eq!(
        (&clean["found"], &clean["is_portscan"]),
        (&false.into(), &false.into())
    );
    knock(&scanner, edge.decoy(0))?;
    knock(&scanner, edge.decoy(1))?;

    let found = json(&edge, "/v1/ip/127.30.0.1")?;
    assert_eq!(found["is_portscan"], true);
    let portscan = &found["portscan"];
    assert_eq!(portscan["kind"], "vertical");
    let ports: Vec<_> = [0, 1].map(|n| edge.decoy(n).port().into()).to_vec();
    assert_eq!(portscan["ports"], serde_json::Value::Array(ports));
    let reason = format!("touched decoy {}/tcp", edge.decoy(1).port());
    assert_eq!(portscan["reasons"][0], reason);

    feed_with(&edge, "/v1/feed.txt", "127.30.0.1\n")?;
    let feed = json(&edge, "/v1/feed.json?kind=vertical")?;
    assert_eq!(feed["entries"][0]["ip"], "127.30.0.1");
    assert_eq!(feed["entries"][0]["risk"], portscan["risk"]);
    assert_eq!(edge.metric("host_errors_total")?, 0);
    Ok(())
}

#[test]
fn answers_carry_what_caches_and_clients_need() -> Result<()> {
    let edge = Edge::start("edge.yaml")?;
    knock(&Source::loopback(30, 1, 1), edge.decoy(0))?;
    feed_with(&edge, "/v1/feed.json", "127.30.1.1")?;
    let answer = get(&edge, "/v1/feed.json")?;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-feed-entries"), Some("1"));
    assert_eq!(answer.header("cache-control"), Some("max-age=1"));
    let time = answer.header("x-feed-generated-at").expect("a time");
    assert!(answer.text().contains(time));
    let etag = answer.header("etag").expect("a version").to_owned();

    // Of HEAD the headers alone.
    let head = ask(&edge, "HEAD", "/v1/feed.json", &[])?;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("etag"), Some(etag.as_str()));
    assert_eq!(
        head.header("content-length"),
        answer.header("content-length")
    );
    // And of a version that is known not even that.
    let same = ask(&edge, "GET", "/v1/feed.json", &[("if-none-match", &etag)])?;
    assert_eq!((same.status, same.body.len()), (304, 0));
    Ok(())
}

#[test]
fn what_is_wrong_is_said_as_a_problem_document() -> Result<()> {
    let edge = Edge::start("edge.yaml")?;
    for (method, target, status, part) in [
        ("GET", "/v2", 404, "/v1/ip/{ip}"),
        ("DELETE", "/v1/feed.json", 405, "GET, HEAD"),
        ("GET", "/v1/feed.json?limit=5", 400, "limit"),
        ("GET", "/v1/ip/me", 400, "not an IP address"),
        ("GET", "/v1/ip/%", 400, "%"),
    ] {
        let answer = ask(&edge, method, target, &[])?;
        assert_eq!(answer.status, status, "{target}");
        let content_type = answer.header("content-type");
        assert_eq!(content_type, Some("application/problem+json"));
        let problem: serde_json::Value = serde_json::from_slice(&answer.body)?;
        assert_eq!(problem["status"], status);
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(part), "{detail}");
    }
    let refused = ask(&edge, "PUT", "/v1/feed.json", &[])?;
    assert_eq!(refused.header("allow"), Some("GET, HEAD"));
    Ok(())
}

#[test]
fn bodies_long_queries_and_old_clients_harm_nobody() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.concurrency(1))?;
    let with_body = Request::new("GET", "/v1/feed.txt").chunked();
    for target in ["/v1/feed.txt", "/v1/ip/::1", "/nowhere"] {
        let answer = client(&edge).send(portal(&edge), &Request::post(target, vec![b'x'; 100_000]));
        // Envoy may close before it has read everything.
        if let Ok(answer) = answer {
            assert_eq!(answer.status, 400, "{target}");
        }
    }
    assert_eq!(client(&edge).send(portal(&edge), &with_body)?.status, 400);
    let long = "x".repeat(40_000);
    assert_eq!(get(&edge, &format!("/v1/feed.txt?{long}"))?.status, 414);
    let longer = "x".repeat(70_000);
    assert_eq!(get(&edge, &format!("/v1/feed.txt?{longer}"))?.status, 431);

    let mut stream = client(&edge).connect(portal(&edge))?;
    stream.write_all(b"GET /v1/feed.csv HTTP/1.0\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    ensure!(text.contains(" 426 Upgrade Required\r\n"), "{text}");

    // A client that does not wait for its answer.
    for _ in 0..50 {
        let mut stream = client(&edge).connect(portal(&edge))?;
        stream.write_all(b"GET /v1/feed.json?max=7 HTTP/1.1\r\nhost: p\r\n\r\n")?;
    }
    assert_eq!(get(&edge, "/v1/feed.txt")?.status, 200);
    assert_eq!(edge.metric("host_errors_total")?, 0);
    Ok(())
}
