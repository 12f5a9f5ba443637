//! The clients and the upstream of a guest.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};

use super::super::{
    Answer, Exchange, Guest, Stage, Step,
    wire::{Answered, Outcome, body, fields, line, quoted, shown},
};
use crate::{
    Host,
    connection::{By, Connect, ConnectionId, Request, Response, StreamId},
};

/// Plays the clients of `guest`, one after the other; returns the lines of the upstream, then those
/// of the clients.
pub(super) fn play(host: &mut Host, guest: &Guest) -> Result<Vec<String>> {
    let mut upstream = Vec::new();
    let mut clients = Vec::new();
    match guest.stage {
        Stage::Root | Stage::Refused => {}
        Stage::Connection(conversations) => {
            for steps in conversations {
                let outcome = converse(host, steps)?;
                if !steps.is_empty() {
                    clients.push(outcome.to_string());
                }
            }
        }
        Stage::Http(exchanges) => {
            for exchange in exchanges {
                let (client, seen) = play_exchange(host, guest, exchange)?;
                upstream.extend(seen);
                clients.push(client.to_string());
            }
        }
    }
    upstream.append(&mut clients);
    Ok(upstream)
}

/// Where the one listener is.
pub(super) const LISTENER: SocketAddr = SocketAddr::new(LOCALHOST, 10_000);
const CLIENT: SocketAddr = SocketAddr::new(LOCALHOST, 40_000);
const LOCALHOST: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Lets time pass until `probe` answers, for a second at most.
fn within<T>(host: &mut Host, mut probe: impl FnMut(&mut Host) -> Option<T>) -> Option<T> {
    for _ in 0..STEPS {
        let found = probe(host);
        if found.is_some() {
            return found;
        }
        host.advance(STEP).ok()?;
    }
    probe(host)
}

const STEP: Duration = Duration::from_millis(5);
const STEPS: usize = 200;

fn converse(host: &mut Host, steps: &[Step]) -> Result<Outcome> {
    if let Some(Step::Wait(millis)) = steps.first() {
        host.advance(Duration::from_millis(*millis))?;
    }
    let id = host.connect(0, Connect::new(CLIENT, LISTENER))?;
    let mut received = 0;
    let mut closed = false;
    for (index, step) in steps.iter().enumerate() {
        match *step {
            Step::Wait(_) if index == 0 => {}
            Step::Wait(millis) => host.advance(Duration::from_millis(millis))?,
            Step::Send(bytes) => host.send(id, bytes.as_bytes())?,
            Step::Receive(bytes) => {
                let wanted = received + bytes.len();
                let enough = |host: &mut Host| (got(host, id).len() >= wanted).then_some(());
                if within(host, enough).is_some() {
                    received = wanted;
                }
            }
            Step::Finish => host.half_close(id)?,
            Step::AwaitClose => {
                closed = within(host, |host| is_closed(host, id).then_some(())).is_some();
                received = got(host, id).len();
            }
            Step::AwaitLine(wanted) => {
                within(host, |host| {
                    let lines = super::logged(host.shared());
                    lines.iter().any(|line| line == wanted).then_some(())
                });
            }
            Step::Reset => host.reset(id)?,
        }
    }
    let mut bytes = got(host, id);
    bytes.truncate(received);
    // To one that is gone already this says nothing.
    let _ = host.close(id, By::Client);
    host.advance(STEP)?;
    Ok(Outcome::Connection {
        received: bytes,
        closed,
    })
}

fn got(host: &Host, id: ConnectionId) -> Vec<u8> {
    let view = host.connection(id);
    view.map(|view| view.sent_to_client).unwrap_or_default()
}

fn is_closed(host: &Host, id: ConnectionId) -> bool {
    host.connection(id).is_ok_and(|view| !view.is_open)
}

fn play_exchange(
    host: &mut Host,
    guest: &Guest,
    exchange: &Exchange,
) -> Result<(Outcome, Option<String>)> {
    let path = exchange.answer.path();
    let id = host.connect(0, Connect::new(CLIENT, LISTENER))?;
    let mut request = Request::new(exchange.request.method, path, guest.name);
    for (name, value) in exchange.request.headers {
        request = request.header(name, value);
    }
    if !exchange.request.body.is_empty() {
        request = request.body(exchange.request.body);
    }
    for (name, value) in exchange.request.trailers {
        request
            .trailers
            .push(((*name).to_owned(), value.as_bytes().to_vec()));
    }
    let stream = host.request(id, &request)?;
    let mut answered = false;
    within(host, |host| {
        if !answered {
            answered = answer(host, stream);
        }
        let is_over = host.stream(stream).is_ok_and(|stream| stream.is_over);
        (is_over || is_closed(host, id)).then_some(())
    });
    let response = Answered::parse(&got(host, id));
    let seen = at_upstream(host, stream);
    let _ = host.close(id, By::Client);
    host.advance(STEP)?;
    let request = format!("{} {path}", exchange.request.method);
    Ok((Outcome::Http { request, response }, seen))
}

/// Lets the upstream do what the path says, once the whole request is there.
fn answer(host: &mut Host, stream: StreamId) -> bool {
    let Some(upstream) = host.stream(stream).ok().and_then(|stream| stream.upstream) else {
        return false;
    };
    if !upstream.is_complete {
        return false;
    }
    let path = upstream.headers.get(b":path").unwrap_or_default();
    // A stream that is gone needs no answer.
    let _ = match Answer::of_path(&String::from_utf8_lossy(path)) {
        Some(Answer::Silent) => Ok(()),
        Some(Answer::Reset) => host.upstream_reset(stream),
        Some(answer) => match response(answer.wire()) {
            Ok(response) => host.respond(stream, response),
            Err(_) => Ok(()),
        },
        None => host.respond(stream, Response::new(404)),
    };
    true
}

/// An answer of the upstream, from its bytes.
fn response(wire: &str) -> Result<Response> {
    let mut bytes = wire.as_bytes();
    let first = line(&mut bytes)?.context("no first line")?;
    let status = first.split(' ').nth(1).context("no status")?.parse()?;
    let mut response = Response::new(status);
    let headers = fields(&mut bytes)?;
    for (name, value) in &headers {
        response = response.header(&name.to_ascii_lowercase(), value);
    }
    let (body, trailers) = body(&mut bytes, &headers)?;
    if !body.is_empty() {
        response.body = vec![body];
    }
    let trailers = trailers.into_iter();
    response.trailers = trailers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.into_bytes()))
        .collect();
    Ok(response)
}

/// The request as the upstream has it, as a line of the transcript.
fn at_upstream(host: &Host, stream: StreamId) -> Option<String> {
    let upstream = host.stream(stream).ok()?.upstream?;
    if !upstream.is_complete {
        return None;
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let pseudo = |name: &[u8]| text(upstream.headers.get(name).unwrap_or_default());
    let list = |map: &crate::http::HeaderMap| {
        let fields: Vec<_> = map
            .iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect();
        shown(&fields)
    };
    Some(format!(
        "upstream {} {} {} body={} trailers={}",
        pseudo(b":method"),
        pseudo(b":path"),
        list(&upstream.headers),
        quoted(&upstream.body),
        upstream.trailers.as_ref().map_or("[]".to_owned(), list),
    ))
}
