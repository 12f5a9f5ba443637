//! What is known of one address.

use alloc::format;
use alloc::string::String;
use core::net::IpAddr;

use super::entry::Subject;
use super::refusal::{Refusal, shown};
use super::render::full::{self, VERSION};
use super::response::Response;
use crate::address::embedded_v4;
use crate::detector::Detector;
use crate::json::{Object, quote};
use crate::source::SourceKey;
use crate::state::store::Store;
use crate::time::Time;

/// The source that `text` names: an address in any of its notations, perhaps in brackets or with a
/// zone, or a prefix as this portal shows it.
pub(super) fn source_of(text: &str, detector: &Detector) -> Result<SourceKey, Refusal> {
    let prefixes = detector.source_prefixes();
    let not_an_address = || {
        let detail = format!(
            "{} is not an IP address, such as 198.51.100.7 or 2001:db8::1",
            shown(text)
        );
        Refusal::bad_request(detail)
    };
    let (address, prefix) = match text.rsplit_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let inside = address
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let bare = inside.unwrap_or(address);
    let without_zone = bare.split('%').next().unwrap_or_default();
    let parsed: IpAddr = without_zone.parse().map_err(|_| not_an_address())?;
    if parsed.is_ipv4() && (inside.is_some() || without_zone != bare) {
        return Err(not_an_address());
    }
    let source = SourceKey::new(embedded_v4(parsed), prefixes);
    match prefix {
        Some(prefix) if prefix != format!("{}", Subject::of_source(&source, prefixes).prefix) => {
            let (v4, v6) = (prefixes.ipv4, prefixes.ipv6);
            let detail = format!(
                "{} is no source: a source is a /{v4} of IPv4 or a /{v6} of IPv6",
                shown(text)
            );
            Err(Refusal::bad_request(detail))
        }
        _ => Ok(source),
    }
}

/// The answer about `source`.
pub(super) fn answer(
    store: &mut impl Store,
    detector: &mut Detector,
    now: Time,
    source: &SourceKey,
) -> Result<Response, Refusal> {
    let slot = detector
        .find(store, now, source)
        .map_err(|_| Refusal::unanswered())?;
    let verdict = slot
        .as_ref()
        .and_then(|slot| Some((slot, detector.verdict_on(slot, now)?)));
    let ip = shown_as(source, detector);
    let mut body = String::new();
    let mut object = Object::begin(&mut body);
    object.text("ip", &ip);
    object.truth("found", slot.is_some());
    object.truth("is_portscan", verdict.is_some());
    let evidence = verdict.iter().flat_map(|(_, verdict)| verdict.tags.iter());
    let tags = verdict.iter().map(|_| "portscan");
    let tags = tags.chain(evidence.map(|evidence| evidence.name()));
    object.list("tags", tags, quote);
    match &verdict {
        Some((slot, verdict)) => {
            let mut portscan = Object::begin(object.member("portscan"));
            full::source(&mut portscan, slot, verdict);
            portscan.end();
        }
        None => object.member("portscan").push_str("null"),
    }
    let time = now.rfc3339();
    let mut feed = Object::begin(object.member("feed"));
    feed.text("generated_at", time.as_str());
    feed.number("version", VERSION);
    feed.end();
    object.end();
    body.push('\n');
    Ok(Response::ok("application/json", body, time.as_str()))
}

/// How `source` is shown.
pub(super) fn shown_as(source: &SourceKey, detector: &Detector) -> String {
    let mut ip = String::new();
    Subject::of_source(source, detector.source_prefixes()).write(&mut ip);
    ip
}
