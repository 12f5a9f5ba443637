//! Connections that outlive a verdict, or end when nobody expects it.

use std::{
    io::Write,
    net::{Shutdown, TcpStream},
};

use real_envoy::{
    Result, eventually,
    http::{Source, read_until_close},
};

use crate::{
    access_log::wait_for_entry,
    edge::{Edge, PATIENCE, POLICY, knock, stranger, tag},
    sound::assert_sound,
};

#[test]
fn an_expired_verdict_is_empty_in_the_log_of_a_kept_connection() -> Result<()> {
    let policy = r#"{ "verdict_ttl_secs": 2 }"#;
    let edge = Edge::start_with("edge.yaml", |builder| builder.replace(POLICY, policy))?;
    let source = Source::loopback(84, 1, 1);
    knock(&source, edge.decoy(0))?;
    let mut kept = eventually("a tagged connection", PATIENCE, || {
        let mut kept = source.http1(edge.service()).ok()?;
        let answer = kept.send(&stranger()).ok()?;
        tag(&answer).ok()?.is_some().then_some(kept)
    })?;
    eventually("the verdict is over", PATIENCE, || {
        let answer = kept.send(&stranger()).ok()?;
        tag(&answer).ok()?.is_none().then_some(())
    })?;
    let mut last = stranger();
    last.target = "/afterwards".into();
    assert_eq!(tag(&kept.send(&last)?)?, None);
    let line = edge.envoy.wait_for_stdout("/afterwards", PATIENCE)?;
    assert!(line.contains(r#""portscan":"""#), "{line}");
    wait_for_entry(&edge.envoy, "127.84.1.1", |entry| {
        !entry.portscan.is_empty()
    })?;
    assert_sound(&edge.envoy);
    Ok(())
}

/// The tick that judges them may find some gone, some going, and some waiting.
#[test]
fn connections_that_end_as_their_time_ends_harm_nobody() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.replace(DECOY, HELD_SHORTLY))?;
    let source = Source::loopback(84, 2, 1);
    let (mut waiting, mut ending) = (Vec::new(), Vec::new());
    for n in 0..60 {
        let stream = source.connect(edge.decoy(n % 7))?;
        if n % 2 == 0 {
            waiting.push(stream)
        } else {
            ending.push(stream)
        }
    }
    read_until_close(&mut waiting[0], PATIENCE)?;
    // Now the others' time is up as well, or was a moment ago.
    drop(ending);
    for mut stream in waiting {
        assert_eq!(read_until_close(&mut stream, PATIENCE)?, b"");
    }
    edge.wait_for_metric("connections_total.listener.decoy", 60)?;
    all_are_gone(&edge)?;
    let counter = "wasmcustom.portscan_held_closed_total";
    edge.envoy.wait_for_counter(counter, 30, PATIENCE)?;
    assert!(edge.tag(&source)?.is_some());
    assert_sound(&edge.envoy);
    Ok(())
}

#[test]
fn connections_that_are_reset_or_half_closed_leave_nothing_behind() -> Result<()> {
    let edge = Edge::start("edge.yaml")?;
    let source = Source::loopback(84, 3, 1);
    for n in 0..20 {
        let mut stream = source.connect(edge.decoy(n % 7))?;
        match n % 4 {
            0 => stream.shutdown(Shutdown::Write)?,
            1 => {
                stream.write_all(b"GET / HT")?;
                stream.shutdown(Shutdown::Write)?;
            }
            // Unread bytes at its end make the kernel reset it.
            2 => stream.write_all(b"hello\r\n\r\n")?,
            _ => {}
        }
        if n % 4 < 2 {
            read_until_close(&mut stream, PATIENCE)?;
        }
    }
    for _ in 0..10 {
        let mut half: TcpStream = source.connect(edge.service())?;
        half.write_all(b"GET / HTTP/1.1\r\nHost: 127")?;
    }
    edge.wait_for_metric("connections_total.listener.decoy", 20)?;
    edge.wait_for_metric("connections_total.listener.real", 10)?;
    all_are_gone(&edge)?;
    assert!(edge.wait_for_tag(&source)?.contains("ports=7"));
    assert_sound(&edge.envoy);
    Ok(())
}

/// Envoy has no connection left at the listeners.
fn all_are_gone(edge: &Edge) -> Result<()> {
    eventually("no connection is left", PATIENCE, || {
        let stats = edge.envoy.stats().ok()?;
        let active = stats.iter().filter(|(name, _)| {
            name.ends_with("downstream_cx_active") && name.starts_with("listener.0.0.0.0")
        });
        active
            .map(|(_, value)| *value)
            .sum::<u64>()
            .eq(&0)
            .then_some(())
    })
}

/// The sensor of the decoys, and one that waits for a second only.
const DECOY: &str = r#"{"role":"sensor","decoy":true}"#;
const HELD_SHORTLY: &str = r#"{"role":"sensor","decoy":true,"hold_secs":1}"#;
