//! `login.yaml`: a service where people log in, on virtual time.

use std::{
    io::{self, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use anyhow::Context;
use real_envoy::{
    Result,
    envoy::Clock,
    http::{Source, read_until_close},
};

use crate::{
    edge::{Edge, PATIENCE},
    sound::assert_sound,
    words::Words,
};

/// What SSH clients begin with.
const GREETING: &[u8] = b"SSH-2.0-x\r\n";

/// When all of it begins, in nanoseconds since 1970.
const START_NANOS: u64 = 1_790_000_000_000_000_000;

#[test]
fn four_short_sessions_are_brute_force_and_three_are_none() -> Result<()> {
    let logins = Logins::start()?;
    let guesser = Source::loopback(32, 1, 1);
    for session in 1..=4 {
        assert_eq!(logins.edge.tag(&guesser)?, None, "before session {session}");
        logins.session(&guesser, GREETING, 2)?;
    }
    let tag = Words::of(&logins.edge.tag(&guesser)?.unwrap_or_default());
    assert_eq!(
        (tag.class.as_str(), &tag.tags[..]),
        ("malicious", &["bruteforce".to_owned()][..])
    );
    assert_sound(&logins.edge.envoy);
    Ok(())
}

/// Whoever has got in stays longer than a wrong password does, or sends more.
#[test]
fn long_sessions_are_no_brute_force_and_earn_good_standing() -> Result<()> {
    let logins = Logins::start()?;
    let (patient, busy) = (Source::loopback(32, 2, 1), Source::loopback(32, 2, 2));
    for _ in 0..10 {
        logins.session(&patient, GREETING, 10)?;
        logins.session(&busy, &[GREETING, &[0; 4_096]].concat(), 0)?;
    }
    for client in [&patient, &busy] {
        assert_eq!(logins.edge.tag(client)?, None);
        // One decoy is forgiven to who is in good standing.
        client.touch(logins.edge.decoy(0))?;
        logins.clock()?.advance(Duration::from_secs(1))?;
        assert_eq!(logins.edge.tag(client)?, None);
    }
    assert_eq!(logins.metric("evidence_total.kind.bruteforce")?, 0);
    Ok(())
}

#[test]
fn another_protocol_is_evidence_and_enough_with_one_thing_more() -> Result<()> {
    let logins = Logins::start()?;
    let (lost, prober) = (Source::loopback(32, 3, 1), Source::loopback(32, 3, 2));
    for client in [&lost, &prober] {
        logins.session(client, b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n", 2)?;
        assert_eq!(logins.edge.tag(client)?, None);
    }
    assert_eq!(logins.metric("evidence_total.kind.mismatch")?, 2);
    // The client ends its bytes, and then it is the server that closes.
    logins.session(&prober, b"", 0)?;
    let tag = Words::of(&logins.edge.tag(&prober)?.unwrap_or_default());
    assert_eq!(tag.tags, ["silent", "mismatch"]);
    assert_eq!(logins.edge.tag(&lost)?, None);
    Ok(())
}

/// It connects and closes, each second for a while, then each minute, and then after hours: at SSH
/// and at HTTP.
#[test]
fn a_health_check_is_never_tagged() -> Result<()> {
    let logins = Logins::start()?;
    let check = Source::loopback(32, 4, 1);
    let ports = [
        logins.edge.envoy.port(10_222),
        logins.edge.envoy.port(10_000),
    ];
    for pause_secs in [1; 10].into_iter().chain([61; 10]).chain([3_600; 2]) {
        for port in ports {
            check.touch(([127, 0, 0, 1], port).into())?;
        }
        logins.clock()?.rest()?;
        logins.clock()?.advance(Duration::from_secs(pause_secs))?;
        assert_eq!(logins.edge.tag(&check)?, None);
    }
    assert_eq!(logins.metric("evidence_total.kind.bruteforce")?, 0);
    // It was seen, and more than once: it is the bound that spares it.
    assert!(logins.metric("evidence_total.kind.silent")? >= 2);
    assert_eq!(logins.metric("sources_flagged")?, 0);
    Ok(())
}

/// The edge, in front of a server that listens to whatever it is told.
struct Logins {
    edge: Edge,
}

impl Logins {
    fn start() -> Result<Self> {
        let server = TcpListener::bind("127.0.0.1:0")?;
        let port = server.local_addr()?.port();
        thread::spawn(move || {
            for stream in server.incoming().flatten() {
                thread::spawn(move || io::copy(&mut (&stream), &mut io::sink()));
            }
        });
        let edge = Edge::start_with("login.yaml", |builder| {
            builder
                .concurrency(1)
                .map_port(15_022, port)
                .virtual_time(START_NANOS)
        })?;
        Ok(Self { edge })
    }

    fn clock(&self) -> Result<&Clock> {
        self.edge.envoy.clock().context("virtual time")
    }

    /// `client` says `bytes` to the service, stays for so many seconds and goes.
    fn session(&self, client: &Source, bytes: &[u8], secs: u64) -> Result<()> {
        let mut stream: TcpStream = client.connect(self.edge.envoy.addr(10_222))?;
        stream.write_all(bytes)?;
        self.clock()?.rest()?;
        self.clock()?.advance(Duration::from_secs(secs))?;
        stream.shutdown(std::net::Shutdown::Write)?;
        read_until_close(&mut stream, PATIENCE)?;
        self.clock()?.rest()
    }

    /// A counter of the module, all told.
    fn metric(&self, name: &str) -> Result<u64> {
        self.clock()?.advance(Duration::from_secs(1))?;
        self.edge.metric(name)
    }
}
