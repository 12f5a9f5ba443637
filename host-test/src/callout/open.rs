//! A call that is open.

use super::grpc::Progress;
use super::heard::Heard;
use super::http::{BODY_MAX_BYTES, Seen};
use super::{CallAnswer, CallKind, CallRequest, InvalidAnswer, PendingCall};

/// A call that the guest can still name.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) call: PendingCall,
    pub(super) root: u32,
    pub(super) len_bytes: usize,
    /// Nothing more can be answered.
    pub(super) is_over: bool,
    pub(super) grpc: Progress,
}

impl Open {
    /// The guest sends nothing more.
    pub(super) fn end(&mut self) {
        if let CallRequest::GrpcStream { is_ended, .. } = &mut self.call.request {
            *is_ended = true;
        }
    }

    pub(super) fn is_ended(&self) -> bool {
        matches!(
            self.call.request,
            CallRequest::GrpcStream { is_ended: true, .. }
        )
    }

    /// What the guest hears of an answer to an HTTP call.
    pub(super) fn http(&self, answer: CallAnswer, millis: u64) -> Result<Heard, InvalidAnswer> {
        Ok(match answer {
            CallAnswer::Respond(answer) if answer.body.len() > BODY_MAX_BYTES => Heard::BrokenOff,
            CallAnswer::Respond(answer) => Heard::Response(Seen::of_server(answer, millis)),
            CallAnswer::Refuse => Heard::Response(Seen::refused()),
            CallAnswer::Reset => Heard::Response(Seen::reset()),
            CallAnswer::Disconnect => Heard::Response(Seen::disconnected()),
            CallAnswer::BreakOff => Heard::BrokenOff,
            answer => {
                return Err(InvalidAnswer::unfit(self.call.id, CallKind::Http, &answer));
            }
        })
    }
}
