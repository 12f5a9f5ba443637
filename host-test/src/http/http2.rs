//! HTTP/2: requests out of bytes.

use std::collections::{BTreeMap, VecDeque};

use super::event::{Event, Fault};
use super::frame::{self, END_STREAM, Frame, Kind, PREFACE, Taken};
use super::headers::HeaderMap;
use super::output::Rank;
use super::{hpack, pseudo};

/// How far the bytes of a client are read.
#[derive(Debug)]
pub(super) struct Decoder {
    held: Vec<u8>,
    has_preface: bool,
    has_settings: bool,
    is_broken: bool,
    blocks: hpack::Decoder,
    /// A header block that goes on.
    block: Option<Block>,
    /// The newest stream.
    pub(super) last_stream: u32,
    /// Streams that are not over.
    streams: BTreeMap<u32, Input>,
    events: VecDeque<(u32, Event)>,
    /// What is to be written to the client.
    pub(super) answers: Vec<(Rank, Vec<u8>)>,
}

#[derive(Debug)]
struct Block {
    stream: u32,
    is_end: bool,
    bytes: Vec<u8>,
}

/// What is known of the request of a stream.
#[derive(Clone, Copy, Debug, Default)]
struct Input {
    has_headers: bool,
    has_ended: bool,
    /// Bytes of the body that are missing, if the request says how many it has.
    missing: Option<u64>,
}

/// Settings of the server as Envoy 1.40.0 sends them: a table of 4 KiB, no CONNECT for other
/// protocols, 1,024 streams, windows of 16 MiB.
const SETTINGS: &[u8] = b"\0\x01\0\0\x10\0\0\x08\0\0\0\0\0\x03\0\0\x04\0\0\x04\x01\0\0\0";

/// How much more the window of the connection is made.
const WINDOW: &[u8] = b"\x01\x7f\0\x01";

// Error codes (RFC 9113, section 7).
pub(super) const NO_ERROR: u32 = 0;
pub(super) const PROTOCOL_ERROR: u32 = 1;
pub(super) const INTERNAL_ERROR: u32 = 2;

const TOO_LONG: Fault = Fault::Told(6, "too large frame size");
const WRONG_LENGTH: Fault = Fault::Told(6, "");
const NO_SETTINGS: Fault = Fault::Told(1, "SETTINGS expected");
const WRONG_BLOCK: Fault = Fault::Told(9, "");
const IDLE: Fault = Fault::Told(1, "DATA: stream in idle");
const HALF_CLOSED: Fault = Fault::Told(5, "DATA: stream in half-closed(remote)");
const NO_BLOCK: Fault = Fault::Told(1, "CONTINUATION: unexpected");
const NO_CONTINUATION: Fault = Fault::Told(
    1,
    "unexpected non-CONTINUATION frame or stream_id is invalid",
);

impl Decoder {
    pub(super) fn new() -> Self {
        let frame = |kind, payload| frame::frame(kind, 0, 0, payload);
        Self {
            held: Vec::new(),
            has_preface: false,
            has_settings: false,
            is_broken: false,
            blocks: hpack::Decoder::default(),
            block: None,
            last_stream: 0,
            streams: BTreeMap::new(),
            events: VecDeque::new(),
            answers: vec![
                (Rank::Greeting, frame(Kind::Settings, SETTINGS)),
                (Rank::Regular, frame(Kind::WindowUpdate, WINDOW)),
            ],
        }
    }

    /// The next event out of `input`, which is all taken, and its stream; 0 is the connection.
    pub(super) fn next(&mut self, input: &mut Vec<u8>) -> Option<(u32, Event)> {
        self.held.append(input);
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.is_broken {
                return None;
            }
            let (stream, read) = match self.take()? {
                Ok(frame) => (frame.stream, self.read(&frame)),
                Err(fault) => (0, Err(fault)),
            };
            if let Err(fault) = read {
                self.is_broken = true;
                self.events.push_back((stream, Event::Error(fault)));
            }
        }
    }

    /// The stream is over, whatever the client still sends.
    pub(super) fn forget(&mut self, stream: u32) {
        self.streams.remove(&stream);
    }

    fn take(&mut self) -> Option<Result<Frame, Fault>> {
        if !self.has_preface {
            let start = self.held.get(..PREFACE.len())?;
            if start != PREFACE {
                return Some(Err(Fault::Frame));
            }
            self.held.drain(..PREFACE.len());
            self.has_preface = true;
        }
        let taken = frame::take(&mut self.held)?;
        let kind = match &taken {
            Taken::Whole(frame) => frame.kind,
            Taken::Part(kind) => *kind,
            Taken::TooLong if self.has_settings => return Some(Err(TOO_LONG)),
            Taken::TooLong => return Some(Err(NO_SETTINGS)),
        };
        if kind != Kind::Settings && !self.has_settings {
            return Some(Err(NO_SETTINGS));
        }
        match taken {
            Taken::Whole(frame) => Some(Ok(frame)),
            Taken::Part(_) | Taken::TooLong => None,
        }
    }

    fn read(&mut self, frame: &Frame) -> Result<(), Fault> {
        let goes_on =
            |block: &Block| frame.kind == Kind::Continuation && frame.stream == block.stream;
        match &self.block {
            Some(block) if !goes_on(block) => return Err(NO_CONTINUATION),
            None if frame.kind == Kind::Continuation => return Err(NO_BLOCK),
            _ => {}
        }
        match frame.kind {
            Kind::Settings => self.settings(frame),
            Kind::Ping if frame.payload.len() != 8 => Err(WRONG_LENGTH),
            Kind::Ping if !frame.is_answer() => {
                let answer = frame::frame(Kind::Ping, END_STREAM, 0, &frame.payload);
                self.answers.push((Rank::Urgent, answer));
                Ok(())
            }
            Kind::Data => self.data(frame),
            Kind::ResetStream if frame.stream > self.last_stream => Err(Fault::Frame),
            Kind::ResetStream => {
                if self.streams.remove(&frame.stream).is_some() {
                    self.events.push_back((frame.stream, Event::Reset));
                }
                Ok(())
            }
            Kind::WindowUpdate if frame.payload == [0; 4] => Err(Fault::Frame),
            Kind::Headers => self.begin_headers(frame),
            Kind::Continuation => {
                if let Some(block) = &mut self.block {
                    block.bytes.extend_from_slice(&frame.payload);
                }
                self.end_headers(frame)
            }
            _ => Ok(()),
        }
    }

    fn settings(&mut self, frame: &Frame) -> Result<(), Fault> {
        const ENTRY_BYTES: usize = 6;
        self.has_settings = true;
        if !frame.payload.len().is_multiple_of(ENTRY_BYTES) {
            return Err(WRONG_LENGTH);
        }
        if !frame.is_answer() {
            let answer = frame::frame(Kind::Settings, END_STREAM, 0, b"");
            self.answers.push((Rank::Urgent, answer));
        }
        Ok(())
    }

    fn data(&mut self, frame: &Frame) -> Result<(), Fault> {
        if frame.stream > self.last_stream {
            return Err(IDLE);
        }
        let Some(input) = self.streams.get_mut(&frame.stream) else {
            return Ok(());
        };
        if input.has_ended {
            return Err(HALF_CLOSED);
        }
        let bytes = frame.content().ok_or(Fault::Frame)?.to_vec();
        let is_end = frame.ends_stream();
        input.has_ended = is_end;
        let missing = input
            .missing
            .map(|missing| missing.checked_sub(bytes.len() as u64));
        if missing == Some(None) || (is_end && matches!(missing, Some(Some(1..)))) {
            self.streams.remove(&frame.stream);
            self.events.push_back((frame.stream, Event::Mismatch));
            return Ok(());
        }
        input.missing = missing.flatten();
        let event = Event::Data { bytes, is_end };
        self.events.push_back((frame.stream, event));
        Ok(())
    }

    fn begin_headers(&mut self, frame: &Frame) -> Result<(), Fault> {
        let stream = frame.stream;
        if stream > self.last_stream {
            if stream.is_multiple_of(2) {
                return Err(Fault::Frame);
            }
            self.last_stream = stream;
            self.streams.insert(stream, Input::default());
            self.events.push_back((stream, Event::Begin));
        }
        self.block = Some(Block {
            stream,
            is_end: frame.ends_stream(),
            bytes: frame.content().ok_or(Fault::Frame)?.to_vec(),
        });
        self.end_headers(frame)
    }

    /// The headers or trailers of a stream, once their block is whole.
    fn end_headers(&mut self, frame: &Frame) -> Result<(), Fault> {
        if !frame.ends_headers() {
            return Ok(());
        }
        let Some(block) = self.block.take() else {
            return Ok(());
        };
        let decoded = self.blocks.decode(&block.bytes);
        let decoded = decoded.map_err(|_| WRONG_BLOCK)?;
        let Some(input) = self.streams.get_mut(&block.stream) else {
            return Ok(());
        };
        let is_end = block.is_end;
        input.has_ended |= is_end;
        let event = if std::mem::replace(&mut input.has_headers, true) {
            let trailers = pseudo::trailers(decoded)?;
            if !is_end {
                return Err(Fault::Messaging);
            }
            Event::Trailers(trailers)
        } else {
            let headers = pseudo::request(decoded)?;
            input.missing = length(&headers);
            Event::Headers { headers, is_end }
        };
        self.events.push_back((block.stream, event));
        Ok(())
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(b"content-length")?;
    std::str::from_utf8(value).ok()?.parse().ok()
}
