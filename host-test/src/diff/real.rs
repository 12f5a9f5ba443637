//! A scenario in the real Envoy.
//!
//! Envoy runs in a network namespace where every address of the scenario is ours, and in virtual
//! time. A step is over when Envoy, clients and upstreams have nothing left to do.

mod client;
mod endings;
mod http1;
mod http2;
mod log;
mod neighbour;
mod reach;
mod redirect;
mod requests;
mod setup;
mod start;
mod tls;
mod update;
mod upstream;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::net::SocketAddr;
use std::sync::Arc;

use real_envoy::{Envoy, Scratch};
use serde_json::Value;

use self::client::Client;
use self::endings::Endings;
use self::log::{Lines, Log};
use self::neighbour::Neighbour;
use self::requests::Requests;
use self::setup::Additions;
use self::upstream::Upstreams;
use crate::config::Bootstrap;
use crate::scenario::{ConnectionIndex, Obstacle, Peer, RequestIndex};
use crate::shared::LogLine;

/// A real Envoy that plays a scenario.
#[derive(Debug)]
pub struct RealWorld {
    envoy: Envoy,
    bootstrap: Arc<Bootstrap>,
    clients: BTreeMap<ConnectionIndex, Dialled>,
    requests: Requests,
    upstreams: Upstreams,
    neighbours: Vec<Neighbour>,
    log: Log,
    access_log: Lines,
    endings: Endings,
    ending_lines: Lines,
    additions: Additions,
    /// What an update cannot change.
    rest: Value,
    next_port: u16,
    /// What the wall clock shows.
    wall_nanos: u64,
    scratch: Scratch,
}

/// A client, and where it comes from.
#[derive(Debug)]
struct Dialled {
    source: SocketAddr,
    client: Client,
    /// What stands behind a proxy of bytes, where one half of a connection can end alone.
    raw: Option<Raw>,
}

/// A connection through a proxy of bytes.
#[derive(Debug)]
struct Raw {
    /// The upstream has not accepted it yet.
    awaits_upstream: bool,
    /// Who has ended a half of it last.
    ended_by: Peer,
    /// Envoy has let go of it, because of this one.
    closed_by: Option<Peer>,
}

impl RealWorld {
    /// Waits until Envoy, clients and upstreams have nothing left to do, and takes what was
    /// written.
    fn settle(&mut self) -> Result<(), Obstacle> {
        let mut rounds = 0;
        loop {
            if let Some(clock) = self.envoy.clock() {
                clock.rest().map_err(failure)?;
            }
            if !self.pump() {
                break;
            }
            rounds += 1;
            if rounds > ROUNDS_MAX {
                let reason = "clients and upstreams do not come to rest".to_owned();
                return Err(Obstacle::Failure(reason));
            }
        }
        self.take_lines();
        Ok(())
    }

    /// Moves bytes of clients and upstreams; says whether there were any.
    fn pump(&mut self) -> bool {
        let mut moved = false;
        for dialled in self.clients.values_mut() {
            moved |= dialled.client.pump();
        }
        let clients = &mut self.clients;
        let next_raw = || {
            let mut waiting = clients.iter_mut();
            waiting.find_map(|(index, dialled)| {
                let raw = dialled.raw.as_mut()?;
                std::mem::take(&mut raw.awaits_upstream).then_some(*index)
            })
        };
        moved | self.upstreams.pump(&mut self.requests, next_raw)
    }

    fn take_lines(&mut self) {
        let log = self.envoy.log_since(self.log.taken());
        self.log.take(&log);
        let lines = self.envoy.stdout_since(self.access_log.taken());
        self.access_log.take(&lines);
        // The file is not there before something has ended.
        if let Ok(bytes) = read_since(&self.additions.endings, self.ending_lines.taken()) {
            self.ending_lines.take(&bytes);
        }
        for line in self.ending_lines.lines.drain(..) {
            self.endings.take(&line);
        }
        for dialled in self.clients.values_mut() {
            if let Some(raw) = &mut dialled.raw
                && raw.closed_by.is_none()
                && self.endings.state(dialled.source).is_some()
            {
                raw.closed_by = Some(raw.ended_by);
            }
        }
    }

    /// Lines of plugins in the log so far.
    #[must_use]
    pub fn log_lines(&self) -> &[LogLine] {
        &self.log.lines
    }

    /// Numbers that plugins count in, by name.
    #[must_use]
    pub fn plugin_metrics(&self) -> BTreeMap<String, u64> {
        let stats = self.envoy.stats().unwrap_or_default().into_iter();
        let own = stats.filter_map(|(name, value)| {
            Some((name.strip_prefix("wasmcustom.")?.to_owned(), value))
        });
        own.collect()
    }

    /// Filter state of a connection that is over, by the names that [`RealWorld::start`] got.
    #[must_use]
    pub fn final_state(&self, of: ConnectionIndex) -> Option<&BTreeMap<String, String>> {
        self.endings.state(self.clients.get(&of)?.source)
    }

    fn details(&self, request: RequestIndex) -> Option<String> {
        let sent = self.requests.get(request)?;
        let source = self.clients.get(&sent.connection)?.source;
        // Streams of HTTP/2 end in any order.
        let (place, path) = match sent.form.is_http2() {
            true => (
                self.requests.place_among_equals(request),
                Some(sent.path.as_str()),
            ),
            false => (sent.place, None),
        };
        let details = self.endings.details(source, place, path);
        details.map(str::to_owned)
    }
}

/// More than any exchange needs: each round moves what fits into a socket.
const ROUNDS_MAX: usize = 100_000;

fn failure(error: anyhow::Error) -> Obstacle {
    Obstacle::Failure(format!("{error:#}"))
}

fn read_since(path: &std::path::Path, start: usize) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(start as u64))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
