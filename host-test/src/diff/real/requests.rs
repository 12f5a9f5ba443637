//! Requests of clients, and what became of them at upstreams.

use std::collections::BTreeMap;

use super::http1;
use crate::connection::{self, Form};
use crate::scenario::{Answer, ConnectionIndex, MessageSeen, Request, RequestIndex};

/// Requests by their numbers.
#[derive(Debug, Default)]
pub(super) struct Requests(BTreeMap<RequestIndex, Sent>);

/// A request that a client has sent, or has tried to.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) connection: ConnectionIndex,
    /// How many requests its connection had before.
    pub(super) place: usize,
    pub(super) method: String,
    pub(super) path: String,
    authority: String,
    /// How it goes on.
    pub(super) form: Form,
    /// What the upstream will answer when the request is whole there.
    pub(super) answer: Option<Answer>,
    /// As the upstream has got it, so far.
    pub(super) upstream: Option<MessageSeen>,
    pub(super) is_whole: bool,
    pub(super) is_answered: bool,
    /// The client has reset it.
    pub(super) is_given_up: bool,
    /// Envoy has answered it without the upstream.
    is_over: bool,
}

impl Requests {
    pub(super) fn get(&self, index: RequestIndex) -> Option<&Sent> {
        self.0.get(&index)
    }

    pub(super) fn get_mut(&mut self, index: RequestIndex) -> Option<&mut Sent> {
        self.0.get_mut(&index)
    }

    /// Notes a request; what a client sends of it, part by part.
    pub(super) fn add(
        &mut self,
        index: RequestIndex,
        connection: ConnectionIndex,
        request: &Request,
        message: &connection::Request,
    ) -> Vec<Vec<u8>> {
        let before = |wanted: fn(&Sent) -> bool| {
            let sent = self.0.values().filter(|sent| sent.connection == connection);
            sent.filter(|sent| wanted(sent)).count()
        };
        let http2 = u32::try_from(before(|sent| sent.form.is_http2())).unwrap_or(u32::MAX);
        let (form, parts) = message.sent(http2, false);
        let sent = Sent {
            connection,
            place: before(|_| true),
            method: request.method.clone(),
            path: request.path.clone(),
            authority: request.authority.clone(),
            form,
            answer: request.answer.clone(),
            upstream: None,
            is_whole: false,
            is_answered: false,
            is_given_up: false,
            is_over: false,
        };
        self.0.insert(index, sent);
        parts
    }

    /// How many requests with the same path its connection had before.
    pub(super) fn place_among_equals(&self, index: RequestIndex) -> usize {
        let Some(wanted) = self.0.get(&index) else {
            return 0;
        };
        let before = self.0.range(..index).map(|(_, sent)| sent);
        before
            .filter(|sent| sent.connection == wanted.connection && sent.path == wanted.path)
            .count()
    }

    /// Requests that have not come to an upstream, and still may.
    pub(super) fn without_upstream(&self) -> impl Iterator<Item = RequestIndex> {
        let open = |(_, sent): &(&RequestIndex, &Sent)| sent.upstream.is_none() && !sent.is_over;
        self.0.iter().filter(open).map(|(index, _)| *index)
    }

    /// Notes which requests were answered without the upstream: what comes to it is none of these.
    pub(super) fn note_over(&mut self, over: &[RequestIndex]) {
        for index in over {
            if let Some(sent) = self.0.get_mut(index) {
                sent.is_over = true;
            }
        }
    }

    /// Methods of the requests of a connection, in their order.
    pub(super) fn methods(&self, connection: ConnectionIndex) -> impl Iterator<Item = &str> {
        let sent = self
            .0
            .values()
            .filter(move |sent| sent.connection == connection);
        sent.map(|sent| sent.method.as_str())
    }

    /// The request that has come to an upstream; none if it is nobody's, such as a call of a guest.
    ///
    /// What stands in it may have been changed on the way, so the one that is most like it is taken,
    /// of several the first that was sent.
    pub(super) fn arrived(&mut self, read: &http1::Read) -> Option<RequestIndex> {
        let word = |at: usize| {
            read.first_line
                .get(at)
                .map(String::as_str)
                .unwrap_or_default()
        };
        let mut headers = read.message.headers.iter();
        let host = headers.find(|(name, _)| name == "host");
        let host = host.map(|(_, value)| value.as_str()).unwrap_or_default();
        let likeness = |sent: &Sent| {
            4 * u8::from(sent.path == word(1))
                + 2 * u8::from(sent.authority == host)
                + u8::from(sent.method == word(0))
        };
        let waiting = self
            .0
            .iter()
            .filter(|(_, sent)| sent.upstream.is_none() && !sent.is_over);
        // Of equals `max_by_key` takes the last.
        let best = waiting.rev().max_by_key(|(_, sent)| likeness(sent));
        let index = *best.filter(|(_, sent)| likeness(sent) > 0)?.0;
        if let Some(sent) = self.0.get_mut(&index) {
            sent.upstream = Some(MessageSeen::default());
        }
        Some(index)
    }
}

/// A request as an upstream sees it, with pseudo-headers.
pub(super) fn with_pseudo_headers(read: http1::Read) -> MessageSeen {
    let mut message = read.message;
    let word = |at: usize| read.first_line.get(at).cloned().unwrap_or_default();
    let mut headers = vec![
        (":method".to_owned(), word(0)),
        (":path".to_owned(), word(1)),
    ];
    for (name, value) in message.headers {
        headers.push(match name.as_str() {
            "host" => (":authority".to_owned(), value),
            _ => (name, value),
        });
    }
    message.headers = headers;
    message
}
