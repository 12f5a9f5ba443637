//! Who is spared, and who is not: good standing, trusted networks, declared scanners.

use anyhow::Context;
use real_envoy::{
    Result,
    http::{Request, Source, read_until_close},
};

use crate::{
    edge::{self, DECOYS, Edge, PATIENCE, POLICY, stranger},
    words::Words,
};

#[test]
fn who_was_served_may_touch_one_decoy_but_not_two() -> Result<()> {
    // Two workers: the one at the decoy is often not the one that served.
    let edge = Edge::start("edge.yaml")?;
    let clients: Vec<_> = (1..=12).map(|n| Source::loopback(26, 0, n)).collect();
    for client in &clients {
        // Asks for a name, and is answered.
        assert_eq!(edge::tag(&client.get(edge.service(), "/")?)?, None);
        edge::knock(client, edge.decoy(0))?;
    }
    edge.wait_for_metric("evidence_total.kind.decoy", 12)?;
    for client in &clients {
        assert_eq!(edge.tag(client)?, None);
        // Again, silently, and at the service too: still one decoy.
        client.touch(edge.decoy(0))?;
        client.touch(edge.service())?;
    }
    assert_eq!(edge.counted("verdicts_total.kind.probe")?, 0);
    assert_eq!(edge.metric("connections_total.listener.decoy")?, 24);
    for client in &clients {
        assert_eq!(edge.tag(client)?, None);
        edge::knock(client, edge.decoy(1))?;
    }
    for client in &clients {
        let tag = edge.wait_for_tag(client)?;
        assert!(tag.starts_with("kind=vertical, "), "{tag}");
    }
    edge.wait_for_metric("sources_flagged", 12)
}

#[test]
fn who_asks_a_service_for_no_name_is_in_no_standing() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.concurrency(1))?;
    let requests = [
        stranger(),
        Request::get("/").authority("[2001:db8::1]:80"),
        Request::get("/").authority("198.51.100.1:10000"),
    ];
    for (request, number) in requests.iter().zip(1..) {
        let client = Source::loopback(26, 1, number);
        assert_eq!(edge::tag(&client.send(edge.service(), request)?)?, None);
        edge::knock(&client, edge.decoy(0))?;
        assert!(edge.tag(&client)?.is_some(), "{request:?}");
    }
    Ok(())
}

#[test]
fn the_tagger_says_who_was_served() -> Result<()> {
    const ROUTE: &str = "              - match: { prefix: \"/\" }\n";
    let statuses = [200, 204, 302, 400, 401, 403, 404, 500, 503];
    let answers: String = statuses
        .iter()
        .map(|status| {
            format!(
                "              - match: {{ path: \"/{status}\" }}\n                \
                 direct_response: {{ status: {status} }}\n"
            )
        })
        .collect();
    let edge = Edge::start_with("edge-inspect.yaml", |builder| {
        builder
            .concurrency(1)
            .replace(ROUTE, &format!("{answers}{ROUTE}"))
    })?;
    for (status, number) in statuses.into_iter().zip(1..) {
        let client = Source::loopback(26, 2, number);
        let answer = client.get(edge.service(), &format!("/{status}"))?;
        assert_eq!(answer.status, status);
        edge::knock(&client, edge.decoy(0))?;
        let is_tagged = edge.tag(&client)?.is_some();
        assert_eq!(is_tagged, status >= 400, "{status}");
    }
    // A connection on which one request of many was served.
    let client = Source::loopback(26, 2, 100);
    let mut connection = client.http1(edge.service())?;
    for target in ["/404", "/500", "/", "/404"] {
        connection.get(target)?;
    }
    edge::knock(&client, edge.decoy(0))?;
    assert_eq!(edge.tag(&client)?, None);
    Ok(())
}

#[test]
fn a_trusted_source_is_neither_tagged_nor_remembered() -> Result<()> {
    for file in ["edge.yaml", "edge-inspect.yaml"] {
        let edge = Edge::start_with(file, |builder| {
            let policy = r#"{"trusted":["127.26.3.0/24"],"sensitivity":"high"}"#;
            builder.concurrency(1).replace(POLICY, policy)
        })?;
        let (trusted, other) = (Source::loopback(26, 3, 255), Source::loopback(26, 4, 0));
        for number in 0..DECOYS.len() {
            edge::knock(&trusted, edge.decoy(number))?;
            trusted.touch(edge.decoy(number))?;
        }
        assert_eq!(edge.tag(&trusted)?, None, "{file}");
        edge::knock(&other, edge.decoy(0))?;
        assert!(edge.tag(&other)?.is_some(), "{file}");
        edge.wait_for_metric("sources_flagged", 1)?;
        edge.wait_for_metric("sources_tracked", 1)?;
        // They are counted, though.
        edge.wait_for_metric("connections_total.listener.decoy", 15)?;
    }
    Ok(())
}

#[test]
fn a_declared_scanner_is_named_and_never_blocked() -> Result<()> {
    for file in ["edge.yaml", "edge-inspect.yaml"] {
        let edge = Edge::start_with(file, |builder| {
            let policy = r#"{
              "known_scanners": [
                {"actor":"lab-1","networks":["127.26.5.0/24"]},
                {"actor":"other.lab","networks":["127.26.6.0/24","2001:db8::/32"]}
              ],
              "action": "block", "block_risk": 1 }"#;
            builder.concurrency(1).replace(POLICY, policy)
        })?;
        for (source, actor) in [
            (Source::loopback(26, 5, 1), "lab-1"),
            (Source::loopback(26, 6, 1), "other.lab"),
        ] {
            // Tagged from the first request on, without any decoy.
            let tag = edge.tag(&source)?.context("a tag")?;
            let in_order = format!(", class=benign, actor=\"{actor}\", ports=");
            assert!(tag.contains(&in_order), "{file}: {tag}");
            assert!(tag.contains("tags=(known)"), "{file}: {tag}");
            for number in 0..DECOYS.len() {
                edge::knock(&source, edge.decoy(number))?;
            }
            let tag = edge.tag(&source)?.context("a tag")?;
            let words = Words::of(&tag);
            assert_eq!(words.class, "benign", "{file}: {tag}");
            assert_eq!(words.actor.as_deref(), Some(actor), "{file}: {tag}");
            assert!(words.ports >= 7, "{file}: {tag}");
        }
        assert_eq!(edge.counted("blocked_total")?, 0);
        // Whoever else does that is turned away.
        let undeclared = Source::loopback(26, 7, 1);
        edge::knock(&undeclared, edge.decoy(0))?;
        let mut refused = undeclared.connect(edge.service())?;
        assert_eq!(read_until_close(&mut refused, PATIENCE)?, b"");
    }
    Ok(())
}
