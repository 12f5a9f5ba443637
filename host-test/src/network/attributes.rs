//! What access logs and header values say of a connection.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::state::State;
use crate::config::format::{Attributes, Endpoint, Number, Text};
use crate::connection::flags;

/// A connection at the moment of a log line.
#[derive(Debug)]
pub(crate) struct ConnectionAttributes<'a> {
    /// The connection.
    pub(crate) connection: &'a State,
    /// Nanoseconds since 1970.
    pub(crate) now_nanos: u64,
}

impl Attributes for ConnectionAttributes<'_> {
    fn start_nanos(&self) -> u64 {
        self.connection.started_nanos
    }

    fn address(&self, endpoint: Endpoint) -> Option<SocketAddr> {
        self.connection.address(endpoint)
    }

    fn request_header(&self, _: &str) -> Option<Cow<'_, [u8]>> {
        None
    }

    fn response_header(&self, _: &str) -> Option<Cow<'_, [u8]>> {
        None
    }

    fn response_trailer(&self, _: &str) -> Option<Cow<'_, [u8]>> {
        None
    }

    fn filter_state(&self, key: &str) -> Option<Cow<'_, [u8]>> {
        let value = self.connection.filter_state.get(key.as_bytes());
        value.map(Cow::Borrowed)
    }

    fn dynamic_metadata(&self, _: &str, _: &[String]) -> Option<serde_json::Value> {
        None
    }

    fn number(&self, number: Number) -> Option<u64> {
        let connection = self.connection;
        match number {
            Number::BytesReceived => Some(connection.bytes_received),
            Number::BytesSent => Some(connection.bytes_sent),
            Number::ResponseCode | Number::UpstreamRequestAttemptCount => Some(0),
            Number::Duration => {
                let nanos = self.now_nanos.saturating_sub(connection.began_nanos);
                Some(nanos / 1_000_000)
            }
            Number::ConnectionId => Some(connection.id),
            Number::RequestDuration | Number::ResponseDuration => None,
        }
    }

    fn text(&self, text: Text) -> Option<Cow<'_, str>> {
        let connection = self.connection;
        match text {
            Text::ResponseFlags => Some(flags::short(&connection.response_flags).into()),
            Text::ResponseFlagsLong => Some(flags::long(&connection.response_flags).into()),
            Text::AccessLogType => Some("NotSet".into()),
            Text::ResponseCodeDetails => connection
                .response_code_details
                .map(|details| details.into()),
            other => connection.text(other),
        }
    }
}

impl State {
    /// One of the addresses.
    pub(crate) fn address(&self, endpoint: Endpoint) -> Option<SocketAddr> {
        match endpoint {
            Endpoint::Remote => Some(self.addresses.remote),
            Endpoint::DirectRemote => Some(self.addresses.direct_remote),
            Endpoint::Local => Some(self.addresses.local),
            Endpoint::Upstream => None,
        }
    }

    /// What streams and connections say alike.
    pub(crate) fn text(&self, text: Text) -> Option<Cow<'_, str>> {
        let some = |text: &'_ str| (!text.is_empty()).then(|| Cow::Owned(text.to_owned()));
        match text {
            Text::ConnectionTerminationDetails => {
                self.termination_details.as_deref().map(Into::into)
            }
            Text::RequestedServerName => some(&self.requested_server_name),
            Text::FilterChainName => some(&self.chain_name),
            Text::Hostname => Some("localhost".into()),
            Text::DownstreamTlsVersion => self.tls.as_ref().and_then(|tls| some(tls.version())),
            Text::DownstreamTransportFailureReason => {
                some(&self.transport_failure_reason.replace(' ', "_"))
            }
            _ => None,
        }
    }
}
