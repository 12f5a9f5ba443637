//! HTTP/1: requests out of bytes, responses into bytes.

use super::headers::{HeaderKind, HeaderMap};
use super::state::Protocol;

/// Something that a client has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A request has begun; nothing more is known of it.
    Begin,
    /// Its headers.
    Headers {
        headers: HeaderMap,
        protocol: Protocol,
        is_end: bool,
    },
    /// A part of its body.
    Data { bytes: Vec<u8>, is_end: bool },
    /// Its trailers, the end.
    Trailers(HeaderMap),
    /// This is no HTTP that is spoken here.
    Error(Fault),
}

/// Why bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// They are no HTTP/1.
    Syntax,
    /// They are HTTP/1.0.
    Version,
}

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

/// Bytes of a request line and headers together, as in Envoy.
const HEAD_BYTES_MAX: usize = 60 << 10;

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
                    Some(line) if line.is_empty() => self.phase = Phase::ChunkSize,
                    Some(_) => return self.broken(Fault::Syntax),
                    None => return self.collected(),
                },
                Phase::Trailers => match take_line(input) {
                    Some(line) if line.is_empty() => return self.end(),
                    Some(line) => match header(&line) {
                        Some((name, value)) if self.keeps_trailers => self
                            .trailers
                            .get_or_insert_with(|| HeaderMap::new(HeaderKind::Trailers))
                            .add(name, value),
                        Some(_) => {}
                        None => return self.broken(Fault::Syntax),
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
        let Some(end) = find(input, b"\r\n\r\n") else {
            if input.len() > HEAD_BYTES_MAX || !is_request_line(first_line(input)) {
                return self.broken(Fault::Syntax);
            }
            return None;
        };
        let head: Vec<u8> = input.drain(..end + 4).collect();
        let request = match parse_head(&head) {
            Some(request) if request.protocol == Protocol::Http10 => {
                return self.broken(Fault::Version);
            }
            Some(request) => request,
            None => return self.broken(Fault::Syntax),
        };
        let is_end = request.length == Length::Known(0);
        self.phase = match request.length {
            Length::Known(0) => Phase::Done,
            Length::Known(length) => Phase::Body(length),
            Length::Chunked => Phase::ChunkSize,
        };
        self.has_ended = is_end;
        Some(Event::Headers {
            headers: request.headers,
            protocol: request.protocol,
            is_end,
        })
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Known(usize),
    Chunked,
}

struct Head {
    headers: HeaderMap,
    protocol: Protocol,
    length: Length,
}

fn parse_head(head: &[u8]) -> Option<Head> {
    let mut rest = head.to_vec();
    let line = take_line(&mut rest)?;
    let mut words = line.split(|byte| *byte == b' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let protocol = match version {
        b"HTTP/1.1" => Protocol::Http11,
        b"HTTP/1.0" => Protocol::Http10,
        _ => return None,
    };
    if words.next().is_some() || !is_token(method) || target.is_empty() {
        return None;
    }
    let mut headers = HeaderMap::new(HeaderKind::Request);
    while let Some(line) = take_line(&mut rest).filter(|line| !line.is_empty()) {
        let (name, value) = header(&line)?;
        headers.add(name, value);
    }
    let is_chunked = match headers.joined(b"transfer-encoding") {
        Some(coding) if coding.eq_ignore_ascii_case(b"chunked") => true,
        Some(_) => return None,
        None => false,
    };
    let length = match headers.get(b"content-length") {
        Some(_) if is_chunked => return None,
        Some(length) => Length::Known(std::str::from_utf8(length).ok()?.parse().ok()?),
        None if is_chunked => Length::Chunked,
        None => Length::Known(0),
    };
    let target = split_target(target);
    if let Some((scheme, authority)) = target.origin {
        headers.overwrite(b":authority", &authority);
        headers.add(b":scheme", &scheme);
    }
    headers.add(b":path", &target.path);
    headers.add(b":method", method);
    remove_nominated(&mut headers);
    Some(Head {
        headers,
        protocol,
        length,
    })
}

/// What a request line asks for.
struct Target {
    path: Vec<u8>,
    /// Scheme and host of an absolute one.
    origin: Option<(Vec<u8>, Vec<u8>)>,
}

fn split_target(target: &[u8]) -> Target {
    let Some(start) = find(target, b"://").filter(|_| target.first() != Some(&b'/')) else {
        return Target {
            path: target.to_vec(),
            origin: None,
        };
    };
    let scheme = target.get(..start).unwrap_or_default().to_ascii_lowercase();
    let rest = target.get(start + 3..).unwrap_or_default();
    let slash = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
    let (authority, path) = rest.split_at(slash.unwrap_or(rest.len()));
    let path = if path.first() == Some(&b'/') {
        path.to_vec()
    } else {
        [b"/", path].concat()
    };
    Target {
        path,
        origin: Some((scheme, authority.to_vec())),
    }
}

/// Takes away the headers that `connection` names: they are for this hop only.
fn remove_nominated(headers: &mut HeaderMap) {
    let connection = headers.joined(b"connection").unwrap_or_default();
    for token in connection.split(|byte| *byte == b',') {
        let token = token.trim_ascii().to_ascii_lowercase();
        let is_known = matches!(
            &token[..],
            b"close" | b"keep-alive" | b"upgrade" | b"te" | b""
        );
        if !is_known && token.first() != Some(&b':') {
            headers.remove(&token);
        }
    }
}

/// Whether this can still become a request line.
fn is_request_line(line: &[u8]) -> bool {
    let method = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    is_token(method)
}

fn first_line(input: &[u8]) -> &[u8] {
    let end = find(input, b"\r\n").unwrap_or(input.len());
    input.get(..end).unwrap_or_default()
}

fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
    let is_clean = |byte: &u8| !matches!(byte, 0..=8 | 10..=31 | 127);
    (is_token(name) && value.iter().all(is_clean)).then(|| (name, value.trim_ascii()))
}

fn is_token(name: &[u8]) -> bool {
    let is_char = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_char)
}

fn chunk_size(line: &[u8]) -> Option<usize> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn take_line(input: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = find(input, b"\r\n")?;
    let mut line: Vec<u8> = input.drain(..end + 2).collect();
    line.truncate(end);
    Some(line)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
