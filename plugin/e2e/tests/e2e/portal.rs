//! The portal in the real Envoy: what it answers, and what real tools make of that.

mod answers;
mod bouncer;
mod firewall;
mod tools;

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use real_envoy::{
    Result, eventually,
    http::{Request, Response, Source},
};
use serde_json::Value;

use crate::edge::{Edge, PATIENCE};

/// Where the portal of `edge.yaml` listens.
pub(crate) fn portal(edge: &Edge) -> SocketAddr {
    edge.envoy.addr(9_902)
}

fn client(edge: &Edge) -> Source {
    match edge.envoy.namespace() {
        Some(namespace) => Source::any().inside(namespace),
        None => Source::any(),
    }
}

/// The answer of the portal to a GET.
pub(crate) fn get(edge: &Edge, target: &str) -> Result<Response> {
    client(edge).get(portal(edge), target)
}

/// The answer of the portal to a request with these headers.
fn ask(edge: &Edge, method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Response> {
    let request = headers
        .iter()
        .fold(Request::new(method, target), |request, (name, value)| {
            request.header(name, value)
        });
    client(edge).send(portal(edge), &request)
}

/// The JSON of an answer with status 200.
pub(crate) fn json(edge: &Edge, target: &str) -> Result<Value> {
    let answer = get(edge, target)?;
    ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
    serde_json::from_slice(&answer.body).with_context(|| answer.text())
}

/// Waits until the feed in this format, which may be two seconds old, holds `part`, and returns it.
fn feed_with(edge: &Edge, target: &str, part: &str) -> Result<String> {
    let mut last = String::new();
    let found = eventually("the feed has it", PATIENCE, || {
        last = get(edge, target).ok()?.text();
        last.contains(part).then(|| last.clone())
    });
    found.with_context(|| format!("no {part:?} in {last:?}"))
}
