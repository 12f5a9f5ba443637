//! What happens to a client that does not speak HTTP as it should.

use std::sync::Arc;

use super::ending;
use super::event::{CODEC_ERROR, Fault, Remedy};
use super::frame::{Kind, frame};
use super::local_reply::{self, LocalReply};
use super::manager::{self, with};
use super::output::{self, Rank};
use super::state::Handle;
use crate::connection::runner::Runner;
use crate::network;
use crate::shared::lock;

/// Answers what is no HTTP, and closes the connection.
pub(super) fn refuse(
    runner: &mut dyn Runner,
    place: &network::Place,
    stream: Option<&Handle>,
    fault: Fault,
) {
    let (remedy, details) = fault.remedy();
    lock(&place.connection).response_flags.push("DPE");
    manager::set_closing(place);
    match (remedy, stream) {
        (Remedy::Answer(code, body), Some(stream)) => {
            lock(stream).response_flags.push("DPE");
            let reply = LocalReply {
                code,
                body: body.into(),
                details: details.into(),
                ..LocalReply::default()
            };
            local_reply::send(runner, stream, reply);
        }
        (Remedy::Answer(..), None) => {}
        (Remedy::GoAway(error, words), stream) => {
            with(place, |manager| {
                let last = manager.codec.last_stream().to_be_bytes();
                let payload = [&last[..], &[0, 0, 0, error], words.as_bytes()].concat();
                manager.output.drop_behind_greeting();
                let bytes = frame(Kind::GoAway, 0, 0, &payload);
                manager.output.push(Rank::Regular, bytes);
            });
            output::release(runner, place);
            end_all(runner, place, stream, details);
        }
        (Remedy::Close, stream) => {
            with(place, |manager| manager.output.drop_all());
            end_all(runner, place, stream, details);
        }
    }
}

/// Ends every stream, the newest first. The one at fault has its own details.
fn end_all(
    runner: &mut dyn Runner,
    place: &network::Place,
    at_fault: Option<&Handle>,
    details: &str,
) {
    for stream in manager::streams(place).into_iter().rev() {
        let is_at_fault = at_fault.is_some_and(|other| Arc::ptr_eq(other, &stream));
        {
            let mut state = lock(&stream);
            let details = if is_at_fault { details } else { CODEC_ERROR };
            state.response_code_details = Some(details.to_owned());
            state.response_flags.push("DPE");
        }
        ending::destroy(runner, &stream);
    }
}
