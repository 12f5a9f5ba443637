//! What listeners let through to the sensor, and what they keep from it.

use std::{io::Write, process::Command};

use real_envoy::{
    Netns, Result, eventually,
    http::{Source, read_until_close},
};

use crate::{
    edge::{DECOYS, Edge, PATIENCE, namespaces_are_available, stranger, tag},
    sound::assert_sound,
};

/// The blind spot that `tls-sni.yaml` states.
#[test]
fn a_silent_probe_behind_tls_inspector_is_seen_by_envoy_alone() -> Result<()> {
    let edge = Edge::start("tls-sni.yaml")?;
    let to = edge.envoy.addr(10_443);
    let source = Source::loopback(85, 1, 1);
    for _ in 0..5 {
        source.touch(to)?;
    }
    let swallowed = || -> Result<u64> {
        let stats = edge.envoy.stats()?.into_iter();
        let named =
            stats.filter(|(name, _)| name.ends_with(".downstream_listener_filter_remote_close"));
        Ok(named.map(|(_, value)| value).sum())
    };
    eventually("Envoy counts them", PATIENCE, || {
        (swallowed().ok()? >= 5).then_some(())
    })?;
    // Silence that lasts longer than the inspector waits is handed on.
    let _silent = source.connect(to)?;
    edge.wait_for_metric("connections_total.listener.real", 1)?;
    assert_eq!(edge.metric("evidence_total.kind.silent")?, 0);
    assert_sound(&edge.envoy);
    Ok(())
}

#[test]
fn a_name_that_nobody_serves_still_reaches_the_sensor() -> Result<()> {
    let edge = Edge::start("tls-sni.yaml")?;
    let to = edge.envoy.addr(10_443);
    let source = Source::loopback(85, 2, 1);
    // No TLS at all has no name either.
    let mut stream = source.connect(to)?;
    stream.write_all(b"SSH-2.0-x\r\n")?;
    read_until_close(&mut stream, PATIENCE)?;
    edge.wait_for_metric("connections_total.listener.real", 1)?;
    let stats = edge.envoy.stats()?;
    let dropped = stats
        .iter()
        .filter(|(name, _)| name.ends_with(".no_filter_chain_match"));
    assert_eq!(dropped.map(|(_, value)| value).sum::<u64>(), 0);
    Ok(())
}

#[test]
fn contacts_beyond_the_limit_of_a_decoy_are_closed_and_counted() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| {
        builder.replace("max_connections: 256", "max_connections: 8")
    })?;
    let mut open = Vec::new();
    for host in 1..=20 {
        let source = Source::loopback(85, 3, host);
        open.push(source.connect(edge.decoy(usize::from(host % 7)))?);
    }
    edge.envoy
        .wait_for_counter("connection_limit.decoys.limited_connections", 12, PATIENCE)?;
    edge.wait_for_metric("connections_total.listener.decoy", 20)?;
    edge.wait_for_metric("sources_flagged", 20)?;
    for host in 1..=20 {
        assert!(
            edge.wait_for_tag(&Source::loopback(85, 3, host))?
                .starts_with("kind=probe")
        );
    }
    // The service has a limit of its own.
    assert_eq!(
        tag(&Source::loopback(85, 4, 1).send(edge.service(), &stranger())?)?,
        None
    );
    assert_sound(&edge.envoy);
    Ok(())
}

/// No handshake, no connection: the stated limit of every sensor of this kind.
#[test]
fn a_half_open_scan_is_not_seen() -> Result<()> {
    if !namespaces_are_available() {
        return Ok(());
    }
    if Command::new("nmap").arg("--version").output().is_err() {
        eprintln!("skipped: this test scans with nmap: install nmap");
        return Ok(());
    }
    let (proxy, clients) = Netns::pair(&["198.51.100.1/24"], &["198.51.100.7/24"])?;
    let edge = Edge::start_inside(&proxy, "edge.yaml", |builder| builder)?;
    let ports = DECOYS.map(|port| port.to_string()).join(",");
    for (kind, seen) in [("-sS", 0), ("-sT", 7)] {
        let output = clients.run("nmap", &[kind, "-Pn", "-n", "-p", &ports, "198.51.100.1"])?;
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(text.matches(" open ").count(), 7, "{text}");
        edge.wait_for_metric("connections_total.listener.decoy", seen)?;
    }
    Ok(())
}
