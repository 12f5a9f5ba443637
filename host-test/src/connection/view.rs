//! What a test sees of a connection or a stream.

use super::flags;
use super::operations::Gone;
use super::turn::Place;
use super::{ConnectionId, StreamId};
use crate::Worker;
use crate::http::{HeaderMap, Upstream};
use crate::network::{self, ClosedBy};
use crate::shared::lock;

/// A connection at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionView {
    /// Whether it can be sent to.
    pub is_open: bool,
    /// Who has closed it; none while it is open, and for one that no filter has heard of.
    pub closed_by: Option<ClosedBy>,
    /// Whether network filters have heard of it.
    pub is_accepted: bool,
    /// What the client has got.
    pub sent_to_client: Vec<u8>,
    /// What a proxy of bytes has passed on.
    pub sent_upstream: Vec<u8>,
    /// What filters have left, by name.
    pub filter_state: Vec<(Vec<u8>, Vec<u8>)>,
    /// Why Envoy closed it, where it says so.
    pub termination_details: Option<String>,
}

impl ConnectionView {
    /// What filters have left under this name.
    #[must_use]
    pub fn filter_state(&self, name: &str) -> Option<&[u8]> {
        value(&self.filter_state, name)
    }
}

/// A stream at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamView {
    /// Whether it is over.
    pub is_over: bool,
    /// The request as the upstream has got it; none if it has not.
    pub upstream: Option<Upstream>,
    /// Headers of the response as they are now; none before there is one.
    pub response_headers: Option<HeaderMap>,
    /// The body as the client has got it.
    pub response_body: Vec<u8>,
    /// Trailers of the response.
    pub response_trailers: Option<HeaderMap>,
    /// Status of the response.
    pub response_code: Option<u16>,
    /// Why the response is what it is, such as `via_upstream`.
    pub response_code_details: Option<String>,
    /// Envoy's flags with commas, such as `UC`; `-` if there are none.
    pub response_flags: String,
    /// What filters have left on the stream, by name.
    pub filter_state: Vec<(Vec<u8>, Vec<u8>)>,
}

impl StreamView {
    /// What filters have left on the stream under this name.
    #[must_use]
    pub fn filter_state(&self, name: &str) -> Option<&[u8]> {
        value(&self.filter_state, name)
    }
}

/// Filters hear of a failed handshake that the client has closed, who sees that Envoy has.
fn closed_by(state: &network::State) -> Option<ClosedBy> {
    let has_failed = !state.transport_failure_reason.is_empty();
    state.closed_by().map(|by| match has_failed {
        true => ClosedBy::Local,
        false => by,
    })
}

fn value<'a>(state: &'a [(Vec<u8>, Vec<u8>)], name: &str) -> Option<&'a [u8]> {
    let found = state.iter().find(|(known, _)| known == name.as_bytes());
    found.map(|(_, value)| value.as_slice())
}

impl Worker {
    /// What has become of a connection. Fails when it never was, or is long over.
    pub fn connection(&self, id: ConnectionId) -> Result<ConnectionView, Gone> {
        let Place::Filters(connection) = self.place(id)? else {
            let is_open = matches!(self.place(id)?, Place::Waiting(_));
            return Ok(ConnectionView {
                is_open,
                closed_by: None,
                is_accepted: false,
                sent_to_client: Vec::new(),
                sent_upstream: Vec::new(),
                filter_state: Vec::new(),
                termination_details: None,
            });
        };
        let state = lock(&connection);
        Ok(ConnectionView {
            is_open: state.closed_by().is_none(),
            closed_by: closed_by(&state),
            is_accepted: true,
            sent_to_client: state.sent_to_client().to_vec(),
            sent_upstream: state.sent_upstream().to_vec(),
            filter_state: state.filter_state.entries(),
            termination_details: state.termination_details.clone(),
        })
    }

    /// The streams of a connection that can be looked at, the oldest first: also those whose
    /// requests were sent as bytes. Fails like [`Worker::connection`].
    pub fn streams(&self, id: ConnectionId) -> Result<Vec<StreamId>, Gone> {
        let Place::Filters(connection) = self.place(id)? else {
            return Ok(Vec::new());
        };
        let worker = id.worker;
        let ids = self.traffic.streams_of(&connection).into_iter();
        Ok(ids.map(|id| StreamId { worker, id }).collect())
    }

    /// What has become of a stream. Fails when it never was, or is long over.
    pub fn stream(&self, id: StreamId) -> Result<StreamView, Gone> {
        let stream = self.stream_handle(id)?;
        let state = lock(&stream);
        let upstream = state.upstream();
        Ok(StreamView {
            is_over: state.is_over(),
            upstream: upstream.cluster.is_some().then(|| upstream.clone()),
            response_headers: state.response_headers.clone(),
            response_body: state.client_body().to_vec(),
            response_trailers: state.response_trailers.clone(),
            response_code: state.response_code,
            response_code_details: state.response_code_details.clone(),
            response_flags: flags::short(&state.response_flags),
            filter_state: state.filter_state.entries(),
        })
    }
}
