//! Frames of HTTP/2 (RFC 9113), as far as client and server of the harness use them.

use super::hpack;

/// What a client says first.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The frame ends the stream; of a PING or SETTINGS it is the answer.
pub(crate) const END_STREAM: u8 = 0x1;
/// The header block is whole.
pub(crate) const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// Bytes of the payload, as both sides begin with it.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 16_384;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Data,
    Headers,
    ResetStream,
    Settings,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    /// Something that the harness has no use for.
    Other(u8),
}

impl Kind {
    const CODES: [(Self, u8); 8] = [
        (Self::Data, 0),
        (Self::Headers, 1),
        (Self::ResetStream, 3),
        (Self::Settings, 4),
        (Self::Ping, 6),
        (Self::GoAway, 7),
        (Self::WindowUpdate, 8),
        (Self::Continuation, 9),
    ];

    fn of(code: u8) -> Self {
        let known = Self::CODES.iter().find(|(_, known)| *known == code);
        known.map_or(Self::Other(code), |(kind, _)| *kind)
    }

    fn code(self) -> u8 {
        if let Self::Other(code) = self {
            return code;
        }
        let known = Self::CODES.iter().find(|(known, _)| *known == self);
        known.map_or(u8::MAX, |(_, code)| *code)
    }
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// A frame of which the beginning is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// All of it is there.
    Whole(Frame),
    /// Its payload is not all there.
    Part(Kind),
    /// Its payload is longer than allowed.
    TooLong,
}

/// Takes a frame off the beginning, if all of it is there.
pub(crate) fn take(input: &mut Vec<u8>) -> Option<Taken> {
    const HEADER_BYTES: usize = 9;
    let [a, b, c, kind, flags, s0, s1, s2, s3] = *input.first_chunk::<HEADER_BYTES>()?;
    let len = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
    let kind = Kind::of(kind);
    let Some(payload) = input.get(HEADER_BYTES..HEADER_BYTES + len) else {
        let is_long = len > PAYLOAD_BYTES_MAX;
        return Some(if is_long {
            Taken::TooLong
        } else {
            Taken::Part(kind)
        });
    };
    if len > PAYLOAD_BYTES_MAX {
        return Some(Taken::TooLong);
    }
    let payload = payload.to_vec();
    input.drain(..HEADER_BYTES + len);
    Some(Taken::Whole(Frame {
        kind,
        flags,
        stream: u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]),
        payload,
    }))
}

/// The bytes of a frame.
pub(crate) fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let [_, a, b, c] = len.to_be_bytes();
    let head = [&[a, b, c, kind.code(), flags][..], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// Headers or trailers as a frame, with more frames behind it where they are long.
pub(crate) fn headers<'a>(
    stream: u32,
    headers: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    is_end: bool,
) -> Vec<u8> {
    let block = hpack::encode(headers);
    let mut parts = block.chunks(PAYLOAD_BYTES_MAX).peekable();
    let mut kind = Kind::Headers;
    let mut flags = if is_end { END_STREAM } else { 0 };
    let mut frames = Vec::new();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            flags |= END_HEADERS;
        }
        frames.extend(frame(kind, flags, stream, part));
        (kind, flags) = (Kind::Continuation, 0);
    }
    frames
}

/// A part of a body as frames. Nothing for no bytes, unless they are the end.
pub(crate) fn data(stream: u32, bytes: &[u8], is_end: bool) -> Vec<Vec<u8>> {
    let mut parts: Vec<&[u8]> = bytes.chunks(PAYLOAD_BYTES_MAX).collect();
    if parts.is_empty() && is_end {
        parts.push(b"");
    }
    let last = parts.len().saturating_sub(1);
    let flags = |at: usize| if is_end && at == last { END_STREAM } else { 0 };
    let frame = |(at, part): (usize, &&[u8])| frame(Kind::Data, flags(at), stream, part);
    parts.iter().enumerate().map(frame).collect()
}

/// The end of a stream by one side, with an error.
pub(crate) fn reset(stream: u32, error: u32) -> Vec<u8> {
    frame(Kind::ResetStream, 0, stream, &error.to_be_bytes())
}

impl Frame {
    /// The payload without padding and priority.
    pub(crate) fn content(&self) -> Option<&[u8]> {
        let mut payload = &self.payload[..];
        if self.flags & PADDED != 0 {
            let (padding, rest) = payload.split_first()?;
            let len = rest.len().checked_sub(usize::from(*padding))?;
            payload = rest.get(..len)?;
        }
        if self.kind == Kind::Headers && self.flags & PRIORITY != 0 {
            payload = payload.get(5..)?;
        }
        Some(payload)
    }

    /// Whether it is the last of its stream.
    pub(crate) fn ends_stream(&self) -> bool {
        self.flags & END_STREAM != 0
    }

    /// Whether it answers a PING or SETTINGS.
    pub(crate) fn is_answer(&self) -> bool {
        self.flags & END_STREAM != 0
    }

    /// Whether the header block is whole.
    pub(crate) fn ends_headers(&self) -> bool {
        self.flags & END_HEADERS != 0
    }
}

#[cfg(test)]
mod tests {
    use super::{END_STREAM, Frame, Kind, Taken, data, frame, headers, take};

    fn whole(bytes: &mut Vec<u8>) -> Frame {
        match take(bytes) {
            Some(Taken::Whole(frame)) => frame,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_frame_is_taken_when_all_of_it_is_there() {
        let mut bytes = frame(Kind::Data, END_STREAM, 3, b"abc");
        assert_eq!(bytes, b"\0\0\x03\0\x01\0\0\0\x03abc");
        bytes.extend(b"rest");
        let mut part = bytes[..11].to_vec();
        assert_eq!(take(&mut part), Some(Taken::Part(Kind::Data)));
        let taken = whole(&mut bytes);
        assert_eq!((taken.stream, taken.content()), (3, Some(&b"abc"[..])));
        assert_eq!(bytes, b"rest");
    }

    #[test]
    fn padding_and_priority_do_not_count() {
        let mut bytes = b"\0\0\x09\x01\x2c\0\0\0\x01\x02\0\0\0\0\x10a\0\0".to_vec();
        assert_eq!(whole(&mut bytes).content(), Some(&b"a"[..]));
        let mut bytes = b"\0\0\x01\x00\x08\0\0\0\x01\x09".to_vec();
        assert_eq!(whole(&mut bytes).content(), None);
    }

    #[test]
    fn what_is_long_goes_in_several_frames() {
        let long = vec![b'x'; 20_000];
        let frames = data(1, &long, true);
        let mut bytes = frames.concat();
        let (first, second) = (whole(&mut bytes), whole(&mut bytes));
        assert_eq!((first.payload.len(), first.ends_stream()), (16_384, false));
        assert_eq!((second.payload.len(), second.ends_stream()), (3_616, true));
        let mut bytes = headers(1, [(&b"a"[..], &long[..])], true);
        let (first, second) = (whole(&mut bytes), whole(&mut bytes));
        assert_eq!((first.kind, first.ends_headers()), (Kind::Headers, false));
        assert_eq!(
            (second.kind, second.ends_headers()),
            (Kind::Continuation, true)
        );
        assert!(first.ends_stream() && bytes.is_empty());
        assert_eq!(
            take(&mut frame(Kind::Data, 0, 1, &long)),
            Some(Taken::TooLong)
        );
    }
}
