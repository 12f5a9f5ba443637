//! How a request finds its upstream.

use std::time::Duration;

use super::{HeaderMatch, Pattern};

/// Routes of some hosts.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualHost {
    /// Its name, what guests read as `xds.virtual_host_name`.
    pub name: String,
    /// Hosts in lower case: `example.org`, `*.example.org`, `example.*`, `*`. Envoy takes the
    /// host itself before the longest suffix, that before the longest prefix, and `*` last.
    pub domains: Vec<String>,
    /// Routes; the first match is taken, and without one the request is answered with 404.
    pub routes: Vec<Route>,
}

/// One route.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its name, what guests read as `xds.route_name`; may be empty.
    pub name: String,
    /// When it is taken.
    pub matching: RouteMatch,
    /// What is done.
    pub action: RouteAction,
}

/// When a route is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteMatch {
    /// What the path is like.
    pub path: PathMatch,
    /// Whether the case of the path's letters matters. Envoy's default is true.
    pub case_sensitive: bool,
    /// Headers, all of which must match.
    pub headers: Vec<HeaderMatch>,
}

/// What a path is like; its query does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathMatch {
    /// It begins so.
    Prefix(String),
    /// It is this one.
    Exact(String),
    /// It is this one, or goes on with a `/`.
    SeparatedPrefix(String),
    /// All of it matches this.
    Regex(Pattern),
}

/// What is done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteAction {
    /// It goes to an upstream.
    Cluster {
        /// Which one.
        cluster: String,
        /// How long the whole response may take, from the end of the request; `None`: without an
        /// end. Envoy's default is 15 s. The harness tells the upstream, and waits for ever.
        timeout: Option<Duration>,
        /// Stands for what of the path has matched; empty: the path stays.
        prefix_rewrite: String,
        /// Stands for the host; empty: the host stays.
        host_rewrite: String,
    },
    /// It is answered at once.
    DirectResponse {
        /// The status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
    /// The client is sent elsewhere.
    Redirect(Redirect),
}

/// What the header `location` is made of; what is not said is that of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// The scheme; `https` for `https_redirect`, which takes the port 80 away too.
    pub scheme: Option<String>,
    /// The host.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The path.
    pub path: RedirectPath,
    /// Takes the query away.
    pub strip_query: bool,
}

/// The path of a redirect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RedirectPath {
    /// That of the request.
    #[default]
    Same,
    /// This one.
    Whole(String),
    /// This one for what has matched.
    Prefix(String),
}
