//! The head of a request in HTTP/1: its first line and its headers.

use super::event::Fault;
use super::headers::{HeaderKind, HeaderMap};

/// Bytes of a request line and headers together, as in Envoy.
pub(super) const HEAD_BYTES_MAX: usize = 60 << 10;

/// Headers of a request, as in Envoy.
const HEADERS_MAX: usize = 100;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// It has so many bytes.
    Known(usize),
    /// It comes in chunks.
    Chunked,
    /// It never ends: CONNECT.
    Tunnel,
}

/// A request without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) headers: HeaderMap,
    pub(super) length: Length,
}

/// Methods that Envoy knows; it refuses others.
const METHODS: &[&str] = &[
    "ACL",
    "BIND",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "M-SEARCH",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "MSEARCH",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
];

/// The words of a request line.
struct RequestLine<'a> {
    method: &'a [u8],
    target: &'a [u8],
    version: &'a [u8],
}

/// Reads a request line; a version of HTTP that is not spoken is no fault yet.
fn request_line(line: &[u8]) -> Result<RequestLine<'_>, Fault> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    if line.first().is_some_and(is_blank) {
        return Err(Fault::Syntax);
    }
    let words: Vec<&[u8]> = line
        .split(is_blank)
        .filter(|word| !word.is_empty())
        .collect();
    let (method, target, version) = match words[..] {
        [method, target, version] => (method, target, version),
        // HTTP/0.9 had no version.
        [method, _] if is_method(method) => return Err(Fault::Version),
        _ => return Err(Fault::Syntax),
    };
    let is_target = method == b"CONNECT" || split_target(target).is_some();
    if is_method(method) && is_target && is_version(version) {
        Ok(RequestLine {
            method,
            target,
            version,
        })
    } else {
        Err(Fault::Syntax)
    }
}

/// Why a head that is not yet whole can be no request: from its first byte on if that is a control
/// character or a space, else once its first line is there.
pub(super) fn fault_of(head: &[u8]) -> Option<Fault> {
    let mut after_breaks = head.iter().skip_while(|byte| matches!(byte, b'\r' | b'\n'));
    if after_breaks.next().is_some_and(|byte| *byte <= b' ') {
        return Some(Fault::Syntax);
    }
    let end = head.iter().position(|byte| *byte == b'\n')?;
    let line = head.get(..end)?;
    request_line(line.strip_suffix(b"\r").unwrap_or(line)).err()
}

/// Reads a whole head.
pub(super) fn parse(head: &[u8]) -> Result<Head, Fault> {
    let mut rest = head.to_vec();
    let line = take_line(&mut rest).ok_or(Fault::Syntax)?;
    let RequestLine {
        method,
        target,
        version,
    } = request_line(&line)?;
    if version != b"HTTP/1.1" {
        return Err(Fault::Version);
    }
    let mut headers = HeaderMap::new(HeaderKind::Request);
    let lines = unfolded(&mut rest);
    let mut bytes = target.len();
    for line in &lines {
        let (name, value) = header(line)?;
        headers.add(name, &value);
        bytes += name.len() + value.len();
    }
    if lines.len() > HEADERS_MAX {
        return Err(Fault::TooMany);
    }
    if bytes > HEAD_BYTES_MAX {
        return Err(Fault::TooLong);
    }
    let is_connect = method == b"CONNECT";
    let length = if is_connect {
        Length::Tunnel
    } else {
        length(&headers)?
    };
    if is_connect {
        headers.overwrite(b":authority", target);
    } else {
        let target = split_target(target).ok_or(Fault::Syntax)?;
        if let Some((scheme, authority)) = target.origin {
            headers.overwrite(b":authority", &authority);
            headers.add(b":scheme", &scheme);
        }
        headers.add(b":path", &target.path);
    }
    headers.add(b":method", method);
    remove_nominated(&mut headers)?;
    Ok(Head { headers, length })
}

/// The header lines; a line that begins with a blank goes on with the one before.
fn unfolded(rest: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    while let Some(line) = take_line(rest).filter(|line| !line.is_empty()) {
        match lines.last_mut() {
            Some(last) if matches!(line.first(), Some(b' ' | b'\t')) => {
                last.extend_from_slice(&line);
            }
            _ => lines.push(line),
        }
    }
    lines
}

fn length(headers: &HeaderMap) -> Result<Length, Fault> {
    let is_chunked = match headers.joined(b"transfer-encoding") {
        Some(coding) if coding.eq_ignore_ascii_case(b"chunked") => true,
        Some(_) => return Err(Fault::TransferEncoding),
        None => false,
    };
    match headers.get(b"content-length") {
        Some(_) if is_chunked => Err(Fault::LengthAndChunks),
        Some(length) => {
            let digits = std::str::from_utf8(length)
                .ok()
                .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let length = digits.and_then(|text| text.parse().ok());
            length.map(Length::Known).ok_or(Fault::Syntax)
        }
        None if is_chunked => Ok(Length::Chunked),
        None => Ok(Length::Known(0)),
    }
}

/// What a request line asks for.
struct Target {
    path: Vec<u8>,
    /// Scheme and host of an absolute one.
    origin: Option<(Vec<u8>, Vec<u8>)>,
}

fn split_target(target: &[u8]) -> Option<Target> {
    if target.starts_with(b"/") || target == b"*" {
        return Some(Target {
            path: target.to_vec(),
            origin: None,
        });
    }
    let start = find(target, b"://")?;
    let scheme = target.get(..start)?.to_ascii_lowercase();
    let rest = target.get(start + 3..)?;
    let slash = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
    let (authority, path) = rest.split_at(slash.unwrap_or(rest.len()));
    let path = if path.first() == Some(&b'/') {
        path.to_vec()
    } else {
        [b"/", path].concat()
    };
    Some(Target {
        path,
        origin: Some((scheme, authority.to_vec())),
    })
}

/// Takes away the headers that `connection` names: they are for this hop only. `te` stays if it
/// says that trailers are welcome (`Utility::sanitizeConnectionHeader`).
fn remove_nominated(headers: &mut HeaderMap) -> Result<(), Fault> {
    const TOKENS_MAX: usize = 9;
    let connection = headers.joined(b"connection").unwrap_or_default();
    let tokens = connection.split(|byte| *byte == b',');
    let tokens = tokens.map(|token| token.trim_ascii().to_ascii_lowercase());
    let tokens: Vec<Vec<u8>> = tokens.filter(|token| !token.is_empty()).collect();
    if tokens.len() > TOKENS_MAX {
        return Err(Fault::Nomination);
    }
    for token in tokens {
        match &token[..] {
            b"close" | b"keep-alive" | b"upgrade" | b"http2-settings" | b"connection" => {}
            b"x-forwarded-for" | b"x-forwarded-host" | b"x-forwarded-proto" | [b':', ..] => {
                return Err(Fault::Nomination);
            }
            b"te" if wants_trailers(headers) => headers.overwrite(b"te", b"trailers"),
            token => {
                headers.remove(token);
            }
        }
    }
    Ok(())
}

fn wants_trailers(headers: &HeaderMap) -> bool {
    let codings = headers.get(b"te").unwrap_or_default();
    let mut codings = codings.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    codings.any(|coding| coding.eq_ignore_ascii_case(b"trailers"))
}

fn is_version(version: &[u8]) -> bool {
    let numbers = version.strip_prefix(b"HTTP/").unwrap_or_default();
    matches!(numbers, [b'0'..=b'9', b'.', b'0'..=b'9'])
}

fn is_method(method: &[u8]) -> bool {
    METHODS.iter().any(|known| known.as_bytes() == method)
}

/// The length of a head with the empty line at its end, if all of it is there.
pub(super) fn head_end(input: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = input.get(from..)?;
        let len = rest.iter().position(|byte| *byte == b'\n')? + 1;
        let is_empty = matches!(rest.get(..len), Some(b"\n" | b"\r\n"));
        from += len;
        if is_empty {
            return Some(from);
        }
    }
}

/// Name and value of a header line.
pub(super) fn header(line: &[u8]) -> Result<(&[u8], Vec<u8>), Fault> {
    let colon = line.iter().position(|byte| *byte == b':');
    let (name, value) = line.split_at(colon.ok_or(Fault::Syntax)?);
    if !is_token(name) {
        return Err(Fault::Syntax);
    }
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    let value: Vec<u8> = value
        .iter()
        .copied()
        .filter(|byte| *byte != b'\r')
        .collect();
    let is_clean = |byte: &u8| !matches!(byte, 0..=8 | 10..=31 | 127);
    if !value.iter().all(is_clean) {
        return Err(Fault::Characters);
    }
    Ok((name, value))
}

fn is_token(name: &[u8]) -> bool {
    let is_char = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_char)
}

/// Takes a whole line off the beginning, without its end.
pub(super) fn take_line(input: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    let mut line: Vec<u8> = input.drain(..=end).collect();
    line.pop();
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Some(line)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
