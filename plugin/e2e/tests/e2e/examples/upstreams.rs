//! Each upstream sees who scans and acts on it, and cannot be told so by a client.

use std::{
    env,
    io::{BufRead, BufReader},
    net::Ipv4Addr,
    process::{Child, Command, Stdio},
};

use anyhow::Context;
use real_envoy::{
    Result, eventually,
    http::{Request, Response, Source},
    workspace_root,
};
use serde_json::Value;

use super::is_there;
use crate::{
    edge::{DECOYS, Edge, PATIENCE, knock},
    sound::assert_sound,
};

#[test]
fn the_upstream_in_python_acts_on_a_flagged_source() -> Result<()> {
    if !is_there("python3") {
        return Ok(());
    }
    let mut python = Command::new("python3");
    acts_on_flagged_sources(python.arg("examples/upstream-python/server.py"), 72)
}

#[test]
fn the_upstream_in_javascript_acts_on_a_flagged_source() -> Result<()> {
    if !is_there("node") {
        return Ok(());
    }
    let mut node = Command::new("node");
    acts_on_flagged_sources(node.arg("examples/upstream-node/server.mjs"), 73)
}

#[test]
fn the_upstream_in_rust_acts_on_a_flagged_source() -> Result<()> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    acts_on_flagged_sources(
        cargo.args(["run", "--quiet", "-p", "upstream-rust", "--"]),
        74,
    )
}

/// Nothing known, one decoy, a wide scan: what the service does about each, on two of its pages.
/// Clients are 127.`net`.0.0/16.
fn acts_on_flagged_sources(program: &mut Command, net: u8) -> Result<()> {
    let service = Service::start(program)?;
    let edge = Edge::start_with("edge.yaml", |builder| {
        builder.map_port(18_080, service.port)
    })?;
    let [clean, suspicious, malicious] = [1, 2, 3].map(|host| Source::loopback(net, 0, host));
    knock(&suspicious, edge.decoy(0))?;
    for host in 1..=3 {
        for port in DECOYS {
            knock(
                &malicious,
                edge.envoy.addr_at(Ipv4Addr::new(127, 0, 0, host), port),
            )?;
        }
    }
    decides(&edge, &suspicious, "step-up", [200, 429])?;
    decides(&edge, &malicious, "deny", [403, 403])?;
    decides(&edge, &clean, "allow", [200, 200])?;

    // What a client says of itself, or of being clean, is not heard.
    let forged = "kind=vertical, risk=99, class=malicious";
    for name in ["X-PortScan", "x_portscan"] {
        let answer = clean.send(edge.service(), &get("/").header(name, forged))?;
        assert_eq!(decision(&answer).as_deref(), Some("allow"));
    }
    let excuse = get("/login").header("x-portscan", "class=benign, actor=\"me\"");
    let answer = suspicious.send(edge.service(), &excuse)?;
    assert_eq!(
        (answer.status, decision(&answer).as_deref()),
        (429, Some("step-up"))
    );
    assert_sound(&edge.envoy);
    Ok(())
}

/// Waits until the service answers `/` and `/login` so, and says that it decided so.
#[track_caller]
fn decides(edge: &Edge, source: &Source, wanted: &str, statuses: [u16; 2]) -> Result<()> {
    for (path, status) in ["/", "/login"].into_iter().zip(statuses) {
        let mut last = None;
        eventually("the decision", PATIENCE, || {
            let answer = source.send(edge.service(), &get(path)).ok()?;
            last = Some((answer.status, decision(&answer)));
            (answer.status == status && decision(&answer)? == wanted).then_some(())
        })
        .with_context(|| format!("{path}: {last:?}"))?;
    }
    Ok(())
}

fn decision(answer: &Response) -> Option<String> {
    let json: Value = serde_json::from_slice(&answer.body).ok()?;
    Some(json["decision"].as_str()?.to_owned())
}

/// A request for no name, which earns no standing.
fn get(path: &str) -> Request {
    Request::get(path).authority("1")
}

/// A running example; it is killed on drop.
struct Service {
    child: Child,
    port: u16,
}

impl Service {
    /// Starts it on a free port, and waits for the line that says which.
    fn start(program: &mut Command) -> Result<Self> {
        let child = program
            .args(["--port", "0"])
            .current_dir(workspace_root())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut service = Self { child, port: 0 };
        let output = service.child.stdout.take().context("its output")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let port = line.trim().strip_prefix("listening on http://127.0.0.1:");
        service.port = port.with_context(|| format!("it said {line:?}"))?.parse()?;
        // It logs each request; nobody may make it wait for a reader.
        std::thread::spawn(move || output.lines().count());
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
