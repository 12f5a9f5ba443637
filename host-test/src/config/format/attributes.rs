//! What a format string asks of a connection or a request.

use std::{borrow::Cow, net::SocketAddr};

/// What a connection or a request says about itself.
///
/// `None` is what Envoy logs as `-` in a text and as `null` in a JSON object.
pub trait Attributes {
    /// When it began: nanoseconds since 1970.
    fn start_nanos(&self) -> u64;

    /// One of its addresses.
    fn address(&self, endpoint: Endpoint) -> Option<SocketAddr>;

    /// The first value of a request header; `name` is in lower case, such as `:path`.
    fn request_header(&self, name: &str) -> Option<Cow<'_, [u8]>>;

    /// The first value of a response header; `name` is in lower case.
    fn response_header(&self, name: &str) -> Option<Cow<'_, [u8]>>;

    /// The first value of a response trailer; `name` is in lower case.
    fn response_trailer(&self, name: &str) -> Option<Cow<'_, [u8]>>;

    /// The filter state under `key`; plugins write keys that begin with `wasm.`.
    fn filter_state(&self, key: &str) -> Option<Cow<'_, [u8]>>;

    /// The dynamic metadata of `namespace`, below the keys of `path`.
    fn dynamic_metadata(&self, namespace: &str, path: &[String]) -> Option<serde_json::Value>;

    /// A number.
    fn number(&self, number: Number) -> Option<u64>;

    /// A text.
    fn text(&self, text: Text) -> Option<Cow<'_, str>>;
}

/// An address of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The client, as X-Forwarded-For or a PROXY header say.
    Remote,
    /// The peer of the TCP connection, whatever it says.
    DirectRemote,
    /// What the client connected to.
    Local,
    /// The upstream host.
    Upstream,
}

macro_rules! commands {
    ($(#[$type_meta:meta])* $type:ident { $($(#[$meta:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$type_meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $($(#[$meta])* $variant,)* }

        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name of the command.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

commands! {
    /// A command whose value is a number.
    Number {
        /// Bytes of the request body; of a connection all that its client sent.
        BytesReceived = "BYTES_RECEIVED",
        /// Bytes of the response body; of a connection all that its client got.
        BytesSent = "BYTES_SENT",
        /// The status; 0 of a connection and of a request without a response.
        ResponseCode = "RESPONSE_CODE",
        /// Milliseconds from its begin to its end.
        Duration = "DURATION",
        /// Milliseconds until the last byte of the request had come.
        RequestDuration = "REQUEST_DURATION",
        /// Milliseconds until the first byte of the upstream's response had come.
        ResponseDuration = "RESPONSE_DURATION",
        /// The number of the connection.
        ConnectionId = "CONNECTION_ID",
        /// How often the upstream was tried.
        UpstreamRequestAttemptCount = "UPSTREAM_REQUEST_ATTEMPT_COUNT",
    }
}

commands! {
    /// A command whose value is a text.
    Text {
        /// `HTTP/1.1`, `HTTP/2`.
        Protocol = "PROTOCOL",
        /// Why the response has its status, such as `via_upstream`.
        ResponseCodeDetails = "RESPONSE_CODE_DETAILS",
        /// Why the connection was closed, such as what an RBAC filter says.
        ConnectionTerminationDetails = "CONNECTION_TERMINATION_DETAILS",
        /// `UF`, `DC`, …, or `-`: never absent in Envoy.
        ResponseFlags = "RESPONSE_FLAGS",
        /// The same in words, or `-`.
        ResponseFlagsLong = "RESPONSE_FLAGS_LONG",
        /// The cluster of the route.
        UpstreamCluster = "UPSTREAM_CLUSTER",
        /// Why the connection to the upstream failed.
        UpstreamTransportFailureReason = "UPSTREAM_TRANSPORT_FAILURE_REASON",
        /// The server name of the TLS greeting.
        RequestedServerName = "REQUESTED_SERVER_NAME",
        /// The name of the route.
        RouteName = "ROUTE_NAME",
        /// The name of the filter chain.
        FilterChainName = "FILTER_CHAIN_NAME",
        /// The name of the machine.
        Hostname = "HOSTNAME",
        /// The identifier of the request.
        StreamId = "STREAM_ID",
        /// The version of TLS, such as `TLSv1.3`.
        DownstreamTlsVersion = "DOWNSTREAM_TLS_VERSION",
        /// Why the TLS handshake failed.
        DownstreamTransportFailureReason = "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
        /// When the line was written: `DownstreamEnd` for requests, `NotSet` for connections.
        AccessLogType = "ACCESS_LOG_TYPE",
    }
}
