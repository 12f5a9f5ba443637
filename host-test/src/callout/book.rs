//! The calls of one VM: what is open, what the guest has still to hear, what it hears now.

mod delivered;

use std::collections::{BTreeMap, VecDeque};

use super::grpc::{self, Progress};
use super::heard::{Delivery, Event, Heard};
use super::http::Seen;
use super::open::Open;
use super::{
    CallAnswer, CallId, CallKind, CallRequest, InvalidAnswer, OVERHEAD_BYTES, PendingCall,
};
use crate::abi::Status;

/// Calls of one VM that may be open at a time, and their bytes; what is beyond is refused. Envoy
/// has no limit, and dies of a guest that never stops.
const OPEN_MAX: usize = 100_000;
const BYTES_MAX: usize = 256 << 20;

/// A call as the guest names it.
pub(super) type Key = (CallKind, u32);

/// The calls of one VM.
#[derive(Debug, Default)]
pub(crate) struct Book {
    open: BTreeMap<Key, Open>,
    keys: BTreeMap<CallId, Key>,
    made: [u32; 4],
    len_bytes: usize,
    events: VecDeque<Event>,
    delivered: Option<Event>,
    /// The last status by root: of gRPC, or that of an HTTP call that broke off.
    statuses: BTreeMap<u32, u32>,
}

impl Book {
    /// Opens a call; `describe` makes it of its token. Its token.
    ///
    /// Fails when there are too many.
    pub(crate) fn open(
        &mut self,
        root: u32,
        request: CallRequest,
        describe: impl FnOnce(u32, CallRequest) -> PendingCall,
    ) -> Result<u32, Status> {
        let len_bytes = request.len_bytes();
        let sum_bytes = self.len_bytes.saturating_add(len_bytes);
        if self.open.len() >= OPEN_MAX || sum_bytes > BYTES_MAX {
            return Err(Status::InternalFailure);
        }
        let kind = request.kind();
        let token = self.next_token(kind);
        let call = describe(token, request);
        self.len_bytes = sum_bytes;
        self.keys.insert(call.id, (kind, token));
        let open = Open {
            call,
            root,
            len_bytes,
            is_over: false,
            grpc: Progress::default(),
        };
        self.open.insert((kind, token), open);
        Ok(token)
    }

    /// Takes the token of a call that fails at once.
    fn next_token(&mut self, kind: CallKind) -> u32 {
        let Some(made) = self.made.get_mut(kind as usize) else {
            return 0;
        };
        let token = kind.token(*made);
        *made = made.wrapping_add(1);
        token
    }

    /// A gRPC call that failed at once: the guest hears of its end all the same.
    pub(crate) fn fail_at_once(&mut self, root: u32, kind: CallKind, text: &str) {
        let key = (kind, self.next_token(kind));
        let what = Heard::Close {
            status: grpc::UNAVAILABLE,
            message: text.to_owned(),
        };
        self.events.push_back(Event {
            key,
            root,
            what,
            is_last: true,
            is_orphan: true,
        });
    }

    /// Tells an open call what happens to it, at `now` on the monotonic clock.
    ///
    /// Fails when it is over, or when its kind never hears that.
    pub(crate) fn answer(
        &mut self,
        id: CallId,
        answer: CallAnswer,
        now: u64,
    ) -> Result<(), InvalidAnswer> {
        let key = self.keys.get(&id).copied();
        let open = key.and_then(|key| Some((key, self.open.get_mut(&key)?)));
        let (key, open) = open
            .filter(|(_, open)| !open.is_over)
            .ok_or(InvalidAnswer::NoCall(id))?;
        let millis = now.saturating_sub(open.call.started_nanos) / 1_000_000;
        let heard = match (key.0, answer) {
            (CallKind::Http, answer) => vec![open.http(answer, millis)?],
            (CallKind::Dns, CallAnswer::Addresses(addresses)) => {
                vec![Heard::addresses(&addresses)]
            }
            (CallKind::Dns, answer) => return Err(InvalidAnswer::unfit(id, key.0, &answer)),
            (CallKind::GrpcCall, answer) => grpc::call(open, answer)?,
            (CallKind::GrpcStream, answer) => grpc::stream(open, answer, millis)?,
        };
        open.is_over |= matches!(key.0, CallKind::Http | CallKind::Dns);
        // A stream can be named until both sides have ended it.
        let has_last = open.is_over && key.0 != CallKind::GrpcStream;
        let root = open.root;
        let count = heard.len();
        for (index, what) in heard.into_iter().enumerate() {
            self.events.push_back(Event {
                key,
                root,
                what,
                is_last: has_last && index + 1 == count,
                is_orphan: false,
            });
        }
        Ok(())
    }

    /// Ends the calls whose time has come.
    pub(crate) fn expire(&mut self, now: u64) {
        for (key, open) in &mut self.open {
            if open.is_over || open.call.due_nanos.is_none_or(|due| due > now) {
                continue;
            }
            open.is_over = true;
            let what = match key.0 {
                CallKind::Http => Heard::Response(Seen::timed_out()),
                _ => grpc::timed_out(),
            };
            self.events.push_back(Event {
                key: *key,
                root: open.root,
                what,
                is_last: true,
                is_orphan: false,
            });
        }
    }

    /// When the next call times out, on the monotonic clock.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.pending().filter_map(|call| call.due_nanos).min()
    }

    /// The calls that can be answered.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &PendingCall> {
        let open = self.open.values().filter(|open| !open.is_over);
        open.map(|open| &open.call)
    }

    /// The call of this token, if it can be answered.
    pub(crate) fn find_pending(&self, kind: CallKind, token: u32) -> Option<&PendingCall> {
        let open = self.open.get(&(kind, token)).filter(|open| !open.is_over);
        open.map(|open| &open.call)
    }

    /// What the guest has to hear next. Until [`Book::finish`] it can look at what has come.
    pub(crate) fn next(&mut self) -> Option<Delivery> {
        loop {
            let event = self.events.pop_front()?;
            // What was cancelled is not heard of.
            if !event.is_orphan && !self.open.contains_key(&event.key) {
                continue;
            }
            let delivery = event.delivery();
            if let Some(status) = event.what.status() {
                self.statuses.insert(event.root, status);
            }
            self.delivered = Some(event);
            return Some(delivery);
        }
    }

    /// The guest has heard it.
    pub(crate) fn finish(&mut self) {
        let Some(event) = self.delivered.take() else {
            return;
        };
        let is_closed = matches!(event.what, Heard::Close { .. });
        let open = self.open.get(&event.key);
        let is_ended_by_both = is_closed && open.is_some_and(|open| open.grpc.is_closed_by_guest);
        if event.is_last || is_ended_by_both {
            self.forget(event.key);
        }
    }

    /// The calls of a root that is gone are cancelled.
    pub(crate) fn forget_root(&mut self, root: u32) {
        let of_root = self.open.iter().filter(|(_, open)| open.root == root);
        let keys: Vec<Key> = of_root.map(|(key, _)| *key).collect();
        for key in keys {
            self.forget(key);
        }
        self.events.retain(|event| event.root != root);
        self.statuses.remove(&root);
    }

    /// Cancels a call of this root; whether it was there.
    pub(crate) fn cancel(&mut self, root: u32, kind: CallKind, token: u32) -> bool {
        let is_there = self.find(root, (kind, token)).is_some();
        if is_there {
            self.forget((kind, token));
        }
        is_there
    }

    /// Ends the guest's side of a stream of this root; whether it was there.
    pub(crate) fn close_stream(&mut self, root: u32, token: u32) -> bool {
        let key = (CallKind::GrpcStream, token);
        let Some(open) = self.find(root, key) else {
            return false;
        };
        open.end();
        open.grpc.is_closed_by_guest = true;
        if open.is_over {
            self.forget(key);
        }
        true
    }

    /// Sends a message on a stream of this root. On one that is over nobody gets it, which the
    /// guest does not notice.
    ///
    /// Fails when there is no such stream, or too much in all of them.
    pub(crate) fn send(
        &mut self,
        root: u32,
        token: u32,
        message: Vec<u8>,
        is_end: bool,
    ) -> Result<(), Status> {
        let len_bytes = message.len() + OVERHEAD_BYTES;
        let sum_bytes = self.len_bytes.saturating_add(len_bytes);
        let open = self.find(root, (CallKind::GrpcStream, token));
        let open = open.ok_or(Status::NotFound)?;
        if open.is_over || open.is_ended() {
            return Ok(());
        }
        if sum_bytes > BYTES_MAX {
            return Err(Status::InternalFailure);
        }
        if let CallRequest::GrpcStream { messages, .. } = &mut open.call.request {
            messages.push(message);
        }
        if is_end {
            open.end();
        }
        open.len_bytes += len_bytes;
        self.len_bytes = sum_bytes;
        Ok(())
    }

    fn find(&mut self, root: u32, key: Key) -> Option<&mut Open> {
        self.open.get_mut(&key).filter(|open| open.root == root)
    }

    fn forget(&mut self, key: Key) {
        if let Some(open) = self.open.remove(&key) {
            self.len_bytes = self.len_bytes.saturating_sub(open.len_bytes);
            self.keys.remove(&open.call.id);
        }
    }
}
