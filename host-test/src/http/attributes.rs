//! What access logs and header values say of a stream.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::state::State;
use crate::config::format::{Attributes, Endpoint, Number, Text};
use crate::connection::flags;
use crate::network;

/// A stream and its connection.
#[derive(Debug)]
pub(crate) struct StreamAttributes<'a> {
    /// The stream.
    pub(crate) stream: &'a State,
    /// Its connection.
    pub(crate) connection: &'a network::State,
}

impl Attributes for StreamAttributes<'_> {
    fn start_nanos(&self) -> u64 {
        self.stream.started_nanos
    }

    fn address(&self, endpoint: Endpoint) -> Option<SocketAddr> {
        match endpoint {
            Endpoint::Remote => Some(self.stream.remote),
            Endpoint::Upstream => self.stream.upstream.address(),
            other => self.connection.address(other),
        }
    }

    fn request_header(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let headers = self.stream.request_headers.as_ref()?;
        headers.get(name.as_bytes()).map(Cow::Borrowed)
    }

    fn response_header(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let headers = self.stream.response_headers.as_ref()?;
        headers.get(name.as_bytes()).map(Cow::Borrowed)
    }

    fn response_trailer(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let trailers = self.stream.response_trailers.as_ref()?;
        trailers.get(name.as_bytes()).map(Cow::Borrowed)
    }

    fn filter_state(&self, key: &str) -> Option<Cow<'_, [u8]>> {
        let key = key.as_bytes();
        let own = self.stream.filter_state.get(key);
        let value = own.or_else(|| self.connection.filter_state.get(key));
        value.map(Cow::Borrowed)
    }

    fn dynamic_metadata(&self, _: &str, _: &[String]) -> Option<serde_json::Value> {
        None
    }

    fn number(&self, number: Number) -> Option<u64> {
        let stream = self.stream;
        let millis = |until: Option<u64>| {
            let nanos = until?.saturating_sub(stream.began_nanos);
            Some(nanos / 1_000_000)
        };
        match number {
            Number::BytesReceived => Some(stream.bytes_received),
            Number::BytesSent => Some(stream.bytes_sent),
            Number::ResponseCode => Some(stream.response_code.unwrap_or(0).into()),
            Number::Duration => millis(stream.ended_nanos),
            Number::RequestDuration => millis(stream.received_nanos),
            Number::ResponseDuration => millis(stream.upstream.answered_nanos),
            Number::ConnectionId => Some(self.connection.id),
            Number::UpstreamRequestAttemptCount => Some(stream.upstream.cluster.is_some().into()),
        }
    }

    fn text(&self, text: Text) -> Option<Cow<'_, str>> {
        let stream = self.stream;
        match text {
            Text::Protocol => Some(stream.protocol.name().into()),
            Text::ResponseCodeDetails => stream.response_code_details.as_deref().map(Into::into),
            Text::ResponseFlags => Some(flags::short(&stream.response_flags).into()),
            Text::ResponseFlagsLong => Some(flags::long(&stream.response_flags).into()),
            Text::UpstreamCluster => stream.cluster.as_deref().map(Into::into),
            Text::RouteName => {
                let name = &stream.route.as_ref()?.name;
                (!name.is_empty()).then(|| name.as_str().into())
            }
            Text::StreamId => {
                let headers = stream.request_headers.as_ref()?;
                let id = headers.get(b"x-request-id")?;
                Some(String::from_utf8_lossy(id))
            }
            Text::AccessLogType => Some("DownstreamEnd".into()),
            other => self.connection.text(other),
        }
    }
}
