//! The clients of the guests.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use real_envoy::{
    Envoy, eventually,
    http::{self, Source},
};

use super::{
    super::{
        Exchange, Guest, Stage, Step,
        wire::{Answered, Outcome},
    },
    log,
};

/// Plays the client of `guest` with this number, counted from 0. One without a step has nothing to
/// tell.
pub(super) fn play(
    envoy: &Envoy,
    guest: &Guest,
    addr: SocketAddr,
    number: usize,
) -> Result<Option<Outcome>> {
    match guest.stage {
        Stage::Connection(conversations) => {
            let steps = conversations.get(number).copied().unwrap_or_default();
            let outcome = converse(envoy, guest, addr, steps)?;
            Ok(Some(outcome).filter(|_| !steps.is_empty()))
        }
        Stage::Http(exchanges) => {
            let wanted = exchanges.get(number).context("no such exchange")?;
            exchange(guest, addr, wanted).map(Some)
        }
        Stage::Root | Stage::Refused => bail!("this guest has no clients"),
    }
}

/// Plays `steps` on a new connection.
fn converse(envoy: &Envoy, guest: &Guest, addr: SocketAddr, steps: &[Step]) -> Result<Outcome> {
    if let Some(Step::Wait(millis)) = steps.first() {
        wait(*millis);
    }
    let mut stream = Source::any().connect(addr)?;
    let mut received = Vec::new();
    let mut closed = false;
    for (index, step) in steps.iter().enumerate() {
        match *step {
            Step::Wait(_) if index == 0 => {}
            Step::Wait(millis) => wait(millis),
            // To a connection that is closed nothing can be sent, and that is what is measured.
            Step::Send(bytes) => drop(stream.write_all(bytes.as_bytes())),
            Step::Receive(bytes) => {
                let mut buffer = vec![0; bytes.len()];
                match stream.read_exact(&mut buffer) {
                    Ok(()) => received.extend_from_slice(&buffer),
                    Err(error) => bail!("waiting for {bytes:?}: {error}"),
                }
            }
            Step::Finish => stream.shutdown(Shutdown::Write)?,
            Step::AwaitClose => {
                closed = true;
                received.append(&mut until_close(&mut stream)?);
            }
            Step::AwaitLine(line) => await_line(envoy, guest, line)?,
            Step::Reset => {
                let socket = socket2::SockRef::from(&stream);
                socket.set_linger(Some(Duration::ZERO))?;
                return Ok(Outcome::Connection { received, closed });
            }
        }
    }
    Ok(Outcome::Connection { received, closed })
}

/// Real Envoys know no other time.
fn wait(millis: u64) {
    // It fails by design: the time passes, and nothing happens.
    let _ = eventually::<()>("nothing", Duration::from_millis(millis), || None);
}

fn until_close(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(bytes),
        Err(error) => Err(error).context("waiting for the close"),
    }
}

fn await_line(envoy: &Envoy, guest: &Guest, wanted: &str) -> Result<()> {
    eventually(
        &format!("the line {wanted:?}"),
        Duration::from_secs(5),
        || {
            let lines = log::by_guest(&envoy.log());
            let found = lines.get(guest.name)?.iter().any(|line| line == wanted);
            found.then_some(())
        },
    )
}

/// Sends a request on a new connection.
fn exchange(guest: &Guest, addr: SocketAddr, exchange: &Exchange) -> Result<Outcome> {
    let path = exchange.answer.path();
    let mut request = http::Request::new(exchange.request.method, path).authority(guest.name);
    for (name, value) in exchange.request.headers {
        request = request.header(name, value);
    }
    for (name, value) in exchange.request.trailers {
        request = request.trailer(name, value);
    }
    request.body = exchange.request.body.into();
    let mut connection = Source::any().http1(addr)?;
    Ok(Outcome::Http {
        request: format!("{} {path}", exchange.request.method),
        response: connection.send(&request).ok().map(|answer| Answered {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            trailers: answer.trailers,
        }),
    })
}
