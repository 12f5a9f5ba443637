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
    /// `/v1/ip/{ip}`
    Lookup(String),
    /// `/v1/feed.{format}`
    Feed(Format),
    /// `/v1/decisions/stream`
    DecisionStream,
    /// `/v1/decisions`
    Decisions,
    /// `/v1/stats/summary`
    Summary,
    /// `/v1/stats/kinds`
    Kinds,
    /// `/v1/stats/timeline`
    Timeline,
    /// `/v1/stats/ports`
    Ports,
    /// `/v1/forget`
    Forget,
    /// `/healthz`
    Health,
    /// `/` and what belongs to it
    Page(File),
}

/// Every endpoint, as it is listed.
const ENDPOINTS: &str = "/ /v1/ip/{ip} /v1/feed.{json,ndjson,csv,txt,nft,ipset} /v1/decisions \
                         /v1/decisions/stream /v1/stats/{summary,kinds,timeline,ports} /v1/forget \
                         /healthz";

impl Route {
    /// The endpoint of a request.
    ///
    /// # Errors
    /// 404 that lists all endpoints, 405 that says which methods there are.
    pub(super) fn of(request: &Parsed) -> Result<Self, Refusal> {
        let path = request.path.as_str();
        let route = Self::of_path(path).ok_or_else(|| {
            let detail = format!("no {} here; there are {ENDPOINTS}", shown(path));
            Refusal::new(404, detail)
        })?;
        let allowed = route.methods();
        if allowed.split(", ").any(|method| method == request.method) {
            return Ok(route);
        }
        let detail = format!(
            "{} knows {allowed}, not {}",
            shown(path),
            shown(&request.method)
        );
        Err(Refusal::new(405, detail).with_header("allow", allowed))
    }

    fn of_path(path: &str) -> Option<Self> {
        if let Some(file) = File::at(path) {
            return Some(Self::Page(file));
        }
        if path == "/healthz" {
            return Some(Self::Health);
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
        Some(match rest {
            "decisions" => Self::Decisions,
            "decisions/stream" => Self::DecisionStream,
            "stats/summary" => Self::Summary,
            "stats/kinds" => Self::Kinds,
            "stats/timeline" => Self::Timeline,
            "stats/ports" => Self::Ports,
            "forget" => Self::Forget,
            _ => return None,
        })
    }

    /// Methods that it knows.
    const fn methods(&self) -> &'static str {
        match self {
            Self::Forget => "POST",
            _ => "GET, HEAD",
        }
    }
}
