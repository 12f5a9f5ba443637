//! What clients send, whatever version of HTTP they speak.

use super::headers::HeaderMap;

/// Something that a client has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A request has begun; nothing more is known of it.
    Begin,
    /// Its headers.
    Headers { headers: HeaderMap, is_end: bool },
    /// A part of its body.
    Data { bytes: Vec<u8>, is_end: bool },
    /// Its trailers, the end.
    Trailers(HeaderMap),
    /// The client gives it up.
    Reset,
    /// Its body has another length than it said.
    Mismatch,
    /// This is no HTTP that is spoken here.
    Error(Fault),
}

/// Why bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// They are no HTTP/1.
    Syntax,
    /// They are another version than HTTP/1.1.
    Version,
    /// The body is encoded in another way than in chunks.
    TransferEncoding,
    /// The body has a length and comes in chunks.
    LengthAndChunks,
    /// A header has a value with bytes that are no text.
    Characters,
    /// `connection` names headers that it may not name.
    Nomination,
    /// The headers are too long.
    TooLong,
    /// There are too many headers.
    TooMany,
    /// A frame of HTTP/2 breaks the rules; the client is told this error and these words.
    Told(u8, &'static str),
    /// A frame of HTTP/2 breaks the rules; the client is told nothing.
    Frame,
    /// A header may not be there in HTTP/2.
    Field,
    /// A header is missing in HTTP/2, or trailers do not end the request.
    Messaging,
}

/// What Envoy does about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// It answers with this status and body, and closes the connection.
    Answer(u16, &'static str),
    /// It says good-bye with this error and these words, and closes the connection.
    GoAway(u8, &'static str),
    /// It closes the connection.
    Close,
}

/// What access logs say of streams that end because the connection does.
pub(super) const CODEC_ERROR: &str = "codec_error:The_user_callback_function_failed";

impl Fault {
    /// What Envoy does about it, and what access logs say of the stream.
    pub(super) fn remedy(self) -> (Remedy, &'static str) {
        let bad = Remedy::Answer(400, "Bad Request");
        let large = Remedy::Answer(431, "Request Header Fields Too Large");
        match self {
            Self::Syntax => (bad, "http1.codec_error"),
            Self::Version => (Remedy::Answer(426, "Upgrade Required"), "low_version"),
            Self::TransferEncoding => (
                Remedy::Answer(501, "Not Implemented"),
                "http1.invalid_transfer_encoding",
            ),
            Self::LengthAndChunks => (bad, "http1.content_length_and_chunked_not_allowed"),
            Self::Characters => (bad, "http1.invalid_characters"),
            Self::Nomination => (bad, "http1.connection_header_rejected"),
            Self::TooLong => (large, "http1.headers_too_large"),
            Self::TooMany => (large, "http1.too_many_headers"),
            Self::Told(error, words) => (Remedy::GoAway(error, words), CODEC_ERROR),
            Self::Frame => (Remedy::Close, CODEC_ERROR),
            Self::Field => (Remedy::Close, "http2.invalid.header.field"),
            Self::Messaging => (Remedy::Close, "http2.violation.of.messaging.rule"),
        }
    }
}
