//! What the first bytes of a connection ask for.
//!
//! Who reaches a decoy by mistake, or is sent there by a web page, speaks HTTP or TLS and asks for
//! a name that is served; scanners, as a rule, do not know one.

use alloc::string::String;
use alloc::vec::Vec;

pub mod protocol;

mod http;
mod tls;

/// First bytes that are looked at. A ClientHello with post-quantum keys has less than 2 KiB, the
/// request line and `Host` of a browser less than that.
pub const FIRST_BYTES_MAX: usize = 4_096;

/// What the first bytes of a connection ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A name that is served here, in well-formed HTTP or TLS.
    Served,
    /// A bare address, in well-formed HTTP or TLS.
    Address,
    /// Anything else: another protocol, no name, a name that is not served.
    Otherwise,
    /// Too early to tell.
    Unknown,
}

/// Reads the first bytes of a connection, all that came so far.
pub fn asks(bytes: &[u8], names: &Names) -> Asks {
    let found = match bytes.first() {
        None => return Asks::Unknown,
        Some(&tls::HANDSHAKE) => tls::server_name(bytes),
        Some(_) => http::host(bytes),
    };
    match found {
        Found::Name(name) if names.serve(name) => Asks::Served,
        Found::AnyName => Asks::Served,
        Found::Name(name) if is_address(name) => Asks::Address,
        Found::Name(_) | Found::Nothing => Asks::Otherwise,
        Found::More if bytes.len() >= FIRST_BYTES_MAX => Asks::Otherwise,
        Found::More => Asks::Unknown,
    }
}

/// What a parser made of the bytes.
#[derive(Debug, PartialEq, Eq)]
enum Found<'a> {
    /// Well-formed up to this name.
    Name(&'a [u8]),
    /// Well-formed, and the name is written in a way that is not read here.
    AnyName,
    /// Malformed, another protocol, or complete without a name.
    Nothing,
    /// Well-formed so far.
    More,
}

/// The host names that are served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// In lower case, without a final dot; `*.` stands for one or more labels. None: any name that
    /// is no address.
    patterns: Vec<String>,
}

impl Names {
    /// These names; none for any name that is no address. They must be [`valid`](is_name_pattern).
    pub fn new(patterns: Vec<String>) -> Self {
        Self { patterns }
    }

    /// Whether `name`, as a client wrote it (without a port), is served.
    pub fn serve(&self, name: &[u8]) -> bool {
        let name = name.strip_suffix(b".").unwrap_or(name);
        if !is_host_name(name) {
            return false;
        }
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| matches(pattern, name))
    }
}

/// Whether a host in a request, as a client wrote it, is a bare address with or without a port.
pub fn is_literal_host(host: &[u8]) -> bool {
    is_address(http::without_port(host))
}

/// Whether `host` is an IPv4 address, or an IPv6 address in brackets (RFC 3986 section 3.2.2), of
/// which the port may have cut off all but the beginning.
fn is_address(host: &[u8]) -> bool {
    let is_v4 =
        || str::from_utf8(host).is_ok_and(|text| text.parse::<core::net::Ipv4Addr>().is_ok());
    host.starts_with(b"[") || is_v4()
}

fn matches(pattern: &str, name: &[u8]) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => {
            let suffix = suffix.as_bytes();
            let start = name.len().saturating_sub(suffix.len());
            start > 0
                && name
                    .get(start..)
                    .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        }
        None => name.eq_ignore_ascii_case(pattern.as_bytes()),
    }
}

/// Whether `text` can stand in a list of served names: a host name in lower case, perhaps behind
/// `*.`.
pub fn is_name_pattern(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    is_host_name(name.as_bytes()) && !name.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// A host name of RFC 952 and RFC 1123 section 2.1 (underscores allowed, as they are in use) whose
/// last label is not a number, so that it is no address (RFC 3696 section 2, WHATWG URL "ends in
/// a number").
fn is_host_name(name: &[u8]) -> bool {
    const NAME_LEN_MAX: usize = 253;
    const LABEL_LEN_MAX: usize = 63;
    let is_label = |label: &[u8]| {
        (1..=LABEL_LEN_MAX).contains(&label.len())
            && label
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_number = |label: &[u8]| {
        let hex = label
            .strip_prefix(b"0x")
            .or_else(|| label.strip_prefix(b"0X"));
        label.iter().all(u8::is_ascii_digit)
            || hex.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    name.len() <= NAME_LEN_MAX
        && name.split(|byte| *byte == b'.').all(is_label)
        && name
            .rsplit(|byte| *byte == b'.')
            .next()
            .is_some_and(|last| !is_number(last))
}

#[cfg(test)]
mod tests;
