//! What an upstream has got.

use std::net::SocketAddr;

use super::headers::HeaderMap;

/// The request at the upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    /// The cluster it went to; none before it went anywhere.
    pub cluster: Option<String>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
    /// Its trailers.
    pub trailers: Option<HeaderMap>,
    /// Whether it has come whole.
    pub is_complete: bool,
    /// When the upstream began to answer, in nanoseconds on the monotonic clock.
    pub answered_nanos: Option<u64>,
    /// When the request went there, on the same clock.
    pub sent_nanos: Option<u64>,
    /// When the upstream had said everything, on the same clock; none before.
    pub ended_nanos: Option<u64>,
}

impl Upstream {
    /// Where the upstream is; none before the request went there. The harness has no hosts: they
    /// all have this address.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        let any = SocketAddr::new([192, 0, 2, 200].into(), 80);
        self.cluster.is_some().then_some(any)
    }
}
