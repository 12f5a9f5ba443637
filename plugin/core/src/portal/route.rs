//! Which endpoint a request is for.

use alloc::format;
use alloc::string::{String, ToString};

use super::page::File;
use super::refusal::{Refusal, shown};
use super::render::Format;
use super::request::Parsed;

/// An endpoint, with what its path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/` and what belongs to it
    Page(File),
    /// `/v1/ip/{ip}`
    Lookup(String),
    /// `/v1/feed.{format}`
    Feed(Format),
}

/// Every endpoint, as it is listed.
const ENDPOINTS: &[&str] = &[
    "/",
    "/v1/ip/{ip}",
    "/v1/feed.{json,ndjson,csv,txt,nft,ipset}",
];

const READ: &str = "GET, HEAD";

impl Route {
    /// The endpoint of a request.
    ///
    /// # Errors
    /// 404 that lists all endpoints, 405 that says which methods there are.
    pub(super) fn of(request: &Parsed) -> Result<Self, Refusal> {
        let path = request.path.as_str();
        let route = Self::of_path(path).ok_or_else(|| {
            let detail = format!("no {} here; there are {}", shown(path), ENDPOINTS.join(" "));
            Refusal::new(404, detail)
        })?;
        let allowed = route.methods();
        if allowed.split(", ").any(|method| method == request.method) {
            return Ok(route);
        }
        let detail = format!("{path} knows {allowed}, not {}", shown(&request.method));
        Err(Refusal::new(405, detail).with_header("allow", allowed))
    }

    fn of_path(path: &str) -> Option<Self> {
        if let Some(file) = File::at(path) {
            return Some(Self::Page(file));
        }
        let rest = path.strip_prefix("/v1/")?;
        if let Some(ip) = rest.strip_prefix("ip/") {
            return Some(Self::Lookup(ip.to_string()));
        }
        if let Some(format) = rest.strip_prefix("feed.") {
            return Format::ALL
                .into_iter()
                .find(|known| known.name() == format)
                .map(Self::Feed);
        }
        None
    }

    /// Methods that it knows.
    const fn methods(&self) -> &'static str {
        match self {
            Self::Page(_) | Self::Lookup(_) | Self::Feed(_) => READ,
        }
    }
}
