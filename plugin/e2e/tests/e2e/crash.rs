//! What happens when the module crashes: a build that traps when a client asks for it.

use anyhow::Context;
use real_envoy::{
    Result,
    envoy::Builder,
    eventually,
    http::{Http1, Http2, Response, Source},
};

use crate::{
    edge::{self, DECOYS, Edge, PATIENCE, stranger},
    hygiene::{FORGED, forgery, with_trailers},
    words::Words,
};

/// The bytes that make the module trap.
const TRAP: &str = "trap-here!";

#[test]
fn after_a_crash_the_module_is_loaded_again_and_knows_every_verdict() -> Result<()> {
    for file in ["edge.yaml", "edge-inspect.yaml"] {
        let edge = Edge::start_with(file, |builder| with_trap(builder).concurrency(1))?;
        let (scanner, other) = (Source::loopback(22, 0, 1), Source::loopback(22, 0, 2));
        edge::knock(&scanner, edge.decoy(0))?;
        edge::knock(&scanner, edge.decoy(1))?;
        let before = Words::of(&edge.wait_for_tag(&scanner)?);
        for round in 1..=2 {
            crash(&edge, &other)?;
            let tag = edge.wait_for_tag(&scanner)?;
            let after = Words::of(&tag);
            assert_eq!(reloads(&edge)?, round, "{file}");
            assert_eq!(
                (after.kind, after.ports, after.first),
                (before.kind.clone(), before.ports, before.first),
                "{file}: {tag}"
            );
            assert_eq!(edge.tag(&Source::loopback(22, 0, 3))?, None, "{file}");
        }
        // Evidence from before the crash and after it adds up.
        edge::knock(&scanner, edge.decoy(2))?;
        let later = Words::of(&edge.tag(&scanner)?.context("a tag")?);
        assert_eq!(later.ports, before.ports + 1, "{file}");
    }
    Ok(())
}

#[test]
fn a_crash_of_one_worker_leaves_the_others_at_work() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| with_trap(builder).concurrency(4))?;
    let scanner = Source::loopback(22, 1, 1);
    edge::knock(&scanner, edge.decoy(0))?;
    edge.wait_for_tag(&scanner)?;
    // On a decoy; whichever worker it is.
    let mut stream = scanner.http1(edge.envoy.addr(DECOYS[1]))?;
    stream.write(TRAP.as_bytes())?;
    let failed = "proxy_on_downstream_data failed";
    edge.envoy.wait_for_log(failed, PATIENCE)?;
    let answered = (0..200).find_map(|_| edge.tag(&scanner).ok());
    assert!(answered.context("an answer")?.is_some());
    Ok(())
}

#[test]
fn while_the_module_is_down_requests_are_refused_and_no_forged_header_arrives() -> Result<()> {
    for file in ["edge.yaml", "edge-inspect.yaml"] {
        let edge = Edge::start_with(file, |builder| {
            with_trailers(with_trap(builder)).concurrency(1)
        })?;
        let mut clients = Clients::start(&edge)?;
        crash(&edge, &Source::loopback(22, 3, 1))?;
        let mut refused = 0;
        eventually("the module is back", PATIENCE, || {
            for answer in clients.forge_with_all(&edge) {
                match answer {
                    Ok(answer) => check(&answer),
                    Err(_) => refused += 1,
                }
            }
            (reloads(&edge).ok()? > 0).then_some(())
        })?;
        assert!(refused > 0, "{file}: the module was never down");
        let held_off = edge
            .envoy
            .counter("wasm.portscan sensor.vm_reload_backoff")?;
        assert!(held_off > 0, "{file}");
        nothing_forged_arrived(&edge);
    }
    Ok(())
}

#[test]
fn even_requests_that_bypass_a_dead_module_carry_no_forged_header() -> Result<()> {
    for file in ["edge.yaml", "edge-inspect.yaml"] {
        let edge = Edge::start_with(file, |builder| {
            with_trailers(with_trap(builder))
                .concurrency(1)
                .replace("failure_policy: FAIL_RELOAD", "failure_policy: FAIL_OPEN")
        })?;
        let mut clients = Clients::start(&edge)?;
        crash(&edge, &Source::loopback(22, 4, 1))?;
        let before = edge.upstream.seen().len();
        let answers = clients.forge_with_all(&edge);
        let passed: Vec<_> = answers.into_iter().flatten().collect();
        assert!(passed.len() >= 4, "{file}: {}", passed.len());
        passed.iter().for_each(check);
        assert!(edge.upstream.seen().len() > before, "{file}");
        nothing_forged_arrived(&edge);
    }
    Ok(())
}

/// A clean source and a flagged one, with connections of their own that were opened before.
struct Clients {
    sources: [Source; 2],
    http1: Vec<Http1>,
    http2: Vec<Http2>,
}

impl Clients {
    fn start(edge: &Edge) -> Result<Self> {
        let sources = [Source::loopback(22, 2, 1), Source::loopback(22, 2, 2)];
        let mut clients = Self {
            http1: Vec::new(),
            http2: Vec::new(),
            sources,
        };
        edge::knock(&clients.sources[1], edge.decoy(0))?;
        edge.wait_for_tag(&clients.sources[1])?;
        for source in &clients.sources {
            let mut http1 = source.http1(edge.service())?;
            check(&http1.send(&forgery())?);
            clients.http1.push(http1);
            clients.http2.push(source.http2(edge.service())?);
        }
        Ok(clients)
    }

    /// One forged request over each of the open connections, and over new ones.
    fn forge_with_all(&mut self, edge: &Edge) -> Vec<Result<Response>> {
        let request = forgery();
        let http1 = self.http1.iter_mut().map(|client| client.send(&request));
        let mut answers: Vec<_> = http1.collect();
        answers.extend(self.http2.iter_mut().map(|client| client.send(&request)));
        for source in &self.sources {
            answers.push(source.send(edge.service(), &request));
            let http2 = source.http2(edge.service());
            answers.push(http2.and_then(|mut client| client.send(&request)));
        }
        answers
    }
}

fn with_trap(builder: Builder) -> Builder {
    builder.replace("target/portscan.wasm", "target/portscan-trap.wasm")
}

/// Makes the module crash on the one worker that there is; the client gets no answer.
fn crash(edge: &Edge, client: &Source) -> Result<()> {
    let request = stranger().header("x", "y");
    let mut connection = client.http1(edge.service())?;
    let target = real_envoy::http::Request {
        target: format!("/{TRAP}"),
        ..request
    };
    let answer = connection.send(&target);
    assert!(answer.is_err(), "no trap: {answer:?}");
    Ok(())
}

/// How often the module was loaded again.
fn reloads(edge: &Edge) -> Result<u64> {
    edge.envoy.counter("wasm.portscan sensor.vm_reload_success")
}

/// An answer that came: whatever its request carried was written by the edge.
#[track_caller]
fn check(answer: &Response) {
    if answer.status == 200 {
        assert!(!edge::echo(answer).to_string().contains(FORGED));
        edge::tag(answer).expect("at most one header, ours");
    }
}

/// Also of requests whose answer was lost on the way back.
#[track_caller]
fn nothing_forged_arrived(edge: &Edge) {
    for seen in edge.upstream.seen() {
        assert!(!seen.to_string().contains(FORGED), "{seen}");
        assert_eq!(seen.values("x_portscan").len(), 0, "{seen}");
        assert!(seen.values("x-portscan").len() <= 1, "{seen}");
    }
}
