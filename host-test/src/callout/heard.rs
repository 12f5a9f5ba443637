//! What guests hear of their calls.

use super::CallKind;
use super::http::Seen;
use crate::abi::{BufferType, Callback, HeaderMapType, Status};
use crate::http::HeaderMap;

/// Something that the guest has to hear.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) key: (CallKind, u32),
    pub(super) root: u32,
    pub(super) what: Heard,
    /// The call is forgotten afterwards.
    pub(super) is_last: bool,
    /// The call was never open.
    pub(super) is_orphan: bool,
}

/// What the guest hears.
#[derive(Debug)]
pub(super) enum Heard {
    Response(Seen),
    BrokenOff,
    FirstMetadata(HeaderMap),
    Message(Vec<u8>),
    LastMetadata(HeaderMap),
    Close { status: u32, message: String },
    Addresses(Vec<u8>),
}

/// A callback that tells the guest of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// The root context.
    pub(crate) root: u32,
    pub(crate) callback: Callback,
    /// The root, then what follows it.
    pub(crate) arguments: Vec<u32>,
}

impl Event {
    pub(super) fn delivery(&self) -> Delivery {
        let len = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let (callback, rest) = match &self.what {
            Heard::Response(seen) => {
                let trailers = seen.trailers.as_ref().map_or(0, HeaderMap::len);
                let rest = [seen.headers.len(), seen.body.len(), trailers].map(len);
                (Callback::HttpCallResponse, rest.to_vec())
            }
            Heard::BrokenOff => (Callback::HttpCallResponse, vec![0, 0, 0]),
            Heard::FirstMetadata(pairs) => {
                (Callback::GrpcReceiveInitialMetadata, vec![len(pairs.len())])
            }
            Heard::Message(bytes) => (Callback::GrpcReceive, vec![len(bytes.len())]),
            Heard::LastMetadata(pairs) => (
                Callback::GrpcReceiveTrailingMetadata,
                vec![len(pairs.len())],
            ),
            Heard::Close { status, .. } => (Callback::GrpcClose, vec![*status]),
            Heard::Addresses(bytes) => (Callback::ResolveDns, vec![len(bytes.len())]),
        };
        let mut arguments = vec![self.root, self.key.1];
        arguments.extend(rest);
        Delivery {
            root: self.root,
            callback,
            arguments,
        }
    }
}

impl Heard {
    /// How many there are, their times to live, then each address with a zero byte behind it;
    /// nothing if there are none.
    pub(super) fn addresses(addresses: &[(String, u32)]) -> Self {
        let mut bytes = Vec::new();
        if addresses.is_empty() {
            return Self::Addresses(bytes);
        }
        let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        bytes.extend(count.to_le_bytes());
        for (_, ttl_secs) in addresses {
            bytes.extend(ttl_secs.to_le_bytes());
        }
        for (address, _) in addresses {
            bytes.extend(address.as_bytes());
            bytes.push(0);
        }
        Self::Addresses(bytes)
    }

    /// The status that `proxy_get_status` says from now on.
    pub(super) fn status(&self) -> Option<u32> {
        match self {
            Self::Close { status, .. } => Some(*status),
            Self::BrokenOff => Some(Status::BrokenConnection.code()),
            _ => None,
        }
    }

    /// The words that `proxy_get_status` says meanwhile.
    pub(super) fn words(&self) -> &str {
        match self {
            Self::Close { message, .. } => message,
            Self::BrokenOff => "reset",
            _ => "",
        }
    }

    pub(super) fn map(&self, map: HeaderMapType) -> Option<&HeaderMap> {
        match (self, map) {
            (Self::Response(seen), HeaderMapType::HttpCallResponseHeaders) => Some(&seen.headers),
            (Self::Response(seen), HeaderMapType::HttpCallResponseTrailers) => {
                seen.trailers.as_ref()
            }
            (Self::FirstMetadata(pairs), HeaderMapType::GrpcReceiveInitialMetadata)
            | (Self::LastMetadata(pairs), HeaderMapType::GrpcReceiveTrailingMetadata) => {
                Some(pairs)
            }
            _ => None,
        }
    }

    pub(super) fn buffer(&self, buffer: BufferType) -> Option<&[u8]> {
        match (self, buffer) {
            (Self::Response(seen), BufferType::HttpCallResponseBody) => Some(&seen.body),
            (Self::Message(bytes), BufferType::GrpcReceiveBuffer)
            | (Self::Addresses(bytes), BufferType::CallData) => Some(bytes),
            _ => None,
        }
    }
}
