//! Filters around the plugins: those that the harness models.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Plugin;

/// A network filter.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkFilter {
    /// `envoy.filters.network.wasm`.
    Wasm(Arc<Plugin>),
    /// `envoy.filters.network.rbac`: acts at the first bytes.
    Rbac(Rbac),
    /// `envoy.filters.network.connection_limit`: closes what is beyond.
    ConnectionLimit {
        /// Connections at a time.
        max_connections: u64,
    },
    /// `envoy.filters.network.echo`: sends back what it gets.
    Echo,
    /// `envoy.filters.network.tcp_proxy`: passes the bytes on to a server.
    TcpProxy {
        /// Where to.
        cluster: String,
    },
    /// `envoy.filters.network.direct_response`: says something and closes.
    DirectResponse {
        /// What it says.
        body: Vec<u8>,
    },
    /// `envoy.filters.network.http_connection_manager`.
    Http(Box<HttpConnectionManager>),
}

/// `envoy.filters.network.http_connection_manager`, as far as the harness models it.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpConnectionManager {
    /// Whether the peer of the connection is the source, or X-Forwarded-For.
    pub use_remote_address: bool,
    /// Proxies in front whose X-Forwarded-For is believed.
    pub xff_num_trusted_hops: u32,
    /// HTTP filters in their order, the router last.
    pub filters: Vec<HttpFilter>,
    /// Routes, the first match is taken.
    pub routes: Vec<Route>,
    /// Written when a request ends.
    pub access_logs: Vec<AccessLog>,
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
    /// Takes every header of this name away.
    Remove(String),
    /// Adds a header, unless its value is empty.
    Append {
        /// The name.
        name: String,
        /// The value, with Envoy's `%COMMAND(…)%` in it.
        value: String,
        /// What is done with those of the same name.
        action: AppendAction,
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

/// Role-based access control over filter state (network and HTTP).
#[derive(Clone, Debug, PartialEq)]
pub struct Rbac {
    /// What a match means.
    pub action: RbacAction,
    /// Policies; one that matches is enough. With `Allow` and none, everything is denied.
    pub policies: Vec<Vec<StringMatch>>,
}

/// What a matching policy means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RbacAction {
    /// Only what matches passes.
    Allow,
    /// What matches is refused.
    Deny,
}

/// A pattern for the text of a filter state; a key that is absent does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StringMatch {
    /// Matches everything.
    Any,
    /// The state under the first text contains the second.
    FilterStateContains(String, String),
    /// The state under the first text begins with the second.
    FilterStatePrefix(String, String),
    /// The state under the first text is the second.
    FilterStateExact(String, String),
    /// The state under the first text matches the second, an RE2 expression.
    FilterStateRegex(String, String),
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The path begins with it.
    pub prefix: String,
    /// What is done.
    pub action: RouteAction,
}

/// What is done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteAction {
    /// It goes to this cluster.
    Cluster(String),
    /// It is answered at once.
    DirectResponse {
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
}

/// A log with one JSON object a line: keys and format strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessLog {
    /// Keys of the object with Envoy's format strings, `%COMMAND(…)%`.
    pub json_format: BTreeMap<String, String>,
}
