//! Evidence beyond decoys, in the real Envoy: exploits, logins, networks, failed handshakes.

use std::io::Write;

use real_envoy::{
    Result,
    http::{Request, Source, read_until_close},
};

use crate::{
    edge::{self, Edge, PATIENCE, POLICY},
    tls::make_certificate,
    words::Words,
};

#[test]
fn an_exploit_is_tagged_on_that_very_request() -> Result<()> {
    let edge = Edge::start_with("edge-inspect.yaml", |builder| builder.concurrency(1))?;
    let attacker = Source::loopback(28, 0, 1);
    let tag = edge::tag(&attacker.get(edge.service(), "/.env")?)?;
    let tag = Words::of(&tag.unwrap_or_default());
    assert_eq!(
        (tag.class.as_str(), &tag.tags[..]),
        ("malicious", &["exploit".to_owned()][..])
    );
    assert!(edge.tag(&attacker)?.is_some());
    assert_eq!(edge.tag(&Source::loopback(28, 0, 2))?, None);
    Ok(())
}

#[test]
fn an_exploit_is_refused_under_action_block() -> Result<()> {
    let edge = Edge::start_with("edge-inspect.yaml", |builder| {
        let policy = r#"{ "action": "block", "block_risk": 40 }"#;
        builder.concurrency(1).replace(POLICY, policy)
    })?;
    let attacker = Source::loopback(28, 1, 1);
    let answer = attacker.send(edge.service(), &Request::get("/%2eenv"))?;
    assert_eq!((answer.status, answer.text().as_str()), (403, ""));
    assert_eq!(edge.tag(&Source::loopback(28, 1, 2))?, None);
    Ok(())
}

#[test]
fn the_fourth_short_session_where_logins_happen_is_brute_force() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| {
        builder.concurrency(1).replace(
            r#"'{"role":"sensor"}'"#,
            r#"'{"role":"sensor","login":true}'"#,
        )
    })?;
    let guesser = Source::loopback(28, 2, 1);
    for _ in 0..4 {
        let mut stream = guesser.connect(edge.service())?;
        stream.write_all(b"USER root\r\n")?;
        read_until_close(&mut stream, PATIENCE)?;
    }
    edge.wait_for_metric("evidence_total.kind.bruteforce", 2)?;
    let tag = Words::of(&edge.wait_for_tag(&guesser)?);
    assert_eq!(tag.class, "malicious");
    assert_eq!(tag.tags, ["bruteforce"]);
    Ok(())
}

#[test]
fn a_scan_from_many_addresses_of_a_network_is_distributed() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| {
        let policy = r#"{ "without": ["decoy", "silent"] }"#;
        builder.concurrency(1).replace(POLICY, policy)
    })?;
    for contact in 0..7u8 {
        let source = Source::loopback(28, 3, 1 + contact);
        edge::knock(&source, edge.decoy(usize::from(contact)))?;
    }
    edge.wait_for_metric("networks_flagged_total", 1)?;
    let late = Source::loopback(28, 3, 99);
    edge::knock(&late, edge.decoy(0))?;
    let tag = edge.wait_for_tag(&late)?;
    assert!(
        tag.starts_with("kind=distributed, ") && tag.ends_with("src=network"),
        "{tag}"
    );
    assert_eq!(edge.tag(&Source::loopback(28, 3, 100))?, None);
    Ok(())
}

#[test]
fn a_handshake_that_fails_after_a_decoy_makes_it_worse() -> Result<()> {
    make_certificate()?;
    let edge = Edge::start_with("tls.yaml", |builder| builder.concurrency(1))?;
    let scanner = Source::loopback(28, 4, 1);
    let mut stream = scanner.connect(edge.envoy.addr(10_443))?;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
    read_until_close(&mut stream, PATIENCE)?;
    edge.wait_for_metric("evidence_total.kind.handshake", 1)?;
    edge::knock(&scanner, edge.decoy(0))?;
    edge.wait_for_metric("evidence_total.kind.ports", 1)?;
    edge.wait_for_metric("verdicts_total.kind.vertical", 1)
}
