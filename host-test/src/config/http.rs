//! The HTTP connection manager and its filters, as far as the harness models them.

use std::{sync::Arc, time::Duration};

use super::{AccessLog, Plugin, Rbac, StringMatch, VirtualHost, format::Format};

/// `envoy.filters.network.http_connection_manager`.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpConnectionManager {
    /// The version of HTTP that is spoken.
    pub codec: Codec,
    /// Whether the peer of the connection is the source, or X-Forwarded-For.
    pub use_remote_address: bool,
    /// Proxies in front whose X-Forwarded-For is believed.
    pub xff_num_trusted_hops: u32,
    /// Leaves X-Forwarded-For as it came.
    pub skip_xff_append: bool,
    /// Takes `.` and `..` out of paths, as RFC 3986 says.
    pub normalize_path: bool,
    /// Makes one slash of several.
    pub merge_slashes: bool,
    /// Gives each request an `x-request-id`. Envoy's default is true.
    pub generate_request_id: bool,
    /// Keeps trailers of HTTP/1.1 requests and writes those of responses.
    pub http1_trailers: bool,
    /// What is done with headers that have a `_` in their name.
    pub underscores: UnderscoresAction,
    /// Stands in the header `server`. Envoy's default is `envoy`.
    pub server_name: String,
    /// How long it waits.
    pub timeouts: HttpTimeouts,
    /// HTTP filters in their order, the router last.
    pub filters: Vec<HttpFilter>,
    /// Routes by host.
    pub virtual_hosts: Vec<VirtualHost>,
    /// Written when a request ends.
    pub access_logs: Vec<AccessLog>,
}

impl Default for HttpConnectionManager {
    fn default() -> Self {
        Self {
            codec: Codec::Auto,
            use_remote_address: false,
            xff_num_trusted_hops: 0,
            skip_xff_append: false,
            normalize_path: false,
            merge_slashes: false,
            generate_request_id: true,
            http1_trailers: false,
            underscores: UnderscoresAction::Allow,
            server_name: "envoy".to_owned(),
            timeouts: HttpTimeouts::default(),
            filters: vec![HttpFilter::Router],
            virtual_hosts: Vec::new(),
            access_logs: Vec::new(),
        }
    }
}

/// The version of HTTP that a connection manager speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// What the client begins with.
    #[default]
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// What is done with request headers that have a `_` in their name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnderscoresAction {
    /// They pass.
    #[default]
    Allow,
    /// The request is answered with 400.
    RejectRequest,
    /// They are dropped.
    DropHeader,
}

/// How long Envoy's connection manager waits; `None`: without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpTimeouts {
    /// A connection without a request is closed. Envoy's default is an hour.
    pub idle: Option<Duration>,
    /// A request on which nothing moves is ended. Envoy's default is five minutes.
    pub stream_idle: Option<Duration>,
    /// From the first byte of a request to its last header. Envoy has none by default.
    pub request_headers: Option<Duration>,
    /// From the moment that clients are told to go until the connection takes no more requests.
    /// Envoy's default is five seconds.
    pub drain: Duration,
}

impl Default for HttpTimeouts {
    fn default() -> Self {
        Self {
            idle: Some(Duration::from_secs(3600)),
            stream_idle: Some(Duration::from_secs(300)),
            request_headers: None,
            drain: Duration::from_secs(5),
        }
    }
}

/// An HTTP filter.
#[derive(Clone, Debug, PartialEq)]
pub enum HttpFilter {
    /// `envoy.filters.http.wasm`.
    Wasm(Arc<Plugin>),
    /// `envoy.filters.http.header_mutation`.
    HeaderMutation(HeaderMutation),
    /// `envoy.filters.http.rbac`: answers 403.
    Rbac(Rbac),
    /// `envoy.filters.http.router`.
    Router,
}

/// `envoy.filters.http.header_mutation`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderMutation {
    /// For request headers.
    pub request: HeaderMutations,
    /// For request trailers.
    pub request_trailers: HeaderMutations,
    /// For response headers.
    pub response: HeaderMutations,
    /// For response trailers.
    pub response_trailers: HeaderMutations,
}

/// Steps in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderMutations(pub Vec<Mutation>);

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Takes every header of this name away; in lower case.
    Remove(String),
    /// Takes every header away whose name matches.
    RemoveOnMatch(StringMatch),
    /// Adds a header.
    Append {
        /// The name, in lower case.
        name: String,
        /// The value. What is absent in it is nothing.
        value: Format,
        /// What is done with those of the same name.
        action: AppendAction,
        /// Adds the header even if its value is empty.
        keep_empty_value: bool,
    },
}

/// What is done with headers of the same name (`HeaderAppendAction`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppendAction {
    /// They stay.
    #[default]
    AppendIfExistsOrAdd,
    /// Nothing is added if there is one.
    AddIfAbsent,
    /// They are replaced.
    OverwriteIfExistsOrAdd,
    /// They are replaced; nothing is added if there is none.
    OverwriteIfExists,
}
