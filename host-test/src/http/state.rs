//! The data of one stream.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use super::blueprint::Blueprint;
use super::body::Body;
use super::filter::{Direction, Filter};
use super::headers::HeaderMap;
use super::local_reply::LocalReply;
use super::response::Framing;
use super::routing;
use super::timeouts::Deadlines;
use super::upstream::Upstream;
use crate::config::Route;
use crate::network::{self, FilterState, LifeSpan, Prototype, ReadOnly};
use crate::shared::lock;

/// A stream that several contexts see.
pub(crate) type Handle = Arc<Mutex<State>>;

/// A filter at its place in a stream.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The stream.
    pub(crate) stream: Handle,
    /// The filter, counted from 0.
    pub(crate) index: usize,
}

/// What the client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
    /// HTTP/2.
    Http2,
}

impl Protocol {
    /// As in properties and access logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// One request and its response: everything that its filters share.
#[derive(Debug)]
pub struct State {
    /// Its number on this worker.
    pub id: u64,
    /// The connection it runs on.
    pub(crate) connection: network::Handle,
    /// What the client speaks.
    pub protocol: Protocol,
    pub(super) is_protocol_known: bool,
    /// Its number in HTTP/2.
    pub(super) wire: u32,
    /// The source as HTTP filters see it: from X-Forwarded-For, or the peer.
    pub remote: SocketAddr,
    /// Headers of the request, as the filters have left them.
    pub request_headers: Option<HeaderMap>,
    /// Trailers of the request.
    pub request_trailers: Option<HeaderMap>,
    /// Headers of the response, as the filters have left them.
    pub response_headers: Option<HeaderMap>,
    /// Trailers of the response.
    pub response_trailers: Option<HeaderMap>,
    /// When the request had come whole, on the monotonic clock.
    pub received_nanos: Option<u64>,
    /// What filters have left for each other, on this stream.
    pub filter_state: FilterState,
    /// The virtual host that was chosen when the request came.
    pub virtual_host: Option<String>,
    /// The route that was chosen when the request came.
    pub route: Option<Route>,
    /// The cluster of the route, if the process knows it.
    pub cluster: Option<String>,
    /// Status of the response, once there is one.
    pub response_code: Option<u16>,
    /// Why the response is what it is, such as `via_upstream`.
    pub response_code_details: Option<String>,
    /// Envoy's flags, such as `UC`.
    pub response_flags: Vec<&'static str>,
    /// Nanoseconds since 1970 when the request came.
    pub started_nanos: u64,
    /// The same on the monotonic clock, which durations go by.
    pub began_nanos: u64,
    /// When the stream ended, on the monotonic clock.
    pub ended_nanos: Option<u64>,
    /// Bytes of the request body.
    pub bytes_received: u64,
    /// Bytes of the response body.
    pub bytes_sent: u64,
    pub(super) blueprint: Arc<Blueprint>,
    /// The filter of the connection at which HTTP begins.
    pub(super) manager: usize,
    pub(super) filters: Vec<Filter>,
    pub(super) has_filters: bool,
    pub(super) request: Body,
    pub(super) response: Body,
    /// The response is complete on its way in (`local_complete_`).
    pub(super) is_answered: bool,
    /// The request is complete (`remote_decode_complete_`).
    pub(super) is_received: bool,
    /// The response is complete on its way out (`remote_encode_complete_`).
    pub(super) is_sent: bool,
    /// The client gets these headers.
    pub(super) has_sent_headers: bool,
    pub(super) is_head: bool,
    pub(super) is_grpc: bool,
    /// The stream is over; its filters have heard of it.
    pub(super) is_destroyed: bool,
    pub(super) is_route_forgotten: bool,
    /// Nothing more is read from the connection until the stream is over.
    pub(super) holds_reading: bool,
    pub(super) framing: Framing,
    /// The body as the client has got it.
    pub(super) client_body: Vec<u8>,
    /// An answer that is sent when the filter returns.
    pub(super) prepared: Option<LocalReply>,
    /// What the upstream has got.
    pub(super) upstream: Upstream,
    pub(super) deadlines: Deadlines,
}

impl State {
    /// A stream of which nothing has come yet.
    pub(super) fn begin(
        id: u64,
        place: &network::Place,
        blueprint: Arc<Blueprint>,
        now_nanos: u64,
    ) -> Handle {
        let remote = lock(&place.connection).addresses.remote;
        Arc::new(Mutex::new(Self {
            id,
            connection: Arc::clone(&place.connection),
            protocol: Protocol::default(),
            is_protocol_known: false,
            wire: 0,
            remote,
            request_headers: None,
            request_trailers: None,
            response_headers: None,
            response_trailers: None,
            received_nanos: None,
            filter_state: FilterState::default(),
            virtual_host: None,
            route: None,
            cluster: None,
            response_code: None,
            response_code_details: None,
            response_flags: Vec::new(),
            started_nanos: now_nanos,
            began_nanos: 0,
            ended_nanos: None,
            bytes_received: 0,
            bytes_sent: 0,
            blueprint,
            manager: place.index,
            filters: Vec::new(),
            has_filters: false,
            request: Body::default(),
            response: Body::default(),
            is_answered: false,
            is_received: false,
            is_sent: false,
            has_sent_headers: false,
            is_head: false,
            is_grpc: false,
            is_destroyed: false,
            is_route_forgotten: false,
            holds_reading: false,
            framing: Framing::default(),
            client_body: Vec::new(),
            prepared: None,
            upstream: Upstream::default(),
            deadlines: Deadlines::default(),
        }))
    }

    /// The filter of the connection at which HTTP begins.
    pub(super) fn place(&self) -> network::Place {
        network::Place {
            connection: Arc::clone(&self.connection),
            index: self.manager,
        }
    }

    /// The body as the client has got it.
    #[must_use]
    pub fn client_body(&self) -> &[u8] {
        &self.client_body
    }

    pub(super) fn body(&mut self, direction: Direction) -> &mut Body {
        match direction {
            Direction::Decode => &mut self.request,
            Direction::Encode => &mut self.response,
        }
    }

    pub(super) fn has_trailers(&self, direction: Direction) -> bool {
        match direction {
            Direction::Decode => self.request_trailers.is_some(),
            Direction::Encode => self.response_trailers.is_some(),
        }
    }

    /// Whether everything of this direction has come to the filters.
    pub(super) fn is_complete(&self, direction: Direction) -> bool {
        match direction {
            Direction::Decode => self.is_received,
            Direction::Encode => self.is_answered,
        }
    }

    /// Whether filters can still go on in this direction.
    pub(super) fn can_continue(&self, direction: Direction) -> bool {
        match direction {
            Direction::Decode => !self.is_answered,
            Direction::Encode => !self.is_sent,
        }
    }

    /// Writes a value: that of the connection if it has one of this name, else one that lives as
    /// its prototype says. Fails if the one that is there is read-only.
    pub fn set_filter_state(
        &mut self,
        name: &[u8],
        bytes: &[u8],
        prototype: Prototype,
    ) -> Result<(), ReadOnly> {
        let mut connection = lock(&self.connection);
        let is_of_connection = self.filter_state.get(name).is_none()
            && (prototype.life_span == LifeSpan::Connection
                || connection.filter_state.get(name).is_some());
        if is_of_connection {
            connection.set_filter_state(name, bytes, prototype)
        } else {
            self.filter_state.set(name, bytes, prototype)
        }
    }

    /// Chooses the route anew when it is needed next, with the headers as they are then.
    pub(crate) fn forget_route(&mut self) {
        self.is_route_forgotten = true;
    }

    /// Chooses the route anew if it was forgotten.
    pub(super) fn refresh_route(&mut self) {
        if !std::mem::take(&mut self.is_route_forgotten) {
            return;
        }
        let headers = self.request_headers.as_ref();
        let hosts = &self.blueprint.config.virtual_hosts;
        let chosen = headers.and_then(|headers| routing::choose(hosts, headers));
        self.route = chosen.and_then(|chosen| chosen.route);
    }

    /// The request at the upstream.
    #[must_use]
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Whether the stream is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_destroyed
    }
}
