//! The connection manager: streams out of the bytes of a connection, and their end
//! (`ConnectionManagerImpl`).

use std::collections::VecDeque;
use std::sync::Arc;

use super::blueprint::{Blueprint, Planned};
use super::body::Source;
use super::codec::Codec;
use super::event::Event;
use super::filter::{Filter, FilterKind};
use super::flow::Start;
use super::output::{self, Output};
use super::plugin::PluginFilter;
use super::state::{Handle, Place, Protocol, State};
use super::timeouts::{self, Rest};
use super::{arrival, decode, ending, refusal};
use crate::connection::runner::{Opened, Runner};
use crate::guest::Kind;
use crate::network;
use crate::shared::lock;

/// The connection manager of one connection.
#[derive(Debug)]
pub(crate) struct Manager {
    pub(super) blueprint: Arc<Blueprint>,
    pub(super) codec: Codec,
    pub(super) output: Output,
    /// Streams that are not over and their numbers in HTTP/2, the oldest first.
    pub(super) streams: Vec<(u32, Handle)>,
    /// Numbers for streams whose requests are on their way.
    reserved: VecDeque<u64>,
    /// The connection is closed when no stream is left.
    pub(super) is_closing: bool,
    pub(super) rest: Rest,
}

impl Manager {
    pub(crate) fn new(blueprint: &Arc<Blueprint>) -> Self {
        Self {
            codec: Codec::Unknown {
                configured: blueprint.config.codec,
                keeps_trailers: blueprint.config.http1_trailers,
            },
            output: Output::default(),
            blueprint: Arc::clone(blueprint),
            streams: Vec::new(),
            reserved: VecDeque::new(),
            is_closing: false,
            rest: Rest::default(),
        }
    }

    /// Gives the next stream of the connection that has none yet this number.
    pub(crate) fn reserve(&mut self, id: u64) {
        self.reserved.push_back(id);
    }

    /// The newest stream with this number in HTTP/2; 0 is the stream of HTTP/1.
    fn stream(&self, wire: u32) -> Option<Handle> {
        let mut newest = self.streams.iter().rev();
        let found = newest.find(|(known, _)| *known == wire);
        found.map(|(_, stream)| Arc::clone(stream))
    }
}

/// Runs `read` with the manager at this place.
pub(super) fn with<T>(place: &network::Place, read: impl FnOnce(&mut Manager) -> T) -> Option<T> {
    let mut state = lock(&place.connection);
    state.http(place.index).map(|(manager, _)| read(manager))
}

/// Bytes have come to the manager.
pub(crate) fn on_data(runner: &mut dyn Runner, place: &network::Place) {
    with(place, |manager| manager.output.is_held = true);
    while lock(&place.connection).is_open() {
        let Some((wire, event)) = next(place) else {
            hold_reading(place);
            break;
        };
        if event == Event::Begin {
            begin(runner, place, wire);
            continue;
        }
        let stream = with(place, |manager| manager.stream(wire)).flatten();
        match (stream, event) {
            (stream, Event::Error(fault)) => {
                refusal::refuse(runner, place, stream.as_ref(), fault);
            }
            (Some(stream), event) => handle(runner, place, &stream, event),
            // What still comes for a stream that is over.
            (None, _) if wire != 0 => {}
            (None, _) => break,
        }
    }
    output::release(runner, place);
    ending::close_if_idle(runner, place, false);
}

/// The next event and the number of its stream in HTTP/2.
fn next(place: &network::Place) -> Option<(u32, Event)> {
    let mut state = lock(&place.connection);
    let (manager, bytes) = state.http(place.index)?;
    let event = manager.codec.next(bytes);
    for (rank, bytes) in manager.codec.take_answers() {
        manager.output.push(rank, bytes);
    }
    event
}

fn handle(runner: &mut dyn Runner, place: &network::Place, stream: &Handle, event: Event) {
    match event {
        Event::Begin | Event::Error(_) => {}
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
        Event::Reset => ending::given_up(runner, stream),
        Event::Mismatch => ending::mismatched(runner, place, stream),
    }
}

/// Reads no more if the next request has come before this one is answered.
fn hold_reading(place: &network::Place) {
    let stream = with(place, |manager| match manager.codec {
        Codec::Http1(_) => manager.stream(0),
        _ => None,
    });
    let Some(stream) = stream.flatten() else {
        return;
    };
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
fn begin(runner: &mut dyn Runner, place: &network::Place, wire: u32) {
    let id = with(place, |manager| manager.reserved.pop_front()).flatten();
    let id = id.unwrap_or_else(|| runner.next_stream());
    let now = runner.shared().clock.unix_nanos();
    let read = |manager: &mut Manager| (Arc::clone(&manager.blueprint), manager.codec.is_http2());
    let Some((blueprint, is_http2)) = with(place, read) else {
        return;
    };
    let stream = State::begin(id, place, blueprint, now);
    if is_http2 {
        let mut state = lock(&stream);
        state.protocol = Protocol::Http2;
        state.is_protocol_known = true;
        state.wire = wire;
    }
    lock(&stream).began_nanos = runner.shared().clock.monotonic_nanos();
    runner.began(&stream);
    timeouts::began(runner, place, &stream);
    with(place, |manager| manager.streams.push((wire, stream)));
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

/// Whether clients of HTTP/1 are told that the connection is closed.
pub(super) fn says_close(place: &network::Place) -> bool {
    let is_going = |manager: &mut Manager| manager.is_closing || manager.rest.is_draining;
    with(place, is_going) == Some(true)
}

/// Closes the connection when its last stream is over.
pub(super) fn set_closing(place: &network::Place) {
    with(place, |manager| manager.is_closing = true);
}

/// The streams that are not over, the oldest first.
pub(super) fn streams(place: &network::Place) -> Vec<Handle> {
    let streams = with(place, |manager| {
        let streams = manager.streams.iter();
        streams.map(|(_, stream)| Arc::clone(stream)).collect()
    });
    streams.unwrap_or_default()
}

fn place_of(stream: &Handle) -> network::Place {
    lock(stream).place()
}
