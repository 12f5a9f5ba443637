//! Who a source is: its address, in whatever form and behind whatever balancer it comes.

use std::{
    io::Write,
    net::{IpAddr, SocketAddr},
};

use anyhow::{Context, ensure};
use real_envoy::{
    Netns, Result,
    http::{Http1, Source, proxy_v1, proxy_v2, read_until_close},
};

use crate::{
    edge::{self, Edge, PATIENCE, stranger},
    words::Words,
};

#[test]
fn two_addresses_of_one_64_are_one_source() -> Result<()> {
    if !edge::namespaces_are_available() {
        return Ok(());
    }
    let (proxy, clients) = Netns::pair(
        &["2001:db8:5::1/48", "198.51.100.1/24"],
        &[
            "2001:db8:5:1::10/48",
            "2001:db8:5:1:ffff:ffff:ffff:ffff/48",
            "2001:db8:5:2::10/48",
            "198.51.100.10/24",
            "198.51.100.11/24",
        ],
    )?;
    let edge = Edge::start_inside(&proxy, "edge.yaml", |builder| builder.concurrency(1))?;
    let tag_of = |client: &str, local: &str| -> Result<Option<String>> {
        let to = SocketAddr::new(local.parse()?, 10_000);
        edge::tag(&edge::host(&clients, client)?.send(to, &stranger())?)
    };
    let v6 = |port| edge.envoy.addr_at(ip("2001:db8:5::1"), port);
    edge::knock(&edge::host(&clients, "2001:db8:5:1::10")?, v6(10_022))?;
    let far_end = "2001:db8:5:1:ffff:ffff:ffff:ffff";
    assert!(tag_of(far_end, "2001:db8:5::1")?.is_some());
    assert_eq!(tag_of("2001:db8:5:2::10", "2001:db8:5::1")?, None);
    // What both do adds up.
    edge::knock(&edge::host(&clients, far_end)?, v6(10_023))?;
    let tag = tag_of("2001:db8:5:1::10", "2001:db8:5::1")?.context("a tag")?;
    assert_eq!(Words::of(&tag).ports, 2, "{tag}");
    // Two neighbours in IPv4 are two sources.
    let v4 = edge.envoy.addr_at(ip("198.51.100.1"), 10_022);
    edge::knock(&edge::host(&clients, "198.51.100.10")?, v4)?;
    assert!(tag_of("198.51.100.10", "198.51.100.1")?.is_some());
    assert_eq!(tag_of("198.51.100.11", "198.51.100.1")?, None);
    edge.wait_for_metric("sources_flagged", 2)
}

#[test]
fn a_source_that_asks_for_two_addresses_scans_horizontally() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.concurrency(1))?;
    let scanner = Source::loopback(23, 5, 1);
    for last in 1..=3 {
        edge::knock(&scanner, edge.envoy.addr_at([127, 0, 0, last], 10_022))?;
    }
    let words = Words::of(&edge.tag(&scanner)?.context("a tag")?);
    assert_eq!((words.kind.as_str(), words.ports), ("horizontal", 1));
    Ok(())
}

#[test]
fn the_address_in_the_proxy_header_is_the_source() -> Result<()> {
    for (header, version) in [(V1, 1), (V2, 2)] {
        let balanced = Balanced::start()?;
        // Who knocks at a decoy, who asks the service then, and whether that is the same source.
        for (knocks, asks, is_same) in [
            ("203.0.113.1", "203.0.113.1", true),
            ("203.0.113.2", "203.0.113.3", false),
            ("2001:db8:1::1", "2001:db8:1::1", true),
            ("2001:db8:2::1", "2001:db8:2::2", true),
            ("2001:db8:3::1", "2001:db8:3:1::1", false),
            // IPv4 in IPv6 clothes is IPv4.
            ("::ffff:203.0.113.4", "203.0.113.4", true),
            ("::ffff:203.0.113.5", "203.0.113.6", false),
            ("64:ff9b::203.0.113.7", "203.0.113.7", true),
            ("203.0.113.8", "64:ff9b::203.0.113.8", true),
            ("203.0.113.9", "::ffff:203.0.113.9", true),
            ("64:ff9b::203.0.113.10", "64:ff9b::203.0.113.11", false),
        ] {
            let case = format!("{knocks} {asks} version {version}");
            balanced.knock(header, knocks).context(case.clone())?;
            let tag = balanced.tag(header, asks).context(case.clone())?;
            assert_eq!(tag.is_some(), is_same, "{case}: {tag:?}");
        }
    }
    Ok(())
}

#[test]
fn the_log_names_the_carried_address() -> Result<()> {
    let balanced = Balanced::start()?;
    for (header, address) in [(V1, "203.0.113.10"), (V2, "2001:db8:2::10")] {
        balanced.knock(header, address)?;
        let line = balanced.edge.logged(SocketAddr::new(ip(address), 4_000))?;
        let verdict = line["portscan"].as_str().context("a verdict")?;
        assert!(verdict.starts_with("kind=probe, "), "{verdict}");
    }
    Ok(())
}

#[test]
fn odd_ports_in_the_proxy_header_are_counted_and_passed_on() -> Result<()> {
    let balanced = Balanced::start()?;
    let (source, decoy) = ("203.0.113.20:0".parse()?, "203.0.113.250:0".parse()?);
    balanced.say(balanced.edge.decoy(0), &proxy_v2(source, decoy))?;
    let tag = balanced.tag(V2, "203.0.113.20")?.context("a tag")?;
    assert_eq!(Words::of(&tag).ports, 1, "{tag}");
    // The decoy, the request, and one more that can only be counted after both.
    balanced.tag(V2, "203.0.113.21")?;
    let edge = &balanced.edge;
    edge.wait_for_metric("connections_total.listener.real", 2)?;
    assert_eq!(edge.metric("address_errors_total")?, 0);
    Ok(())
}

#[test]
fn only_the_balancer_may_name_a_source() -> Result<()> {
    let balanced = Balanced::start()?;
    let edge = &balanced.edge;
    // Somebody else claims to be a balancer: closed, and nobody framed.
    let mut stream = Source::loopback(23, 1, 1).connect(edge.decoy(0))?;
    stream.write_all(&[&V1(carried("203.0.113.30"), LOCAL_V4)[..], b"x"].concat())?;
    assert_eq!(read_until_close(&mut stream, PATIENCE)?, b"");
    assert_eq!(balanced.tag(V1, "203.0.113.30")?, None);
    // The balancer itself without a header: refused.
    let mut stream = Source::any().connect(edge.service())?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: 1\r\n\r\n")?;
    assert_eq!(read_until_close(&mut stream, PATIENCE)?, b"");
    // Its health check, which says LOCAL, comes from itself and is trusted.
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    balanced.say(edge.decoy(0), local)?;
    balanced.say(edge.decoy(1), local)?;
    let mut stream = Source::any().connect(edge.service())?;
    stream.write_all(local)?;
    assert_eq!(edge::tag(&Http1::over(stream)?.send(&stranger())?)?, None);
    edge.wait_for_metric("connections_total.listener.decoy", 2)?;
    // Of all that, nobody is remembered but who scans now.
    balanced.knock(V1, "203.0.113.31")?;
    edge.wait_for_metric("connections_total.listener.decoy", 3)?;
    edge.wait_for_metric("sources_tracked", 1)?;
    edge.wait_for_metric("sources_flagged", 1)
}

/// Makes a PROXY header.
type Header = fn(SocketAddr, SocketAddr) -> Vec<u8>;

const V1: Header = proxy_v1;
const V2: Header = proxy_v2;

/// An edge behind a balancer, which the test plays: every connection comes from 127.0.0.1.
struct Balanced {
    edge: Edge,
}

impl Balanced {
    fn start() -> Result<Self> {
        let edge = Edge::start_with("proxy-protocol.yaml", |builder| builder.concurrency(1))?;
        Ok(Self { edge })
    }

    /// `source` knocks at a decoy.
    fn knock(&self, header: Header, source: &str) -> Result<()> {
        let source = carried(source);
        self.say(self.edge.decoy(0), &header(source, local(source)))
    }

    fn say(&self, decoy: SocketAddr, header: &[u8]) -> Result<()> {
        let mut stream = Source::loopback(0, 0, 1).connect(decoy)?;
        stream.write_all(header)?;
        stream.write_all(b"SSH-2.0-x\r\n")?;
        let answer = read_until_close(&mut stream, PATIENCE)?;
        ensure!(answer.is_empty(), "a decoy answered");
        Ok(())
    }

    /// The tag of a request of `source`.
    fn tag(&self, header: Header, source: &str) -> Result<Option<String>> {
        let source = carried(source);
        let mut stream = Source::loopback(0, 0, 1).connect(self.edge.service())?;
        stream.write_all(&header(source, local(source)))?;
        edge::tag(&Http1::over(stream)?.send(&stranger())?)
    }
}

fn carried(address: &str) -> SocketAddr {
    SocketAddr::new(ip(address), 4_000)
}

/// What the client has asked the balancer for.
fn local(source: SocketAddr) -> SocketAddr {
    if source.is_ipv4() {
        LOCAL_V4
    } else {
        SocketAddr::new(ip("2001:db8::250"), 22)
    }
}

const LOCAL_V4: SocketAddr =
    SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 250)), 22);

fn ip(address: &str) -> IpAddr {
    address.parse().expect(address)
}
