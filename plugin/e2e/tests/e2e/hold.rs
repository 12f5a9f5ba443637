//! Connections that stay open at a decoy: judged and closed when their time is up.

use std::{io::Write, net::TcpStream};

use real_envoy::{
    Netns, Result,
    http::{Source, read_until_close},
};

use crate::{
    edge::{self, Edge, PATIENCE},
    words::check_words,
};

const SENSOR: &str = r#"{"role":"sensor","decoy":true}"#;
const HOLD: &str = r#"{"role":"sensor","decoy":true,"hold_secs":1}"#;

#[test]
fn a_silent_connection_at_a_decoy_is_judged_and_closed() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.replace(SENSOR, HOLD))?;
    let scanner = Source::loopback(29, 0, 1);
    let mut silent: Vec<TcpStream> = (0..3)
        .map(|number| scanner.connect(edge.decoy(number)))
        .collect::<Result<_>>()?;
    for stream in &mut silent {
        assert_eq!(read_until_close(stream, PATIENCE)?, b"");
        let line = edge.logged(stream.local_addr()?)?;
        let tag = line["portscan"].as_str().expect("a verdict");
        check_words(tag);
        assert!(tag.contains("tags=(decoy ports silent)"), "{tag}");
        // Never before its time.
        assert!(line["duration_ms"].as_u64() >= Some(1_000), "{line}");
    }
    edge.wait_for_metric("held_closed_total", 3)?;
    // Silence at decoys counts once.
    edge.wait_for_metric("evidence_total.kind.silent", 1)?;
    assert_eq!(edge.counted("host_errors_total")?, 0);
    Ok(())
}

#[test]
fn who_begins_to_speak_and_stops_is_closed_too() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.replace(SENSOR, HOLD))?;
    for (start, number) in [&b"G"[..], b"GET / HTTP/1.1\r\nHo", b"\x16\x03\x01\x02"]
        .into_iter()
        .zip(1..)
    {
        let scanner = Source::loopback(29, 1, number);
        let mut stream = scanner.connect(edge.decoy(0))?;
        stream.write_all(start)?;
        assert_eq!(read_until_close(&mut stream, PATIENCE)?, b"");
        assert!(edge.wait_for_tag(&scanner)?.contains("tags=(decoy)"));
    }
    edge.wait_for_metric("held_closed_total", 3)?;
    assert_eq!(edge.counted("evidence_total.kind.silent")?, 0);
    Ok(())
}

#[test]
fn who_says_nothing_at_a_web_port_is_judged_when_his_time_is_up() -> Result<()> {
    if !edge::namespaces_are_available() {
        return Ok(());
    }
    let namespace = Netns::new()?;
    let edge = Edge::start_inside(&namespace, "edge.yaml", |builder| {
        builder.concurrency(1).replace(SENSOR, HOLD)
    })?;
    let silent = Source::loopback(29, 2, 1).inside(&namespace);
    let mut stream = silent.connect(edge.decoy(6))?;
    assert_eq!(read_until_close(&mut stream, PATIENCE)?, b"");
    let line = edge.logged(stream.local_addr()?)?;
    assert!(line["portscan"].as_str().is_some_and(|tag| !tag.is_empty()));
    let tag = edge.wait_for_tag(&silent)?;
    assert!(tag.contains("tags=(decoy silent)"), "{tag}");
    Ok(())
}

#[test]
fn a_real_service_holds_connections_as_long_as_it_likes() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.replace(SENSOR, HOLD))?;
    let client = Source::loopback(29, 3, 1);
    let mut idle = client.http1(edge.service())?;
    // For longer than a decoy would.
    let mut stream = client.connect(edge.decoy(0))?;
    read_until_close(&mut stream, PATIENCE)?;
    assert!(edge::tag(&idle.send(&edge::stranger())?)?.is_some());
    Ok(())
}
