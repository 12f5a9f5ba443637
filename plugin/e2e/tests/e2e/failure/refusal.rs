//! `rbac.yaml`: the module only tags, Envoy's own RBAC refuses class malicious.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use real_envoy::{Result, eventually, http::Source};

use super::scan;
use crate::{
    access_log::wait_for_entry,
    edge::{Edge, PATIENCE, stranger, tag},
    sound::assert_sound,
    words::Words,
};

#[test]
fn a_malicious_source_gets_403_from_envoy_and_a_suspicious_one_gets_through() -> Result<()> {
    let edge = Edge::start("rbac.yaml")?;
    let (malicious, suspicious) = (Source::loopback(62, 1, 1), Source::loopback(62, 1, 2));
    scan(&edge, &malicious)?;
    suspicious.touch(edge.decoy(0))?;
    eventually("refused", PATIENCE, || {
        let answer = malicious.send(edge.service(), &stranger()).ok()?;
        (answer.status == 403).then_some(())
    })?;
    assert_eq!(
        Words::of(&edge.wait_for_tag(&suspicious)?).class,
        "suspicious"
    );
    let refused = wait_for_entry(&edge.envoy, "127.62.1.1", |entry| {
        entry.details.contains("rbac_access_denied")
    })?;
    assert_eq!(Words::of(&refused.portscan).class, "malicious");
    assert_sound(&edge.envoy);
    Ok(())
}

/// What was refused is no good standing: otherwise a scanner would pass at the second try.
#[test]
fn a_malicious_source_stays_refused_however_often_it_asks() -> Result<()> {
    let edge = Edge::start("rbac.yaml")?;
    let malicious = Source::loopback(62, 2, 1);
    for number in 0..7 {
        malicious.touch(edge.decoy(number))?;
    }
    edge.wait_for_metric("connections_total.listener.decoy", 7)?;
    eventually("refused", PATIENCE, || {
        let answer = malicious.send(edge.service(), &stranger()).ok()?;
        (answer.status == 403).then_some(())
    })?;
    for _ in 0..20 {
        assert_eq!(malicious.get(edge.service(), "/")?.status, 403);
    }
    Ok(())
}

#[test]
fn bytes_of_a_malicious_source_never_reach_the_other_service() -> Result<()> {
    let database = TcpListener::bind("127.0.0.1:0")?;
    let port = database.local_addr()?.port();
    thread::spawn(move || {
        for stream in database.incoming().flatten() {
            thread::spawn(move || {
                let mut reader = &stream;
                io::copy(&mut reader, &mut &stream)
            });
        }
    });
    let edge = Edge::start_with("rbac.yaml", |builder| builder.map_port(15_432, port))?;
    let to = edge.envoy.addr(10_432);
    let (malicious, clean) = (Source::loopback(62, 3, 1), Source::loopback(62, 3, 2));
    let mut open_before = malicious.connect(to)?;
    assert!(echoes(&mut open_before));
    scan(&edge, &malicious)?;
    eventually("new connections are refused", PATIENCE, || {
        let mut stream = malicious.connect(to).ok()?;
        (!echoes(&mut stream)).then_some(())
    })?;
    // CONTINUOUS: asked again with every byte.
    eventually("the open connection ends", PATIENCE, || {
        (!echoes(&mut open_before)).then_some(())
    })?;
    let mut stream = clean.connect(to)?;
    assert!(echoes(&mut stream));
    let denied = "database.rbac.denied";
    edge.envoy.wait_for_counter(denied, 2, PATIENCE)?;
    assert_sound(&edge.envoy);
    Ok(())
}

/// In shadow mode Envoy counts whom it would refuse, and the tag says the same.
#[test]
fn shadow_rules_count_the_same_sources_and_refuse_nobody() -> Result<()> {
    let edge = Edge::start_with("rbac.yaml", |builder| {
        builder.replace("              rules:\n", "              shadow_rules:\n")
    })?;
    let malicious = Source::loopback(62, 4, 1);
    scan(&edge, &malicious)?;
    eventually("a malicious tag", PATIENCE, || {
        let answer = malicious.send(edge.service(), &stranger()).ok()?;
        let tag = tag(&answer).ok()??;
        (Words::of(&tag).class == "malicious").then_some(())
    })?;
    edge.envoy
        .wait_for_counter("http.service.rbac.shadow_denied", 1, PATIENCE)?;
    Ok(())
}

/// Whether a byte comes back.
fn echoes(stream: &mut TcpStream) -> bool {
    let mut byte = [0];
    stream.write_all(b"x").is_ok() && matches!(stream.read(&mut byte), Ok(1))
}
