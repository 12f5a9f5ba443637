//! The connection manager: streams out of the bytes of a connection, and their end
//! (`ConnectionManagerImpl`).

use std::collections::VecDeque;
use std::sync::Arc;

use super::blueprint::{Blueprint, Planned};
use super::body::Source;
use super::filter::{Filter, FilterKind};
use super::flow::Start;
use super::head::Fault;
use super::http1::{Decoder, Event};
use super::local_reply::{self, LocalReply};
use super::plugin::PluginFilter;
use super::state::{Handle, Place, State};
use super::{arrival, decode, ending};
use crate::connection::runner::{Opened, Runner};
use crate::guest::Kind;
use crate::network;
use crate::shared::lock;

/// The connection manager of one connection.
#[derive(Debug)]
pub(crate) struct Manager {
    blueprint: Arc<Blueprint>,
    pub(super) decoder: Decoder,
    /// Streams that are not over, the oldest first.
    pub(super) streams: Vec<Handle>,
    /// Numbers for streams whose requests are on their way.
    reserved: VecDeque<u64>,
    /// The connection is closed when no stream is left.
    pub(super) is_closing: bool,
}

impl Manager {
    pub(crate) fn new(blueprint: &Arc<Blueprint>) -> Self {
        Self {
            decoder: Decoder::new(blueprint.config.http1_trailers),
            blueprint: Arc::clone(blueprint),
            streams: Vec::new(),
            reserved: VecDeque::new(),
            is_closing: false,
        }
    }

    /// Gives the next stream of the connection that has none yet this number.
    pub(crate) fn reserve(&mut self, id: u64) {
        self.reserved.push_back(id);
    }
}

/// Runs `read` with the manager at this place.
pub(super) fn with<T>(place: &network::Place, read: impl FnOnce(&mut Manager) -> T) -> Option<T> {
    let mut state = lock(&place.connection);
    state.http(place.index).map(|(manager, _)| read(manager))
}

/// Bytes have come to the manager.
pub(crate) fn on_data(runner: &mut dyn Runner, place: &network::Place) {
    while lock(&place.connection).is_open() {
        let event = {
            let mut state = lock(&place.connection);
            state
                .http(place.index)
                .and_then(|(manager, bytes)| manager.decoder.next(bytes))
        };
        let Some(event) = event else {
            hold_reading(place);
            break;
        };
        if event == Event::Begin {
            begin(runner, place);
            continue;
        }
        let stream = with(place, |manager| manager.streams.last().cloned()).flatten();
        let Some(stream) = stream else { break };
        handle(runner, &stream, event);
    }
    ending::close_if_idle(runner, place, false);
}

fn handle(runner: &mut dyn Runner, stream: &Handle, event: Event) {
    match event {
        Event::Begin => {}
        Event::Headers { headers, is_end } => {
            received(stream, 0, is_end);
            arrival::on_headers(runner, stream, headers, is_end);
        }
        Event::Data { bytes, is_end } => {
            received(stream, bytes.len(), is_end);
            lock(stream).request.frame = bytes;
            decode::data(runner, stream, Start::First, Source::Frame, is_end);
        }
        Event::Trailers(trailers) => {
            received(stream, 0, true);
            lock(stream).request_trailers = Some(trailers);
            decode::trailers(runner, stream, Start::First);
        }
        Event::Error(fault) => refuse(runner, stream, fault),
    }
}

/// Answers what is no request, and closes the connection.
fn refuse(runner: &mut dyn Runner, stream: &Handle, fault: Fault) {
    lock(stream).response_flags.push("DPE");
    let place = place_of(stream);
    with(&place, |manager| manager.is_closing = true);
    lock(&place.connection).response_flags.push("DPE");
    let (code, body, details) = fault.answer();
    let reply = LocalReply {
        code,
        body: body.into(),
        details: details.into(),
        ..LocalReply::default()
    };
    local_reply::send(runner, stream, reply);
}

/// Reads no more if the next request has come before this one is answered.
fn hold_reading(place: &network::Place) {
    let stream = with(place, |manager| manager.streams.last().cloned()).flatten();
    let Some(stream) = stream else { return };
    let mut state = lock(&stream);
    let mut connection = lock(&place.connection);
    let has_more = connection
        .http(place.index)
        .is_some_and(|(_, bytes)| !bytes.is_empty());
    if has_more && state.is_received && !std::mem::replace(&mut state.holds_reading, true) {
        connection.disable_reading();
    }
}

/// Notes what has come.
fn received(stream: &Handle, bytes: usize, is_end: bool) {
    let mut state = lock(stream);
    state.bytes_received += bytes as u64;
    if is_end && !state.is_destroyed {
        state.is_received = true;
    }
}

/// A request has begun.
fn begin(runner: &mut dyn Runner, place: &network::Place) {
    let id = with(place, |manager| manager.reserved.pop_front()).flatten();
    let id = id.unwrap_or_else(|| runner.next_stream());
    let now = runner.shared().clock.unix_nanos();
    let Some(blueprint) = with(place, |manager| Arc::clone(&manager.blueprint)) else {
        return;
    };
    let stream = State::begin(id, place, blueprint, now);
    runner.began(&stream);
    with(place, |manager| manager.streams.push(stream));
}

/// Makes the filters of a stream, once; contexts get their numbers here.
pub(super) fn create_filters(runner: &mut dyn Runner, stream: &Handle) {
    let blueprint = {
        let mut state = lock(stream);
        if std::mem::replace(&mut state.has_filters, true) {
            return;
        }
        Arc::clone(&state.blueprint)
    };
    for planned in &blueprint.filters {
        let kind = match planned {
            Planned::Plugin {
                plugin,
                allows_stop_iteration,
            } => {
                let place = Place {
                    stream: Arc::clone(stream),
                    index: lock(stream).filters.len(),
                };
                let context = match plugin.open(runner, Kind::Http(place)) {
                    Opened::Context(context) => Some(context),
                    Opened::Dead => None,
                    Opened::Bypassed => continue,
                };
                FilterKind::Plugin(PluginFilter::new(context, *allows_stop_iteration))
            }
            Planned::HeaderMutation(mutation) => FilterKind::HeaderMutation(mutation.clone()),
            Planned::Rbac(rbac) => FilterKind::Rbac(rbac.clone()),
            Planned::Router => FilterKind::Router,
        };
        lock(stream).filters.push(Filter::new(kind));
    }
}

/// Notes that the client wants the connection closed behind this request.
pub(super) fn note_close(stream: &Handle) {
    let place = place_of(stream);
    with(&place, |manager| manager.is_closing = true);
    lock(&place.connection).wants_close = true;
}

/// Whether the connection is closed when its last stream is over.
pub(super) fn is_closing(place: &network::Place) -> bool {
    with(place, |manager| manager.is_closing) == Some(true)
}

/// Closes the connection when its last stream is over.
pub(super) fn set_closing(place: &network::Place) {
    with(place, |manager| manager.is_closing = true);
}

fn place_of(stream: &Handle) -> network::Place {
    lock(stream).place()
}
