//! Requests of clients, and what upstreams answer.

use super::{Clients, Sent};
use crate::Worker;
use crate::connection::{Gone, StreamId};
use crate::scenario::harness::convert;
use crate::scenario::harness::edge::Edge;
use crate::scenario::model::{Answer, ConnectionIndex, Request, RequestIndex};
use crate::scenario::world::Obstacle;

impl Clients {
    /// The connection of a request; none if it was not sent.
    pub(in crate::scenario::harness) fn connection_of(
        &self,
        request: RequestIndex,
    ) -> Option<ConnectionIndex> {
        self.requests.get(&request).map(|sent| sent.connection)
    }

    pub(super) fn sent(&self, index: RequestIndex) -> Result<Sent, Obstacle> {
        let missing = || Obstacle::Mistake("the request was not sent".to_owned());
        self.requests.get(&index).copied().ok_or_else(missing)
    }

    pub(in crate::scenario::harness) fn request(
        &mut self,
        edge: &mut impl Edge,
        index: RequestIndex,
        on: ConnectionIndex,
        request: &Request,
    ) -> Result<(), Obstacle> {
        self.forget(edge);
        let message = convert::request(request);
        // What a client sends on a closed connection gets nowhere.
        let stream = self.connection(on).and_then(|id| {
            let sent = edge.on(id.worker, |worker| worker.request(id, &message));
            sent?.ok()
        });
        self.requests.insert(
            index,
            Sent {
                connection: on,
                stream,
            },
        );
        if let Some(answer) = &request.answer {
            self.answers.insert(index, answer.clone());
        }
        self.answer(edge)
    }

    pub(in crate::scenario::harness) fn data(
        &mut self,
        edge: &mut impl Edge,
        request: RequestIndex,
        bytes: &[u8],
        end: bool,
    ) -> Result<(), Obstacle> {
        self.on_stream(edge, request, |worker, stream| {
            worker.request_data(stream, bytes, end)
        })
    }

    pub(in crate::scenario::harness) fn trailers(
        &mut self,
        edge: &mut impl Edge,
        request: RequestIndex,
        trailers: &[(String, String)],
    ) -> Result<(), Obstacle> {
        let lines = convert::lines(trailers);
        self.on_stream(edge, request, |worker, stream| {
            worker.request_trailers(stream, &lines)
        })
    }

    pub(in crate::scenario::harness) fn reset_request(
        &mut self,
        edge: &mut impl Edge,
        request: RequestIndex,
    ) -> Result<(), Obstacle> {
        self.on_stream(edge, request, Worker::request_reset)
    }

    /// Goes on with a request; one that was sent on a closed connection is lost.
    fn on_stream(
        &mut self,
        edge: &mut impl Edge,
        request: RequestIndex,
        act: impl FnOnce(&mut Worker, StreamId) -> Result<(), Gone>,
    ) -> Result<(), Obstacle> {
        let Some(stream) = self.sent(request)?.stream else {
            return Ok(());
        };
        let done = edge.on(stream.worker, |worker| act(worker, stream));
        if let Some(Err(error @ Gone::NoTrailers(_))) = done {
            return Err(Obstacle::Mistake(error.to_string()));
        }
        self.answer(edge)
    }

    pub(in crate::scenario::harness) fn respond(
        &mut self,
        edge: &mut impl Edge,
        request: RequestIndex,
        answer: &Answer,
    ) -> Result<(), Obstacle> {
        self.answers.remove(&request);
        self.respond_now(edge, request, answer)?;
        self.answer(edge)
    }

    /// Lets upstreams answer requests that are whole by now.
    pub(in crate::scenario::harness) fn answer(
        &mut self,
        edge: &mut impl Edge,
    ) -> Result<(), Obstacle> {
        loop {
            let mut waiting = self.answers.iter();
            let whole = waiting.find(|(index, _)| self.is_whole(edge, **index));
            let Some((index, answer)) = whole.map(|(index, answer)| (*index, answer.clone()))
            else {
                return Ok(());
            };
            self.answers.remove(&index);
            self.respond_now(edge, index, &answer)?;
        }
    }

    fn is_whole(&self, edge: &impl Edge, index: RequestIndex) -> bool {
        let view = self.stream_view(edge, index);
        view.and_then(|view| view.upstream)
            .is_some_and(|upstream| upstream.is_complete)
    }

    fn respond_now(
        &mut self,
        edge: &mut impl Edge,
        index: RequestIndex,
        answer: &Answer,
    ) -> Result<(), Obstacle> {
        // A request that has not got to an upstream has no answer from there.
        let Some(stream) = self.sent(index)?.stream else {
            return Ok(());
        };
        // So has one that is over.
        let _ = edge.on(stream.worker, |worker| match answer {
            Answer::Response(status, message) => {
                worker.respond(stream, convert::response(*status, message))
            }
            Answer::Reset => worker.upstream_reset(stream),
        });
        Ok(())
    }
}
