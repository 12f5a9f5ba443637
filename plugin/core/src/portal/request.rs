//! A request as it came, and its parts.

use alloc::string::{String, ToString};

use core::net::{IpAddr, Ipv6Addr};

use xxhash_rust::xxh64::xxh64;

use super::query::{Query, decoded};
use super::refusal::Refusal;
use super::response::Etag;
use crate::detector::Detector;
use crate::source::{Prefixes, SourceKey};

/// What is read of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    method: &'a [u8],
    target: &'a [u8],
    authorization: &'a [u8],
    api_key: &'a [u8],
    if_none_match: &'a [u8],
    user_agent: &'a [u8],
    peer: Option<IpAddr>,
    has_body: bool,
}

/// Longest target that is read, bytes: every parameter at its longest is far below.
const TARGET_LEN_MAX: usize = 4_096;

impl<'a> Request<'a> {
    /// The request with these `headers`, `:method` and `:path` among them; of one that comes twice
    /// the first counts.
    pub fn new(headers: impl Iterator<Item = (&'a [u8], &'a [u8])>, has_body: bool) -> Self {
        let mut request = Self {
            has_body,
            ..Self::default()
        };
        for (name, value) in headers {
            let field = match name {
                b":method" => &mut request.method,
                b":path" => &mut request.target,
                b"authorization" => &mut request.authorization,
                b"x-api-key" => &mut request.api_key,
                b"if-none-match" => &mut request.if_none_match,
                b"user-agent" => &mut request.user_agent,
                _ => continue,
            };
            if field.is_empty() {
                *field = value;
            }
        }
        request
    }

    /// The same, from this address.
    pub fn from(self, peer: Option<IpAddr>) -> Self {
        Self { peer, ..self }
    }

    /// The key of a bouncer.
    pub(super) const fn api_key(&self) -> &'a [u8] {
        self.api_key
    }

    /// Who asks: from where, with what program.
    pub(super) fn bouncer(&self, detector: &Detector) -> Result<u64, Refusal> {
        const WHOLE: Prefixes = Prefixes {
            ipv4: 32,
            ipv6: 128,
        };
        let peer = self.peer.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let hash = detector.fingerprint(&SourceKey::new(peer, WHOLE));
        let hash = hash.map_err(|_| Refusal::unanswered())?;
        Ok(xxh64(self.user_agent, hash))
    }

    /// The token that it carries (RFC 6750 section 2.1).
    pub(super) fn token(&self) -> Option<&'a [u8]> {
        let (scheme, token) = self.authorization.split_at_checked(7)?;
        scheme
            .eq_ignore_ascii_case(b"bearer ")
            .then_some(token.trim_ascii())
    }

    /// The version of the answer that the client has.
    pub(super) fn known_etag(&self) -> Option<Etag> {
        Etag::parse_list(self.if_none_match)
    }

    /// Method, path and query.
    pub(super) fn parse(&self) -> Result<Parsed, Refusal> {
        if self.target.len() > TARGET_LEN_MAX {
            let len = self.target.len();
            let detail = alloc::format!(
                "path and query have {len} bytes, at most {TARGET_LEN_MAX} are read"
            );
            return Err(Refusal::new(414, detail));
        }
        if self.has_body {
            return Err(Refusal::bad_request(
                "the request has a body: none is read here, leave it out",
            ));
        }
        let mut parts = self.target.splitn(2, |byte| *byte == b'?');
        let path = decoded(parts.next().unwrap_or_default(), "path")?;
        let query = Query::parse(parts.next().unwrap_or_default())?;
        Ok(Parsed {
            method: String::from_utf8_lossy(self.method).to_string(),
            path,
            query,
        })
    }
}

/// A request that is well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) method: String,
    /// Without escapes.
    pub(super) path: String,
    pub(super) query: Query,
}
