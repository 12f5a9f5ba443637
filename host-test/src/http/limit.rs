//! How much of a body filters can keep.

use super::filter::Direction;
use super::local_reply::{self, LocalReply};
use super::state::Handle;
use crate::connection::runner::Runner;
use crate::shared::lock;

/// Answers a stream of which a filter has kept too much, unless the rest waits at the sender.
pub(super) fn check(runner: &mut dyn Runner, stream: &Handle, direction: Direction) {
    let is_too_much = {
        let mut state = lock(stream);
        let limit = lock(&state.connection).listener.buffer_limit_bytes;
        let body = state.body(direction);
        let kept = body.kept.as_ref().map_or(0, Vec::len);
        kept > limit && !body.is_streaming
    };
    if !is_too_much {
        return;
    }
    let (code, details, text) = match direction {
        Direction::Decode => (413, "request_payload_too_large", "Payload Too Large"),
        Direction::Encode => (500, "response_payload_too_large", "Internal Server Error"),
    };
    let reply = LocalReply {
        code,
        body: text.into(),
        details: details.into(),
        ..LocalReply::default()
    };
    local_reply::send(runner, stream, reply);
}
