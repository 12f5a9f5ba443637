//! What may stand in the headers of HTTP/2 requests (RFC 9113, sections 8.2 and 8.3).

use super::event::Fault;
use super::headers::{HeaderKind, HeaderMap};

/// Names and values as they came.
type Decoded = Vec<(Vec<u8>, Vec<u8>)>;

/// The headers of a request, if they follow the rules.
pub(super) fn request(decoded: Decoded) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new(HeaderKind::Request);
    let has_authority = decoded.iter().any(|(name, _)| name == b":authority");
    for (name, value) in decoded {
        let is_second = name.first() == Some(&b':') && headers.get(&name).is_some();
        if is_second || !is_allowed(&name, &value) {
            return Err(Fault::Field);
        }
        match (&name[..], headers.get(b"cookie")) {
            (b"cookie", Some(before)) => {
                let joined = [before, b"; ", &value].concat();
                headers.overwrite(b"cookie", &joined);
            }
            (b"host", _) if has_authority => {}
            (name, _) => headers.add(name, &value),
        }
    }
    if is_whole(&headers) {
        Ok(headers)
    } else {
        Err(Fault::Messaging)
    }
}

/// The trailers of a request, if they follow the rules.
pub(super) fn trailers(decoded: Decoded) -> Result<HeaderMap, Fault> {
    let is_one =
        |(name, value): &(Vec<u8>, Vec<u8>)| name.first() != Some(&b':') && is_allowed(name, value);
    if decoded.iter().all(is_one) {
        Ok(HeaderMap::of(HeaderKind::Trailers, decoded))
    } else {
        Err(Fault::Field)
    }
}

fn is_whole(headers: &HeaderMap) -> bool {
    let has = |name: &&str| headers.get(name.as_bytes()).is_some();
    if headers.get(b":method") == Some(b"CONNECT") {
        return has(&":authority");
    }
    let path = headers.get(b":path").unwrap_or_default();
    let is_path =
        path.starts_with(b"/") || (path == b"*" && headers.get(b":method") == Some(b"OPTIONS"));
    [":method", ":scheme", ":authority"].iter().all(has) && is_path
}

fn is_allowed(name: &[u8], value: &[u8]) -> bool {
    let is_text = |byte: &u8| !matches!(byte, 0..=8 | 10..=31 | 127);
    if !value.iter().all(is_text) {
        return false;
    }
    match name {
        b":path" | b":method" | b":scheme" => !value.is_empty(),
        b":authority" => true,
        b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding" | b"upgrade" => {
            false
        }
        b"te" => value == b"trailers",
        name => is_name(name),
    }
}

fn is_name(name: &[u8]) -> bool {
    let is_char = |byte: &u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(byte)
    };
    !name.is_empty() && name.iter().all(is_char)
}

#[cfg(test)]
mod tests {
    use super::{Fault, HeaderMap, request, trailers};

    fn of(lines: &[&str]) -> Result<HeaderMap, Fault> {
        let split = |line: &&str| {
            let (name, value) = line.split_once('=').unwrap();
            (name.as_bytes().to_vec(), value.as_bytes().to_vec())
        };
        request(lines.iter().map(split).collect())
    }

    const WHOLE: [&str; 4] = [":method=GET", ":path=/", ":scheme=http", ":authority=h"];

    // Each case as Envoy 1.40.0 answers it.
    #[test]
    fn what_breaks_the_rules_is_refused() {
        let with = |line: &'static str| of(&[&WHOLE[..], &[line]].concat());
        for line in [
            ":path=/b",
            ":x=1",
            ":status=200",
            "X-Up=1",
            "x y=1",
            "x=1\n2",
            "connection=close",
            "upgrade=websocket",
            "te=gzip",
        ] {
            assert_eq!(with(line), Err(Fault::Field), "{line}");
        }
        for line in ["te=trailers", "x_y=1", "host=other"] {
            assert!(with(line).is_ok(), "{line}");
        }
        assert_eq!(of(&WHOLE[..3]), Err(Fault::Messaging));
        let path = |path| of(&[":method=GET", path, ":scheme=http", ":authority=h"]);
        assert_eq!(path(":path=b"), Err(Fault::Messaging));
        assert_eq!(path(":path="), Err(Fault::Field));
        assert!(of(&[":method=OPTIONS", ":path=*", ":scheme=http", ":authority=h"]).is_ok());
        assert!(of(&[":method=CONNECT", ":authority=h:1"]).is_ok());
        assert_eq!(
            trailers(vec![(b":path".to_vec(), b"/".to_vec())]),
            Err(Fault::Field)
        );
    }

    #[test]
    fn cookies_are_joined_and_a_second_host_is_dropped() {
        let mut lines = WHOLE.to_vec();
        lines.extend(["cookie=a=1", "x=y", "cookie=b=2", "host=other"]);
        let headers = of(&lines).unwrap();
        assert_eq!(headers.get(b"cookie"), Some(&b"a=1; b=2"[..]));
        assert_eq!(headers.get(b":authority"), Some(&b"h"[..]));
        let headers = of(&[":method=GET", ":path=/", ":scheme=http", "host=hh"]).unwrap();
        assert_eq!(headers.get(b":authority"), Some(&b"hh"[..]));
    }
}
