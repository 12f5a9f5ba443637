//! Header maps as Envoy keeps them.
//!
//! Names are in lower case; those that begin with a colon stand before all others; the rest keeps
//! the order in which it was added. A second value of certain headers (Envoy's "inline" ones) goes
//! behind the first, with a comma; measured name by name on Envoy 1.40.0.

/// What a map belongs to: it decides which headers are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderKind {
    /// Headers of a request.
    Request,
    /// Headers of a response.
    Response,
    /// Trailers, or anything else: only what ends a gRPC response is joined.
    #[default]
    Trailers,
}

/// Headers or trailers, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderMap {
    kind: HeaderKind,
    entries: Vec<(Vec<u8>, Vec<u8>)>,
}

impl HeaderMap {
    /// An empty one.
    #[must_use]
    pub fn new(kind: HeaderKind) -> Self {
        let entries = Vec::new();
        Self { kind, entries }
    }

    /// These headers, added one after the other.
    pub fn of<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        kind: HeaderKind,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut map = Self::new(kind);
        for (name, value) in headers {
            map.add(name.as_ref(), value.as_ref());
        }
        map
    }

    /// The first value under this name, in whatever case.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.get_all(name).next()
    }

    /// Every value under this name.
    pub fn get_all<'a>(&'a self, name: &[u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let name = self.key(name);
        self.entries
            .iter()
            .filter(move |(entry, _)| *entry == name)
            .map(|(_, value)| value.as_slice())
    }

    /// Every value under this name in one, with commas; none if there is no such header.
    #[must_use]
    pub fn joined(&self, name: &[u8]) -> Option<Vec<u8>> {
        let values: Vec<&[u8]> = self.get_all(name).collect();
        (!values.is_empty()).then(|| values.join(&b','))
    }

    /// Adds a value; behind the one that is there, if the header is one that is joined.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let name = self.key(name);
        if self.is_joined(&name)
            && let Some((_, old)) = self.entries.iter_mut().find(|(entry, _)| *entry == name)
        {
            if !old.is_empty() {
                old.push(b',');
            }
            old.extend_from_slice(value);
            return;
        }
        let at = if name.first() == Some(&b':') {
            let is_pseudo = |(entry, _): &(Vec<u8>, Vec<u8>)| entry.first() == Some(&b':');
            self.entries
                .iter()
                .take_while(|entry| is_pseudo(entry))
                .count()
        } else {
            self.entries.len()
        };
        self.entries.insert(at, (name, value.to_vec()));
    }

    /// Takes every value under this name away and adds this one.
    pub fn replace(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.add(name, value);
    }

    /// Writes this value where the first one under this name stands; adds it if there is none.
    pub fn overwrite(&mut self, name: &[u8], value: &[u8]) {
        let key = self.key(name);
        match self.entries.iter_mut().find(|(entry, _)| *entry == key) {
            Some((_, old)) => *old = value.to_vec(),
            None => self.add(name, value),
        }
    }

    /// Takes every value under this name away; says how many there were.
    pub fn remove(&mut self, name: &[u8]) -> usize {
        let name = self.key(name);
        let before = self.entries.len();
        self.entries.retain(|(entry, _)| *entry != name);
        before - self.entries.len()
    }

    /// Takes every entry away whose name is one of those.
    pub fn remove_where(&mut self, mut is_one: impl FnMut(&[u8]) -> bool) {
        self.entries.retain(|(name, _)| !is_one(name));
    }

    /// Takes everything away.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Names and values in order, as they cross to a guest.
    #[must_use]
    pub fn pairs(&self) -> &[(Vec<u8>, Vec<u8>)] {
        &self.entries
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all names and values together.
    #[must_use]
    pub fn byte_size(&self) -> usize {
        let bytes = |(name, value): &(Vec<u8>, Vec<u8>)| name.len() + value.len();
        self.entries.iter().map(bytes).sum()
    }

    fn key(&self, name: &[u8]) -> Vec<u8> {
        let name = name.to_ascii_lowercase();
        if self.kind == HeaderKind::Request && name == b"host" {
            return b":authority".to_vec();
        }
        name
    }

    fn is_joined(&self, name: &[u8]) -> bool {
        let Ok(name) = std::str::from_utf8(name) else {
            return false;
        };
        let own = match self.kind {
            HeaderKind::Request => REQUEST_JOINED,
            HeaderKind::Response => RESPONSE_JOINED,
            HeaderKind::Trailers => return matches!(name, "grpc-status" | "grpc-message"),
        };
        BOTH_JOINED.contains(&name) || own.contains(&name)
    }
}

const BOTH_JOINED: &[&str] = &[
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "keep-alive",
    "proxy-connection",
    "proxy-status",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-envoy-attempt-count",
    "x-envoy-decorator-operation",
    "x-request-id",
];

const REQUEST_JOINED: &[&str] = &[
    ":authority",
    ":method",
    ":path",
    ":protocol",
    ":scheme",
    "accept",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "access-control-request-private-network",
    "authorization",
    "expect",
    "grpc-accept-encoding",
    "grpc-timeout",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "pragma",
    "referer",
    "te",
    "user-agent",
    "x-client-trace-id",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-force-trace",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-internal",
    "x-envoy-ip-tags",
    "x-envoy-is-timeout-retry",
    "x-envoy-max-retries",
    "x-envoy-original-host",
    "x-envoy-original-path",
    "x-envoy-original-url",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-stream-duration-ms",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
];

const RESPONSE_JOINED: &[&str] = &[
    ":status",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "age",
    "date",
    "etag",
    "expires",
    "grpc-message",
    "grpc-status",
    "last-modified",
    "location",
    "server",
    "vary",
    "x-envoy-degraded",
    "x-envoy-immediate-health-check-fail",
    "x-envoy-ratelimited",
    "x-envoy-upstream-canary",
    "x-envoy-upstream-healthchecked-cluster",
    "x-envoy-upstream-service-time",
];

#[cfg(test)]
mod tests {
    use super::{HeaderKind, HeaderMap};

    fn text(map: &HeaderMap) -> String {
        let utf8 = |bytes| std::str::from_utf8(bytes).unwrap();
        let entries = map
            .iter()
            .map(|(n, v)| format!("[{}={}]", utf8(n), utf8(v)));
        entries.collect()
    }

    fn request() -> HeaderMap {
        let headers = [(":authority", "h"), (":path", "/x"), ("user-agent", "u0")];
        HeaderMap::of(HeaderKind::Request, headers)
    }

    /// The steps and what Envoy 1.40.0 answered to the same ones of a guest.
    #[test]
    fn order_and_case_are_those_of_envoy() {
        let mut map = request();
        for (name, value) in [("A", "1"), ("b", "2"), ("a", "3")] {
            map.add(name.as_bytes(), value.as_bytes());
        }
        assert_eq!(
            text(&map),
            "[:authority=h][:path=/x][user-agent=u0][a=1][b=2][a=3]"
        );
        map.replace(b"a", b"new");
        assert_eq!(
            text(&map),
            "[:authority=h][:path=/x][user-agent=u0][b=2][a=new]"
        );
        map.replace(b":authority", b"i");
        map.add(b":y", b"8");
        assert_eq!(
            text(&map),
            "[:path=/x][:authority=i][:y=8][user-agent=u0][b=2][a=new]"
        );
        assert_eq!(map.get(b"B"), Some(&b"2"[..]));
        assert_eq!((map.remove(b"A"), map.remove(b"nothing")), (1, 0));
    }

    #[test]
    fn some_headers_are_joined_and_others_are_not() {
        let mut map = request();
        for name in ["user-agent", "cookie", "Host"] {
            map.add(name.as_bytes(), b"one");
            map.add(name.as_bytes(), b"two");
        }
        assert_eq!(
            text(&map),
            "[:authority=h,one,two][:path=/x][user-agent=u0,one,two][cookie=one][cookie=two]"
        );
        assert_eq!(map.joined(b"cookie").unwrap(), b"one,two");
        let twice = [
            ("user-agent", "1"),
            ("user-agent", "2"),
            ("vary", "1"),
            ("vary", "2"),
        ];
        let map = HeaderMap::of(HeaderKind::Response, twice);
        assert_eq!(text(&map), "[user-agent=1][user-agent=2][vary=1,2]");
    }

    #[test]
    fn size_counts_names_and_values() {
        assert_eq!(request().byte_size(), 11 + 7 + 12);
        assert_eq!(request().len(), 3);
    }
}
