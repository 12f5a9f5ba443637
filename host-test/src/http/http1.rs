//! HTTP/1: requests out of bytes, responses into bytes.

use super::event::{Event, Fault};
use super::head::{HEAD_BYTES_MAX, Length, fault_of, head_end, header, parse, take_line};
use super::headers::{HeaderKind, HeaderMap};

/// How far the bytes of a client are read.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    phase: Phase,
    /// What has come and is not yet read to an end.
    held: Vec<u8>,
    /// Parts of the body that came in one read; they are passed on together.
    body: Vec<u8>,
    /// Whether trailers are passed on.
    keeps_trailers: bool,
    trailers: Option<HeaderMap>,
    /// Whether the end of the request was passed on.
    has_ended: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Between requests.
    #[default]
    Idle,
    /// In the first line or the headers.
    Head,
    /// So many bytes are missing.
    Body(usize),
    /// At the length of a chunk.
    ChunkSize,
    /// In a chunk: its bytes and the line break behind it.
    Chunk(usize),
    ChunkEnd,
    Trailers,
    /// The request is whole; the next one waits for the response.
    Done,
    /// Nothing more is read.
    Broken,
}

impl Decoder {
    pub(super) fn new(keeps_trailers: bool) -> Self {
        Self {
            keeps_trailers,
            has_ended: true,
            ..Self::default()
        }
    }

    /// The next event out of `input`. None if more bytes are needed, which then are all taken, or
    /// if the request is whole; what follows it stays in `input`.
    pub(super) fn next(&mut self, input: &mut Vec<u8>) -> Option<Event> {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.append(input);
        let event = self.read(&mut bytes);
        match self.phase {
            Phase::Idle | Phase::Done => *input = bytes,
            _ => self.held = bytes,
        }
        event
    }

    fn read(&mut self, input: &mut Vec<u8>) -> Option<Event> {
        loop {
            match self.phase {
                Phase::Idle => {
                    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
                    let breaks = input.iter().take_while(|byte| is_break(byte)).count();
                    input.drain(..breaks);
                    if input.is_empty() {
                        return None;
                    }
                    self.phase = Phase::Head;
                    return Some(Event::Begin);
                }
                Phase::Head => return self.head(input),
                Phase::Body(missing) => {
                    let taken = missing.min(input.len());
                    self.body.extend(input.drain(..taken));
                    if taken < missing {
                        self.phase = Phase::Body(missing - taken);
                        return self.collected();
                    }
                    return self.end();
                }
                Phase::ChunkSize => match take_line(input) {
                    Some(line) => match chunk_size(&line) {
                        Some(0) => self.phase = Phase::Trailers,
                        Some(size) => self.phase = Phase::Chunk(size),
                        None => return self.broken(Fault::Syntax),
                    },
                    None => return self.collected(),
                },
                Phase::Chunk(missing) => {
                    let taken = missing.min(input.len());
                    self.body.extend(input.drain(..taken));
                    if taken < missing {
                        self.phase = Phase::Chunk(missing - taken);
                        return self.collected();
                    }
                    self.phase = Phase::ChunkEnd;
                }
                Phase::ChunkEnd => match take_line(input) {
                    // Whatever else stands there is passed over.
                    Some(_) => self.phase = Phase::ChunkSize,
                    None => return self.collected(),
                },
                Phase::Trailers => match take_line(input) {
                    Some(line) if line.is_empty() => return self.end(),
                    Some(line) => match header(&line) {
                        Ok((name, value)) if self.keeps_trailers => self
                            .trailers
                            .get_or_insert_with(|| HeaderMap::new(HeaderKind::Trailers))
                            .add(name, &value),
                        Ok(_) => {}
                        Err(fault) => return self.broken(fault),
                    },
                    None => return self.collected(),
                },
                Phase::Done | Phase::Broken => {
                    if !self.body.is_empty() {
                        return self.collected();
                    }
                    return self.ended();
                }
            }
        }
    }

    /// Whether a request is whole and the next one may begin.
    pub(super) fn restart(&mut self) {
        if self.phase == Phase::Done {
            self.phase = Phase::Idle;
        }
    }

    fn head(&mut self, input: &mut Vec<u8>) -> Option<Event> {
        let Some(end) = head_end(input) else {
            let fault = match input.len() {
                0..=HEAD_BYTES_MAX => fault_of(input)?,
                _ => Fault::TooLong,
            };
            return self.broken(fault);
        };
        let head: Vec<u8> = input.drain(..end).collect();
        let request = match parse(&head) {
            Ok(request) => request,
            Err(fault) => return self.broken(fault),
        };
        let is_end = request.length == Length::Known(0);
        self.phase = match request.length {
            Length::Known(0) => Phase::Done,
            Length::Known(length) => Phase::Body(length),
            Length::Chunked => Phase::ChunkSize,
            Length::Tunnel => Phase::Body(usize::MAX),
        };
        self.has_ended = is_end;
        let headers = request.headers;
        Some(Event::Headers { headers, is_end })
    }

    /// What has come of the body, if anything has.
    fn collected(&mut self) -> Option<Event> {
        let bytes = std::mem::take(&mut self.body);
        let is_end = false;
        (!bytes.is_empty()).then_some(Event::Data { bytes, is_end })
    }

    fn broken(&mut self, fault: Fault) -> Option<Event> {
        self.phase = Phase::Broken;
        self.has_ended = true;
        Some(Event::Error(fault))
    }

    /// The request is whole: what has come of the body first, then the end.
    fn end(&mut self) -> Option<Event> {
        self.phase = Phase::Done;
        self.has_ended = false;
        self.collected().or_else(|| self.ended())
    }

    fn ended(&mut self) -> Option<Event> {
        if std::mem::replace(&mut self.has_ended, true) {
            return None;
        }
        Some(match self.trailers.take() {
            Some(trailers) => Event::Trailers(trailers),
            None => Event::Data {
                bytes: Vec::new(),
                is_end: true,
            },
        })
    }
}

fn chunk_size(line: &[u8]) -> Option<usize> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
