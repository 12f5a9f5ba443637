//! The parts of HTTP/1.1 that both sides share: header lines, and how a body ends.

use std::io::{BufRead, Read};

use anyhow::{Context, Result, bail};

pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) trailers: Vec<(String, String)>,
}

/// How long a body is.
pub(super) enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

impl Framing {
    /// What the headers say; `None` when they say nothing.
    pub(super) fn of(headers: &[(String, String)]) -> Result<Option<Self>> {
        let value = |wanted: &str| {
            headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.as_str())
        };
        if value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return Ok(Some(Self::Chunked));
        }
        value("content-length")
            .map(|text| {
                let length = text
                    .parse()
                    .with_context(|| format!("content-length {text:?}"))?;
                Ok(Self::Length(length))
            })
            .transpose()
    }
}

/// Reads header or trailer lines up to the empty one, names as spelled.
pub(super) fn read_fields(reader: &mut impl BufRead) -> Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let line = read_line(reader)?.context("the connection closed within the headers")?;
        if line.is_empty() {
            return Ok(fields);
        }
        let (name, value) = line
            .split_once(':')
            .with_context(|| format!("header line without a colon: {line:?}"))?;
        fields.push((name.to_owned(), value.trim().to_owned()));
        if fields.len() > FIELDS_MAX {
            bail!("more than {FIELDS_MAX} header lines");
        }
    }
}

/// One line without its end; `None` when the connection closed before it.
pub(super) fn read_line(reader: &mut impl BufRead) -> Result<Option<String>> {
    let mut line = Vec::new();
    reader.take(LINE_MAX).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        bail!("a line was cut off, or has more than {LINE_MAX} bytes");
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    // Header values may hold any byte; Latin-1 keeps every one of them apart.
    Ok(Some(match String::from_utf8(line) {
        Ok(line) => line,
        Err(error) => error.into_bytes().into_iter().map(char::from).collect(),
    }))
}

pub(super) fn read_body(reader: &mut impl BufRead, framing: Framing) -> Result<Body> {
    let mut bytes = Vec::new();
    let mut trailers = Vec::new();
    match framing {
        Framing::Length(length) => read_exactly(reader, length, &mut bytes)?,
        Framing::UntilClose => {
            reader.take(BODY_MAX + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > BODY_MAX {
                bail!("a body of more than {BODY_MAX} bytes");
            }
        }
        Framing::Chunked => loop {
            let line = read_line(reader)?.context("the connection closed between chunks")?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let length = u64::from_str_radix(digits, 16)
                .with_context(|| format!("chunk length {digits:?}"))?;
            if length == 0 {
                trailers = read_fields(reader)?;
                break;
            }
            read_exactly(reader, length, &mut bytes)?;
            read_line(reader)?;
        },
    }
    Ok(Body { bytes, trailers })
}

fn read_exactly(reader: &mut impl BufRead, length: u64, into: &mut Vec<u8>) -> Result<()> {
    if length > BODY_MAX - (into.len() as u64).min(BODY_MAX) {
        bail!("a body of more than {BODY_MAX} bytes");
    }
    let got = reader.take(length).read_to_end(into)?;
    if got as u64 != length {
        bail!("the connection closed after {got} of {length} bytes of the body");
    }
    Ok(())
}

/// Writes a body in two chunks (to prove that it is chunked), then `trailers`.
pub(super) fn chunked(body: &[u8], trailers: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let (first, second) = body.split_at(body.len() / 2);
    for chunk in [first, second] {
        if !chunk.is_empty() {
            out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(b"0\r\n");
    write_fields(&mut out, trailers);
    out
}

/// Writes header lines and the empty line after them.
pub(super) fn write_fields(out: &mut Vec<u8>, fields: &[(Vec<u8>, Vec<u8>)]) {
    for (name, value) in fields {
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

const LINE_MAX: u64 = 256 * 1024;
const FIELDS_MAX: usize = 1_000;
const BODY_MAX: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_with_trailers_reads_back() {
        let trailers = vec![(b"X-Odd".to_vec(), b"1".to_vec())];
        let wire = chunked(b"hello", &trailers);
        let body = read_body(&mut wire.as_slice(), Framing::Chunked).unwrap();
        assert_eq!(body.bytes, b"hello");
        assert_eq!(body.trailers, [("X-Odd".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_body_that_ends_early_is_an_error() {
        let mut wire = &b"abc"[..];
        let error = read_body(&mut wire, Framing::Length(5)).err().unwrap();
        assert_eq!(
            error.to_string(),
            "the connection closed after 3 of 5 bytes of the body"
        );
    }

    #[test]
    fn a_length_that_no_memory_holds_is_refused() {
        let error = read_body(&mut &b"abc"[..], Framing::Length(u64::MAX)).err();
        assert!(error.unwrap().to_string().starts_with("a body of more"));
    }
}
