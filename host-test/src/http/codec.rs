//! Which version of HTTP a client speaks, and its requests out of bytes.

use super::event::Event;
use super::output::Rank;
use super::{http1, http2};
use crate::config;

/// The beginning of what a client of HTTP/2 says first; it must come in one piece.
const MAGIC: &[u8] = b"PRI * HTTP/2";

/// What a client speaks, and how far its bytes are read.
#[derive(Debug)]
pub(super) enum Codec {
    /// Nothing has come yet.
    Unknown {
        configured: config::Codec,
        /// Whether trailers of HTTP/1.1 are passed on.
        keeps_trailers: bool,
    },
    Http1(http1::Decoder),
    Http2(http2::Decoder),
}

impl Codec {
    /// The next event out of `input` and the number of its stream in HTTP/2. None if more bytes
    /// are needed.
    pub(super) fn next(&mut self, input: &mut Vec<u8>) -> Option<(u32, Event)> {
        if input.is_empty() && matches!(self, Self::Unknown { .. }) {
            return None;
        }
        if let Self::Unknown {
            configured,
            keeps_trailers,
        } = *self
        {
            let is_http2 = match configured {
                config::Codec::Auto => input.starts_with(MAGIC),
                config::Codec::Http1 => false,
                config::Codec::Http2 => true,
            };
            *self = if is_http2 {
                Self::Http2(http2::Decoder::new())
            } else {
                Self::Http1(http1::Decoder::new(keeps_trailers))
            };
        }
        match self {
            Self::Unknown { .. } => None,
            Self::Http1(decoder) => decoder.next(input).map(|event| (0, event)),
            Self::Http2(decoder) => decoder.next(input),
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    pub(super) fn is_http2(&self) -> bool {
        matches!(self, Self::Http2(_))
    }

    /// What is to be written because of what was read.
    pub(super) fn take_answers(&mut self) -> Vec<(Rank, Vec<u8>)> {
        match self {
            Self::Http2(decoder) => std::mem::take(&mut decoder.answers),
            _ => Vec::new(),
        }
    }

    /// The newest stream that has begun.
    pub(super) fn last_stream(&self) -> u32 {
        match self {
            Self::Http2(decoder) => decoder.last_stream,
            _ => 0,
        }
    }

    /// A stream is over.
    pub(super) fn forget(&mut self, stream: u32) {
        match self {
            Self::Unknown { .. } => {}
            Self::Http1(decoder) => decoder.restart(),
            Self::Http2(decoder) => decoder.forget(stream),
        }
    }
}
