//! `action: block`: the sensor closes connections, the tagger answers 403, nobody benign suffers.

use std::{net::SocketAddr, thread, time::Duration};

use real_envoy::{
    Result,
    envoy::Builder,
    eventually,
    http::{Request, Source, read_until_close},
};

use super::scan;
use crate::{
    access_log::wait_for_entry,
    edge::{Edge, PATIENCE, stranger, tag},
    sound::assert_sound,
    words::Words,
};

/// The policy of `block.yaml`, to be replaced in parts.
const BLOCK: &str = r#""action": "block""#;
const RISK: &str = r#""block_risk": 80"#;

#[test]
fn connections_of_a_risky_source_are_closed_and_those_of_others_are_not() -> Result<()> {
    let edge = Edge::start("block.yaml")?;
    let (scanner, other) = (Source::loopback(61, 1, 1), Source::loopback(61, 1, 2));
    scan(&edge, &scanner)?;
    // On every worker, sooner or later; here none may be an exception.
    eventually("every connection is closed", PATIENCE, || {
        let closed = (0..8).all(|_| is_closed(&scanner, edge.service()));
        closed.then_some(())
    })?;
    let error = scanner.get(edge.service(), "/").unwrap_err();
    assert!(edge.upstream.seen().is_empty(), "{error:#}");
    assert_eq!(tag(&other.send(edge.service(), &stranger())?)?, None);
    let blocked = edge.metric("blocked_total")?;
    edge.envoy.wait_for_counter(
        "wasmcustom.portscan_blocked_total",
        blocked.max(8),
        PATIENCE,
    )?;
    assert_sound(&edge.envoy);
    Ok(())
}

/// The connection itself can cross the threshold, in its first event: this closes inside
/// `on_new_connection`, many times on all workers at once.
#[test]
fn closing_within_the_first_event_harms_no_other_connection() -> Result<()> {
    let edge = Edge::start_with("block.yaml", |builder| {
        builder.replace(RISK, r#""block_risk": 1"#).concurrency(4)
    })?;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4u8)
            .map(|worker| {
                let edge = &edge;
                scope.spawn(move || -> Result<()> {
                    for n in 1..=50 {
                        let source = Source::loopback(61, 20 + worker, n);
                        let mut decoy = source.connect(edge.decoy(usize::from(n % 7)))?;
                        assert_eq!(read_until_close(&mut decoy, PATIENCE)?, b"");
                    }
                    Ok(())
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().expect("no panic"))
    })?;
    edge.wait_for_metric("blocked_total", 200)?;
    edge.wait_for_metric("connections_total.listener.decoy", 200)?;
    let clean = Source::loopback(61, 30, 1);
    assert_eq!(edge.tag(&clean)?, None);
    assert_sound(&edge.envoy);
    Ok(())
}

/// Connections that were there before the verdict, on all workers.
#[test]
fn a_kept_connection_gets_403_without_a_body_from_its_next_request_on() -> Result<()> {
    let edge = Edge::start_with("block.yaml", |builder| {
        builder.replace(RISK, r#""block_risk": 40"#)
    })?;
    let source = Source::loopback(61, 3, 1);
    let mut kept = Vec::new();
    for _ in 0..6 {
        let mut connection = source.http1(edge.service())?;
        assert_eq!(tag(&connection.send(&stranger())?)?, None);
        kept.push(connection);
    }
    let mut second = source.http2(edge.service())?;
    assert_eq!(tag(&second.send(&stranger())?)?, None);
    scan(&edge, &source)?;
    eventually("all workers know", PATIENCE, || {
        (0..8)
            .all(|_| is_closed(&source, edge.service()))
            .then_some(())
    })?;
    let before = edge.upstream.seen().len();
    for connection in &mut kept {
        let answer = connection.send(&stranger())?;
        assert_eq!((answer.status, answer.text()), (403, String::new()));
    }
    let answer = second.send(&stranger())?;
    assert_eq!((answer.status, answer.text()), (403, String::new()));
    assert_eq!(edge.upstream.seen().len(), before);
    assert_sound(&edge.envoy);
    Ok(())
}

/// Without a tagger the sensor closes inside `on_downstream_data`, before a filter behind it sees
/// the bytes.
#[test]
fn a_kept_connection_is_closed_unanswered_where_no_tagger_stands_behind() -> Result<()> {
    let edge = Edge::start_with("block.yaml", |builder| {
        builder.replace(RISK, r#""block_risk": 40"#).replace(
            r#"'{"role":"sensor","standing":"tagger"}'"#,
            r#"'{"role":"sensor"}'"#,
        )
    })?;
    let source = Source::loopback(61, 9, 1);
    let mut kept = Vec::new();
    for _ in 0..6 {
        let mut connection = source.http1(edge.service())?;
        assert_eq!(tag(&connection.send(&stranger())?)?, None);
        kept.push(connection);
    }
    scan(&edge, &source)?;
    eventually("all workers know", PATIENCE, || {
        let closed = (0..8).all(|_| is_closed(&source, edge.service()));
        closed.then_some(())
    })?;
    let before = edge.upstream.seen().len();
    for connection in &mut kept {
        let error = format!("{:#}", connection.send(&stranger()).unwrap_err());
        assert!(error.contains("closed without an answer"), "{error}");
    }
    assert_eq!(edge.upstream.seen().len(), before);
    assert_sound(&edge.envoy);
    Ok(())
}

/// Where no sensor stands before the HTTP filter, it is the tagger that refuses.
#[test]
fn an_observing_tagger_answers_403_without_a_body() -> Result<()> {
    let edge = Edge::start_with("block.yaml", observing)?;
    let (scanner, other) = (Source::loopback(61, 4, 1), Source::loopback(61, 4, 2));
    scan(&edge, &scanner)?;
    let answer = eventually("refused", PATIENCE, || {
        let answer = scanner.send(edge.service(), &stranger()).ok()?;
        (answer.status != 200).then_some(answer)
    })?;
    assert_eq!((answer.status, answer.text()), (403, String::new()));
    assert_eq!(answer.values("x-portscan"), [""; 0]);
    wait_for_entry(&edge.envoy, "127.61.4.1", |entry| {
        entry.details.contains("portscan_blocked")
    })?;
    let before = edge.upstream.seen().len();
    assert_eq!(scanner.get(edge.service(), "/")?.status, 403);
    assert_eq!(edge.upstream.seen().len(), before);
    assert_eq!(tag(&other.send(edge.service(), &stranger())?)?, None);
    assert_sound(&edge.envoy);
    Ok(())
}

#[test]
fn each_refused_request_is_counted_once() -> Result<()> {
    let edge = Edge::start_with("block.yaml", |builder| observing(builder).concurrency(1))?;
    let scanner = Source::loopback(61, 5, 1);
    scan(&edge, &scanner)?;
    let before = edge.metric("blocked_total")?;
    for _ in 0..10 {
        assert_eq!(scanner.get(edge.service(), "/")?.status, 403);
    }
    edge.wait_for_metric("connections_total.listener.real", 10)?;
    assert_eq!(edge.metric("blocked_total")? - before, 10);
    Ok(())
}

#[test]
fn a_declared_scanner_is_tagged_benign_and_never_blocked() -> Result<()> {
    let known = r#""action": "block",
              "known_scanners": [ { "actor": "censys", "networks": ["127.61.6.0/24"] } ]"#;
    for observed in [false, true] {
        let edge = Edge::start_with("block.yaml", |builder| {
            let builder = if observed {
                observing(builder)
            } else {
                builder
            };
            builder
                .replace(BLOCK, known)
                .replace(RISK, r#""block_risk": 1"#)
        })?;
        let scanner = Source::loopback(61, 6, 1);
        scan(&edge, &scanner)?;
        let words = Words::of(&edge.wait_for_tag(&scanner)?);
        assert_eq!(
            (words.class.as_str(), words.actor.as_deref()),
            ("benign", Some("censys"))
        );
        for _ in 0..20 {
            assert!(edge.tag(&scanner)?.is_some());
        }
        assert_eq!(edge.counted("blocked_total")?, 0);
        assert_sound(&edge.envoy);
    }
    Ok(())
}

#[test]
fn a_dry_run_counts_and_logs_and_lets_everybody_through() -> Result<()> {
    for observed in [false, true] {
        let edge = Edge::start_with("block.yaml", |builder| {
            let builder = if observed {
                observing(builder)
            } else {
                builder
            };
            builder.replace(BLOCK, r#""action": "dry_run""#)
        })?;
        let scanner = Source::loopback(61, 7, 1);
        scan(&edge, &scanner)?;
        let words = Words::of(&edge.wait_for_tag(&scanner)?);
        assert_eq!(words.class, "malicious");
        edge.envoy
            .wait_for_counter("wasmcustom.portscan_would_block_total", 1, PATIENCE)?;
        assert_eq!(edge.counted("blocked_total")?, 0);
        // A line that does not say whom helps nobody to decide.
        edge.envoy
            .wait_for_log("portscan: would block 127.61.7.1: kind=", PATIENCE)?;
        assert_sound(&edge.envoy);
    }
    Ok(())
}

#[test]
fn below_the_risk_nobody_is_blocked() -> Result<()> {
    let edge = Edge::start("block.yaml")?;
    let source = Source::loopback(61, 8, 1);
    source.touch(edge.decoy(0))?;
    assert!(edge.wait_for_tag(&source)?.contains("class=suspicious"));
    let answer = source.send(edge.service(), &Request::post("/", "x"))?;
    assert_eq!(answer.status, 200);
    assert_eq!(edge.counted("blocked_total")?, 0);
    Ok(())
}

/// A tagger that sees requests as connections, and no sensor before it.
fn observing(builder: Builder) -> Builder {
    builder.replace(SERVICE_SENSOR, "").replace(
        r#"'{"role":"tagger"}'"#,
        r#"'{"role":"tagger","observe":true,"source_address_is_trusted":true}'"#,
    )
}

fn is_closed(source: &Source, to: SocketAddr) -> bool {
    let Ok(mut stream) = source.connect(to) else {
        return true;
    };
    read_until_close(&mut stream, Duration::from_millis(100)).is_ok()
}

/// The sensor of the service in `block.yaml`.
const SERVICE_SENSOR: &str = r#"      - name: envoy.filters.network.wasm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm
          config:
            name: portscan sensor
            root_id: sensor
            failure_policy: FAIL_RELOAD
            vm_config: *vm
            configuration:
              "@type": type.googleapis.com/google.protobuf.StringValue
              value: '{"role":"sensor","standing":"tagger"}'
"#;
