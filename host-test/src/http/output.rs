//! Frames on their way to a client of HTTP/2. While what it has sent is being read they wait; then
//! each is written on its own (`sendPendingFrames`).

use super::ending;
use super::manager::with;
use super::state::Handle;
use crate::connection::runner::Runner;
use crate::network;

/// Which frames go before others, as measured on Envoy 1.40.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// What the server says first.
    Greeting,
    /// Answers to SETTINGS and PING.
    Urgent,
    /// Everything else.
    Regular,
    /// Bodies, and what stands behind them.
    Body,
    /// The end of streams whose response has gone out before the request had come in.
    Reset,
}

/// Frames that wait.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// What the client has sent is being read.
    pub(super) is_held: bool,
    queue: Vec<Queued>,
}

#[derive(Debug)]
struct Queued {
    rank: Rank,
    bytes: Vec<u8>,
    /// The stream is over when this is written.
    ends: Option<Handle>,
}

impl Output {
    pub(super) fn push(&mut self, rank: Rank, bytes: Vec<u8>) {
        let ends = None;
        self.queue.push(Queued { rank, bytes, ends });
    }

    /// Takes back what waits: nothing of it is written.
    pub(super) fn drop_all(&mut self) {
        self.queue.clear();
    }

    /// Takes back what waits, but for what the server says first.
    pub(super) fn drop_behind_greeting(&mut self) {
        self.queue.retain(|queued| queued.rank == Rank::Greeting);
    }
}

/// Writes a frame, now or when everything is read.
pub(super) fn write(runner: &mut dyn Runner, place: &network::Place, rank: Rank, bytes: Vec<u8>) {
    let bytes = with(place, |manager| {
        if manager.output.is_held {
            manager.output.push(rank, bytes);
            return None;
        }
        Some(bytes)
    });
    if let Some(bytes) = bytes.flatten() {
        network::write(runner, &place.connection, bytes, false);
    }
}

/// The frame that was written last is the last of this stream.
pub(super) fn end(runner: &mut dyn Runner, place: &network::Place, stream: &Handle) {
    let is_waiting = with(place, |manager| {
        let last = manager.output.queue.last_mut();
        last.map(|last| last.ends = Some(Handle::clone(stream)))
    });
    if is_waiting.flatten().is_none() {
        ending::destroy(runner, stream);
    }
}

/// Everything that has come is read: writes what waits.
pub(super) fn release(runner: &mut dyn Runner, place: &network::Place) {
    let queue = with(place, |manager| {
        manager.output.is_held = false;
        std::mem::take(&mut manager.output.queue)
    });
    let mut queue = queue.unwrap_or_default();
    queue.sort_by_key(|queued| queued.rank);
    for queued in queue {
        network::write(runner, &place.connection, queued.bytes, false);
        if let Some(stream) = queued.ends {
            ending::destroy(runner, &stream);
        }
    }
}
