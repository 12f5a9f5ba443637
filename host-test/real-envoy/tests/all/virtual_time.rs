//! An Envoy in a time of its own, and machines with every address.

use std::{
    io::{ErrorKind, Read},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use real_envoy::{
    Envoy, Netns, Result,
    http::{EchoUpstream, Http1, Source},
    netns::isolated,
};
use socket2::{Domain, Socket, Type};

use super::PROXY;

/// 2026-01-01T00:00:00Z.
const START: u64 = 1_767_225_600_000_000_000;

fn start(text: &str, workers: u16) -> Result<Envoy> {
    Envoy::configured(text)
        .keep_ports()
        .concurrency(workers)
        .virtual_time(START)
        .start()
}

#[test]
fn time_stands_still_until_it_is_told_to_go_by() {
    alone(|| {
        let upstream = EchoUpstream::start_at(SocketAddr::from(([127, 0, 0, 1], 9_000)))?;
        let envoy = start(PROXY, 1)?;
        let clock = envoy.clock().unwrap();
        let date = || {
            let answer = Source::any().get(envoy.addr(10_000), "/")?;
            anyhow::Ok(answer.header("date").unwrap_or_default().to_owned())
        };
        assert_eq!(date()?, "Thu, 01 Jan 2026 00:00:00 GMT");
        assert_eq!(date()?, "Thu, 01 Jan 2026 00:00:00 GMT");
        clock.advance(Duration::from_secs(90))?;
        assert_eq!(date()?, "Thu, 01 Jan 2026 00:01:30 GMT");
        clock.shift(-3_600_000_000_000)?;
        // Envoy keeps the text of the date for half a second.
        clock.advance(Duration::from_millis(500))?;
        assert_eq!(date()?, "Wed, 31 Dec 2025 23:01:30 GMT");
        drop(upstream);
        Ok(())
    });
}

#[test]
fn timers_run_exactly_at_their_time() {
    alone(|| {
        let _upstream = EchoUpstream::start_at(SocketAddr::from(([127, 0, 0, 1], 9_000)))?;
        let text = PROXY.replace(
            "stat_prefix: plain",
            "stat_prefix: plain\n                common_http_protocol_options: { idle_timeout: 5s }\n                drain_timeout: 1s\n                delayed_close_timeout: 0s",
        );
        let envoy = start(&text, 1)?;
        let clock = envoy.clock().unwrap();
        let mut client = Source::any().http1(envoy.addr(10_000))?;
        client.get("/")?;
        clock.rest()?;
        // Five seconds idle, one to drain.
        clock.advance(Duration::from_millis(5_999))?;
        assert!(is_open(&client)?);
        clock.advance(Duration::from_millis(1))?;
        assert!(!is_open(&client)?);
        Ok(())
    });
}

#[test]
fn the_mark_of_a_socket_chooses_the_worker() {
    alone(|| {
        let envoy = start(PROXY, 3)?;
        let clock = envoy.clock().unwrap();
        let wanted = [2, 0, 1, 1, 2, 2, 0, 2];
        let mut clients = Vec::new();
        for worker in wanted {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            client.set_mark(worker)?;
            client.connect(&envoy.addr(10_000).into())?;
            clients.push(client);
        }
        clock.rest()?;
        for (worker, expected) in [(0, 2), (1, 2), (2, 4)] {
            let name = format!("listener.[__]_10000.worker_{worker}.downstream_cx_total");
            assert_eq!(envoy.counter(&name)?, expected, "{name}");
        }
        Ok(())
    });
}

#[test]
fn in_isolation_every_address_is_ours() {
    alone(|| {
        let service: SocketAddr = "192.0.2.80:9000".parse()?;
        let _upstream = EchoUpstream::start_at(service)?;
        let text = PROXY.replace(
            "address: 127.0.0.1, port_value: 9000",
            "address: 192.0.2.80, port_value: 9000",
        );
        let envoy = start(&text, 1)?;
        let edge = |ip: IpAddr| SocketAddr::new(ip, 10_000);
        for (from, to) in [
            ("203.0.113.9", "198.51.100.1"),
            ("2001:db8::9", "2001:db8:7::1"),
        ] {
            let (from, to): (IpAddr, IpAddr) = (from.parse()?, to.parse()?);
            assert_eq!(Source::ip(from).get(edge(to), "/")?.status, 200);
        }
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, 1)).is_err());
        envoy.clock().unwrap().rest()?;
        assert_eq!(envoy.stdout(), "203.0.113.9 /\n2001:db8::9 /\n");
        Ok(())
    });
}

#[test]
fn what_envoy_refuses_is_told_as_without_virtual_time() {
    alone(|| {
        let error = start("static_resources: { listeners: [{ name: a }] }", 1).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("address"), "{text}");
        Ok(())
    });
}

/// Runs `work` in a namespace of its own, where that is possible.
fn alone(work: impl FnOnce() -> Result<()> + Send) {
    match Netns::available() {
        Ok(()) => isolated(work).unwrap().unwrap(),
        Err(reason) => eprintln!("skipped: {reason}"),
    }
}

/// Whether the other side has not hung up; nothing else may have come.
fn is_open(client: &Http1) -> Result<bool> {
    let mut stream = client.stream();
    stream.set_nonblocking(true)?;
    let read = stream.read(&mut [0]);
    stream.set_nonblocking(false)?;
    match read {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
        Ok(0) => Ok(false),
        other => anyhow::bail!("{other:?}"),
    }
}
