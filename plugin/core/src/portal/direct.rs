//! Answers that are made at once.

use alloc::string::String;

use super::decisions::Pull;
use super::entry::Sight;
use super::lookup;
use super::query::{Query, not_allowed};
use super::refusal::Refusal;
use super::response::Response;
use crate::config::Portal as Config;
use crate::detector::Detector;
use crate::json::Object;
use crate::state::heartbeat::{self, STALE_SECS};
use crate::state::store::Store;
use crate::stats::render::{self, PORTS_SHOWN_MAX};
use crate::stats::timeline::{self, Step};
use crate::stats::top::top;
use crate::time::Time;
use crate::verdict::Class;

const JSON: &str = "application/json";
/// Ports that are shown where nobody says how many.
const PORTS_DEFAULT: u32 = 20;

/// Whether the module lives, which it does where it answers, and whether its keeper does.
pub(super) fn health(store: &mut impl Store, detector: &mut Detector, now: Time) -> Response {
    let age = heartbeat::age_secs(store, &mut detector.counters, now);
    let keeper = match age {
        None => "never seen",
        Some(age) if age > STALE_SECS => "stale",
        Some(_) => "alive",
    };
    let mut body = String::new();
    let mut object = Object::begin(&mut body);
    object.text("status", "ok");
    object.text("keeper", keeper);
    object.number_or_null("heartbeat_age_secs", age);
    object.time("generated_at", now);
    object.end();
    body.push('\n');
    Response::ok(JSON, body, now.rfc3339().as_str()).uncached()
}

/// What happened in each minute or hour.
pub(super) fn timeline(
    store: &mut impl Store,
    detector: &mut Detector,
    now: Time,
    query: &Query,
) -> Result<Response, Refusal> {
    query.only(&["step"])?;
    let step = match query.get("step") {
        None => Step::Minute,
        Some(text) => Step::ALL
            .into_iter()
            .find(|step| step.name() == text)
            .ok_or_else(|| not_allowed("step", text, "minute or hour"))?,
    };
    let points = timeline::read(store, &mut detector.counters, step, now);
    let body = render::timeline(step, &points, now);
    Ok(Response::ok(JSON, body, now.rfc3339().as_str()))
}

/// The ports with most sources.
pub(super) fn ports(
    store: &mut impl Store,
    detector: &mut Detector,
    now: Time,
    query: &Query,
) -> Result<Response, Refusal> {
    query.only(&["max"])?;
    let most = u32::try_from(PORTS_SHOWN_MAX).unwrap_or(u32::MAX);
    let max = query.whole("max", 1, most)?.unwrap_or(PORTS_DEFAULT);
    let max = usize::try_from(max).unwrap_or(PORTS_SHOWN_MAX);
    let ports = top(store, &mut detector.counters, max, now);
    let body = render::ports(&ports, now);
    Ok(Response::ok(JSON, body, now.rfc3339().as_str()))
}

/// The decisions about one address, for bouncers that ask for each.
pub(super) fn decisions(
    config: &Config,
    store: &mut impl Store,
    detector: &mut Detector,
    now: Time,
    query: &Query,
) -> Result<Response, Refusal> {
    let pull = Pull::parse(config, query, "ip")?;
    let Some(ip) = query.get("ip") else {
        return Err(Refusal::bad_request(
            "parameter ip is missing: decisions are given out for one address",
        ));
    };
    let source = lookup::source_of(ip, detector)?;
    let slot = detector
        .find(store, now, &source)
        .map_err(|_| Refusal::unanswered())?;
    let prefixes = detector.source_prefixes();
    let own = slot.and_then(|slot| {
        let verdict = detector.verdict_on(&slot, now)?;
        let sight = Sight::of_source(&slot.source, &verdict, prefixes);
        pull.is_news(&sight, verdict.class, now, now)
            .then_some(sight)
    });
    let network = pull.has_networks().then(|| {
        let network = detector.network_of(store, now, &source)?;
        let sight = Sight::of_network(&network, detector);
        pull.is_news(&sight, Class::Suspicious, now, now)
            .then_some(sight)
    });
    let mut body = String::new();
    for sight in own.into_iter().chain(network.flatten()) {
        body.push(if body.is_empty() { '[' } else { ',' });
        pull.write(&mut body, &sight, now);
    }
    // As CrowdSec says that there is none.
    body.push_str(if body.is_empty() { "null" } else { "]" });
    body.push('\n');
    Ok(Response::ok(JSON, body, now.rfc3339().as_str()).uncached())
}

/// Forgets one address.
pub(super) fn forget(
    store: &mut impl Store,
    detector: &mut Detector,
    now: Time,
    query: &Query,
) -> Result<Response, Refusal> {
    query.only(&["ip"])?;
    let Some(ip) = query.get("ip") else {
        return Err(Refusal::bad_request(
            "parameter ip is missing: the address to forget",
        ));
    };
    let source = lookup::source_of(ip, detector)?;
    let was_known = detector
        .forget_source(store, now, &source)
        .map_err(|_| Refusal::unanswered())?;
    let mut body = String::new();
    let mut object = Object::begin(&mut body);
    object.text("ip", &lookup::shown_as(&source, detector));
    object.truth("forgotten", was_known);
    object.end();
    body.push('\n');
    Ok(Response::ok(JSON, body, now.rfc3339().as_str()).uncached())
}
