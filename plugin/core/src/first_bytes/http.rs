//! The host that an HTTP request asks for.

use super::Found;

/// The connection preface of HTTP/2, RFC 9113 section 3.4.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Longest method that is taken for one.
const METHOD_LEN_MAX: usize = 32;

/// The host in the request that `bytes` begin with.
///
/// HTTP/2 hides it in a compressed header block, which is not unpacked here: a preface with the
/// SETTINGS frame that must follow asks for any name.
pub(super) fn host(bytes: &[u8]) -> Found<'_> {
    if bytes.starts_with(PREFACE) {
        return http2(bytes.get(PREFACE.len()..).unwrap_or_default());
    }
    if PREFACE.starts_with(bytes) {
        return Found::More;
    }
    http1(bytes)
}

/// RFC 9113 section 4.1: length (24 bits), type, flags, stream; SETTINGS is type 4 on stream 0.
fn http2(frames: &[u8]) -> Found<'_> {
    const SETTING_LEN: u32 = 6;
    let Some([l0, l1, l2, kind, flags, s0, s1, s2, s3]) = frames.first_chunk::<9>() else {
        return Found::More;
    };
    let len = u32::from_be_bytes([0, *l0, *l1, *l2]);
    let is_settings = *kind == 4 && *flags == 0 && [*s0, *s1, *s2, *s3] == [0; 4];
    if is_settings && len.is_multiple_of(SETTING_LEN) {
        Found::AnyName
    } else {
        Found::Nothing
    }
}

fn http1(bytes: &[u8]) -> Found<'_> {
    let method_len = bytes.iter().take_while(|byte| is_token(**byte)).count();
    if method_len == 0 || method_len > METHOD_LEN_MAX {
        return Found::Nothing;
    }
    let Some((line, mut rest)) = split_line(bytes) else {
        let is_possible = bytes.get(method_len).is_none_or(|byte| *byte == b' ')
            && bytes.iter().all(|byte| *byte == b'\r' || is_visible(*byte));
        return if is_possible {
            Found::More
        } else {
            Found::Nothing
        };
    };
    if !is_request_line(line) {
        return Found::Nothing;
    }
    loop {
        let Some((field, next)) = split_line(rest) else {
            return Found::More;
        };
        rest = next;
        if field.is_empty() {
            return Found::Nothing;
        }
        let Some(colon) = field.iter().position(|byte| *byte == b':') else {
            return Found::Nothing;
        };
        let (name, value) = field.split_at(colon);
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
            return Found::Nothing;
        }
        if name.eq_ignore_ascii_case(b"host") {
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            return Found::Name(without_port(value));
        }
    }
}

/// `method SP target SP HTTP/1.x`, RFC 9112 section 3.
fn is_request_line(line: &[u8]) -> bool {
    let mut parts = line.split(|byte| *byte == b' ');
    let (method, target, version, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
    method.is_some_and(is_method)
        && target
            .is_some_and(|target| !target.is_empty() && target.iter().all(|byte| is_visible(*byte)))
        && matches!(version, Some(b"HTTP/1.1" | b"HTTP/1.0"))
        && rest.is_none()
}

fn is_method(method: &[u8]) -> bool {
    (1..=METHOD_LEN_MAX).contains(&method.len()) && method.iter().all(|byte| is_token(*byte))
}

pub(super) fn without_port(host: &[u8]) -> &[u8] {
    match host.iter().position(|byte| *byte == b':') {
        Some(colon) => host.get(..colon).unwrap_or(host),
        None => host,
    }
}

/// The first line without its end, and what follows.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = bytes.get(..end)?;
    Some((
        line.strip_suffix(b"\r").unwrap_or(line),
        bytes.get(end + 1..)?,
    ))
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Visible ASCII, a space, or a byte of UTF-8 that clients send unescaped.
pub(super) fn is_visible(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f
}
