//! Who touches a decoy is tagged: when, where, with which words, and for how long.

use std::{collections::BTreeMap, fs, net::SocketAddr};

use real_envoy::{
    Result,
    envoy::Builder,
    eventually,
    http::{Http1, Http2, Source},
    workspace_root,
};

use crate::{
    edge::{self, Edge, PATIENCE, POLICY, stranger},
    words::{Words, check_words},
};

/// Envoy tags by itself, or the module does.
const BOTH: [&str; 2] = ["edge.yaml", "edge-inspect.yaml"];

#[test]
fn the_next_request_on_the_same_worker_is_tagged_at_once() -> Result<()> {
    for file in BOTH {
        let edge = Edge::start_with(file, |builder| builder.concurrency(1))?;
        let scanner = Source::loopback(20, 0, 1);
        let other = Source::loopback(20, 0, 2);
        // Opened before the scan; its first request comes after it.
        let mut waiting = scanner.http1(edge.service())?;
        let mut waiting_h2 = scanner.http2(edge.service())?;
        assert_eq!(edge.tag(&other)?, None, "{file}");

        edge::knock(&scanner, edge.decoy(0))?;
        let tag = edge.tag(&scanner)?.expect(file);
        check_words(&tag);
        assert!(tag.starts_with("kind=probe, "), "{tag}");
        assert!(tag.contains(", ports=1, hosts=1, "), "{tag}");
        assert!(tag.ends_with(", tags=(decoy), src=local"), "{tag}");
        assert!(edge::tag(&waiting.send(&stranger())?)?.is_some(), "{file}");
        assert!(
            edge::tag(&waiting_h2.send(&stranger())?)?.is_some(),
            "{file}"
        );
        assert_eq!(edge.tag(&other)?, None, "{file}");
    }
    Ok(())
}

#[test]
fn a_connection_that_was_clean_is_tagged_from_its_next_request_on() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.concurrency(1))?;
    let scanner = Source::loopback(20, 1, 1);
    let mut http1 = scanner.http1(edge.service())?;
    assert_eq!(edge::tag(&http1.send(&stranger())?)?, None);
    edge::knock(&scanner, edge.decoy(0))?;
    assert!(edge::tag(&http1.send(&stranger())?)?.is_some());

    // HTTP/2 packs the host away, so whoever speaks it is served: a scanner at his second decoy.
    let scanner = Source::loopback(20, 1, 2);
    let mut http2 = scanner.http2(edge.service())?;
    assert_eq!(edge::tag(&http2.send(&stranger())?)?, None);
    edge::knock(&scanner, edge.decoy(0))?;
    edge::knock(&scanner, edge.decoy(1))?;
    assert!(edge::tag(&http2.send(&stranger())?)?.is_some());
    Ok(())
}

#[test]
fn every_worker_learns_of_a_verdict() -> Result<()> {
    for (file, workers) in [
        ("edge.yaml", 1),
        ("edge.yaml", 2),
        ("edge.yaml", 4),
        ("edge-inspect.yaml", 4),
    ] {
        let edge = Edge::start_with(file, |builder| {
            two_services(builder, file).concurrency(workers)
        })?;
        let services = [edge.service(), edge.envoy.addr(10_001)];
        let scanner = Source::loopback(20, 2, 1);
        let mut open = Open::on_all_workers(&edge, &scanner, &services, workers)?;
        scanner.touch(edge.decoy(1))?;
        eventually("all are tagged", PATIENCE, || {
            let is_tagged = open.are_tagged() && new_ones_are_tagged(&scanner, &services);
            is_tagged.then_some(())
        })?;
        // From here on nothing falls back.
        assert!(open.are_tagged() && new_ones_are_tagged(&scanner, &services));
    }
    Ok(())
}

#[test]
fn the_connection_that_brings_the_verdict_about_is_tagged_itself() -> Result<()> {
    for file in BOTH {
        let edge = Edge::start(file)?;
        let scanner = Source::loopback(20, 3, 1);
        let from = edge::knock(&scanner, edge.decoy(2))?;
        let line = edge.logged(from)?;
        let tag = line["portscan"].as_str().expect("a verdict");
        check_words(tag);
        assert!(tag.starts_with("kind=probe, "), "{tag}");
        assert_eq!(line["destination"], edge.decoy(2).to_string());
        assert_eq!(line["path"], serde_json::Value::Null);
    }
    Ok(())
}

#[test]
fn a_clean_request_has_no_verdict_in_the_log() -> Result<()> {
    let edge = Edge::start("edge.yaml")?;
    let mut client = Source::loopback(20, 4, 1).http1(edge.service())?;
    assert_eq!(edge::tag(&client.get("/clean")?)?, None);
    let line = edge.logged(client.stream().local_addr()?)?;
    assert_eq!(line["path"], "/clean");
    assert!(
        line["portscan"].as_str().is_none_or(str::is_empty),
        "{line}"
    );
    Ok(())
}

#[test]
fn several_decoys_make_a_vertical_scan_that_is_worse() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.concurrency(1))?;
    let scanner = Source::loopback(20, 5, 1);
    edge::knock(&scanner, edge.decoy(0))?;
    let one = Words::of(&edge.wait_for_tag(&scanner)?);
    for number in 1..7 {
        edge::knock(&scanner, edge.decoy(number))?;
    }
    let all = Words::of(&edge.wait_for_tag(&scanner)?);
    assert_eq!((one.kind.as_str(), one.ports), ("probe", 1));
    assert_eq!((all.kind.as_str(), all.ports), ("vertical", 7));
    assert_eq!(all.tags, ["decoy", "ports"]);
    assert!(all.risk > one.risk, "{} {}", one.risk, all.risk);
    // Every connection counts, those to the service too.
    assert!(all.hits >= 8, "{}", all.hits);
    assert!(all.first == one.first && all.last >= one.last);
    Ok(())
}

#[test]
fn a_verdict_that_expires_leaves_the_next_request_alone() -> Result<()> {
    for file in BOTH {
        let edge = Edge::start_with(file, |builder| {
            builder
                .concurrency(1)
                .replace(POLICY, r#"{"verdict_ttl_secs":4}"#)
        })?;
        let scanner = Source::loopback(20, 6, 1);
        let mut kept = scanner.http1(edge.service())?;
        let mut kept_h2 = scanner.http2(edge.service())?;
        edge::knock(&scanner, edge.decoy(0))?;
        assert!(edge::tag(&kept.send(&stranger())?)?.is_some(), "{file}");
        assert!(edge::tag(&kept_h2.send(&stranger())?)?.is_some(), "{file}");
        // Requests that come all the time do not renew the verdict.
        eventually("the tag is gone", PATIENCE, || {
            let tag = edge::tag(&kept.send(&stranger()).ok()?).ok()?;
            tag.is_none().then_some(())
        })?;
        assert_eq!(edge::tag(&kept_h2.send(&stranger())?)?, None, "{file}");
        assert_eq!(edge.tag(&scanner)?, None, "{file}");
        // The gauges tell of one and the same count.
        edge.wait_for_metric("sources_tracked", 1)?;
        edge.wait_for_metric("sources_flagged", 0)?;
        // And the next contact brings it back.
        edge::knock(&scanner, edge.decoy(1))?;
        assert!(edge.tag(&scanner)?.is_some(), "{file}");
    }
    Ok(())
}

#[test]
fn the_gauges_tell_how_many_sources_are_known_and_flagged() -> Result<()> {
    // At low sensitivity one decoy makes a source known, two make it flagged.
    let edge = Edge::start_with("edge.yaml", |builder| {
        builder.replace(POLICY, r#"{"sensitivity":"low"}"#)
    })?;
    for number in 1..=3 {
        edge::knock(&Source::loopback(20, 7, number), edge.decoy(0))?;
        // Who only uses the service is not remembered at all.
        edge.tag(&Source::loopback(20, 8, number))?;
    }
    edge.wait_for_metric("sources_tracked", 3)?;
    for decoy in 1..3 {
        edge::knock(&Source::loopback(20, 7, 1), edge.decoy(decoy))?;
    }
    edge.wait_for_metric("sources_flagged", 1)?;
    edge.wait_for_metric("sources_tracked", 3)?;
    edge.wait_for_metric("connections_total.listener.decoy", 5)?;
    edge.wait_for_metric("evidence_total.kind.decoy", 5)?;
    edge.wait_for_metric("verdicts_total.kind.vertical", 1)?;
    assert_eq!(edge.counted("host_errors_total")?, 0);
    Ok(())
}

/// Connections of one source that stay open, spread over all workers.
struct Open {
    http1: Vec<Http1>,
    http2: Vec<Http2>,
}

impl Open {
    fn on_all_workers(
        edge: &Edge,
        source: &Source,
        services: &[SocketAddr],
        workers: u16,
    ) -> Result<Self> {
        let mut open = Self {
            http1: Vec::new(),
            http2: Vec::new(),
        };
        // The kernel spreads them by chance; a few are as good as always enough.
        let reach = |stats: &BTreeMap<String, u64>| {
            services.iter().all(|service| {
                (0..workers).all(|worker| {
                    let listener = format!("listener.0.0.0.0_{}", service.port());
                    let name = format!("{listener}.worker_{worker}.downstream_cx_total");
                    stats.get(&name).is_some_and(|connections| *connections > 0)
                })
            })
        };
        while !reach(&edge.envoy.stats()?) {
            assert!(open.http1.len() < 500, "no way to reach every worker");
            for service in services {
                for _ in 0..4 {
                    open.http1.push(source.http1(*service)?);
                }
                open.http2.push(source.http2(*service)?);
            }
        }
        Ok(open)
    }

    fn are_tagged(&mut self) -> bool {
        let request = stranger();
        let is_tagged = |answer: Result<_>| {
            answer
                .and_then(|answer| edge::tag(&answer))
                .is_ok_and(|tag| tag.is_some())
        };
        let http1 = self.http1.iter_mut().map(|client| client.send(&request));
        let http2 = self.http2.iter_mut().map(|client| client.send(&request));
        // All are asked each time, so that each has had a request before it was tagged.
        http1
            .chain(http2)
            .map(is_tagged)
            .fold(true, |all, one| all & one)
    }
}

fn new_ones_are_tagged(source: &Source, services: &[SocketAddr]) -> bool {
    services.iter().cycle().take(16).all(|service| {
        source
            .send(*service, &stranger())
            .and_then(|answer| edge::tag(&answer))
            .is_ok_and(|tag| tag.is_some())
    })
}

/// Adds a second listener like the first one, on port 10001.
fn two_services(builder: Builder, file: &str) -> Builder {
    const NEXT: &str = "  # Ports where nobody has business";
    let path = workspace_root().join("envoy").join(file);
    let text = fs::read_to_string(path).expect("the configuration");
    let start = text.find("  - name: service\n").expect("a service");
    let end = text.find(NEXT).expect("decoys");
    let second = text[start..end]
        .replace(
            "- name: service\n    address",
            "- name: second\n    address",
        )
        .replace("port_value: 10000", "port_value: 10001")
        .replace("&access_log", "");
    builder.replace(NEXT, &format!("{second}{NEXT}"))
}
