//! What clients and upstreams see, read from HTTP/1.1 and written as lines of a transcript.

use std::{
    fmt,
    io::{BufRead, Read},
};

use anyhow::{Context, Result, bail};

/// What a client saw; its text is a line of the transcript.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// All bytes that came, and whether the other side closed first.
    Connection { received: Vec<u8>, closed: bool },
    /// The answer; `None` when the connection closed without one.
    Http {
        request: String,
        response: Option<Answered>,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection { received, closed } => {
                let end = if *closed { "closed" } else { "open" };
                write!(f, "client received={} then={end}", quoted(received))
            }
            Self::Http { request, response } => {
                write!(f, "client {request}: ")?;
                let Some(response) = response else {
                    return f.write_str("no answer");
                };
                write!(f, "{} {}", response.status, shown(&response.headers))?;
                write!(f, " body={}", quoted(&response.body))?;
                write!(f, " trailers={}", shown(&response.trailers))
            }
        }
    }
}

/// Bytes in the manner of the prelude.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.push_str(&format!("\\x{byte:02x}")),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

/// Those headers that are about the guest, in order.
pub(super) fn shown(headers: &[(String, String)]) -> String {
    let ours = headers.iter().filter(|(name, _)| {
        let name = name.to_ascii_lowercase();
        (name.starts_with("x-")
            && !name.starts_with("x-envoy-")
            && !name.starts_with("x-forwarded-"))
            || name.starts_with("grpc-")
            || name == "content-type"
    });
    let texts: Vec<_> = ours
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("[{}]", texts.join("; "))
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: Fields,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Fields,
}

impl Answered {
    /// Reads an answer; `None` when it is not whole.
    pub(super) fn parse(mut bytes: &[u8]) -> Option<Self> {
        let first = line(&mut bytes).ok()??;
        let status = first.split(' ').nth(1)?.parse().ok()?;
        let headers = fields(&mut bytes).ok()?;
        let (body, trailers) = body(&mut bytes, &headers).ok()?;
        Some(Self {
            status,
            headers,
            body,
            trailers,
        })
    }
}

/// Names and values in the order of the wire.
pub(super) type Fields = Vec<(String, String)>;

pub(super) fn line(reader: &mut impl BufRead) -> Result<Option<String>> {
    let mut text = String::new();
    let length = reader.take(LINE_MAX).read_line(&mut text)?;
    Ok((length > 0).then(|| text.trim_end().to_owned()))
}

pub(super) fn fields(reader: &mut impl BufRead) -> Result<Fields> {
    let mut out = Vec::new();
    loop {
        let text = line(reader)?.context("closed within headers")?;
        if text.is_empty() {
            return Ok(out);
        }
        let (name, value) = text.split_once(':').context("a header without a colon")?;
        out.push((name.to_owned(), value.trim().to_owned()));
    }
}

pub(super) fn body(
    reader: &mut impl BufRead,
    headers: &[(String, String)],
) -> Result<(Vec<u8>, Fields)> {
    let mut bytes = Vec::new();
    if let Some(length) = value(headers, "content-length") {
        let length = length.parse()?;
        if reader.take(length).read_to_end(&mut bytes)? as u64 != length {
            bail!("closed within the body");
        }
    } else if value(headers, "transfer-encoding").is_some() {
        loop {
            let length = line(reader)?.context("closed between chunks")?;
            let length = u64::from_str_radix(&length, 16)?;
            if length == 0 {
                return Ok((bytes, fields(reader)?));
            }
            if reader.take(length).read_to_end(&mut bytes)? as u64 != length {
                bail!("closed within a chunk");
            }
            line(reader)?;
        }
    }
    Ok((bytes, Vec::new()))
}

pub(super) fn value<'a>(fields: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_str())
}

const LINE_MAX: u64 = 64 * 1024;
