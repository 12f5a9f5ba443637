//! Answers, and when they need not be sent again.

use alloc::borrow::Cow;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use xxhash_rust::xxh64::xxh64;

use super::request::Request;

/// What is sent.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// What follows them; of a HEAD request the host leaves it out.
    pub body: Body,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub enum Body {
    /// Part of the module.
    Static(&'static [u8]),
    /// Made, and perhaps given out several times.
    Made(Rc<String>),
}

impl Body {
    /// What was made.
    pub fn of(text: String) -> Self {
        Self::Made(Rc::new(text))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Made(text) => text.as_bytes(),
        }
    }
}

/// Which version of an answer it is: a hash of what it says, but for the time at which it says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Etag(u64);

impl Etag {
    pub(super) const fn new(hash: u64) -> Self {
        Self(hash)
    }

    /// That of `text`, apart from each `time` in it.
    pub(super) fn of(text: &str, time: &str) -> Self {
        let hash = |seed, part: &str| xxh64(part.as_bytes(), seed);
        Self(text.split(time).fold(0, hash))
    }

    /// Weak, because answers of one version may differ in the time at which they were made.
    pub(super) fn text(self) -> String {
        alloc::format!("W/\"{:016x}\"", self.0)
    }

    /// What a client says that it has (RFC 9110 section 13.1.2): any of a list. `None` if that
    /// cannot be one of ours.
    pub(super) fn parse_list(text: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(text).ok()?;
        text.split(',').find_map(|tag| {
            let tag = tag.trim();
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
            let is_ours = digits.len() == 16 && !digits.starts_with('+');
            u64::from_str_radix(digits, 16)
                .ok()
                .filter(|_| is_ours)
                .map(Self)
        })
    }
}

impl Response {
    /// 200 with `text`, which says that it was made at `time`, in the form of RFC 3339.
    pub(super) fn ok(content_type: &'static str, text: String, time: &str) -> Self {
        let etag = Etag::of(&text, time);
        Self {
            status: 200,
            headers: Vec::from([
                ("content-type", Cow::Borrowed(content_type)),
                ("cache-control", Cow::Borrowed("max-age=1")),
                ("etag", Cow::Owned(etag.text())),
            ]),
            body: Body::of(text),
        }
    }

    /// The same, not to be kept by anybody.
    pub(super) fn uncached(mut self) -> Self {
        self.headers.retain(|(name, _)| *name != "etag");
        for (name, value) in &mut self.headers {
            if *name == "cache-control" {
                *value = Cow::Borrowed("no-store");
            }
        }
        self
    }

    /// The same, or 304 if the client has it.
    pub(super) fn unless_known(self, request: &Request<'_>) -> Self {
        let has = |etag: &Etag| {
            let text = etag.text();
            self.headers
                .iter()
                .any(|(name, value)| *name == "etag" && *value == text)
        };
        match request.known_etag().filter(has) {
            Some(etag) => not_modified(etag),
            None => self,
        }
    }
}

/// The client has this version.
pub(super) fn not_modified(etag: Etag) -> Response {
    Response {
        status: 304,
        headers: Vec::from([
            ("etag", Cow::Owned(etag.text())),
            ("cache-control", Cow::Borrowed("max-age=1")),
        ]),
        body: Body::Static(b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_making_makes_no_version() {
        let at = |time: &str, rest: &str| Etag::of(&alloc::format!("{{{time},{rest}}}"), time);
        assert_eq!(at("noon", "x"), at("midnight", "x"));
        assert_ne!(at("noon", "x"), at("noon", "y"));
    }

    #[test]
    fn a_version_is_recognised_in_any_list() {
        let etag = Etag::new(0xabc);
        let known = |text: &str| Etag::parse_list(text.as_bytes());
        assert_eq!(known(&etag.text()), Some(etag));
        assert_eq!(known("\"x\", \"0000000000000abc\""), Some(etag));
        for text in [
            "",
            "*",
            "\"abc\"",
            "0000000000000abc",
            "\"+000000000000abc\"",
            "W/",
        ] {
            assert_eq!(known(text), None, "{text}");
        }
    }
}
