//! The policy: what holds for all listeners of an edge.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

use ipnet::IpNet;

use super::choices::{Action, Sensitivity};
use super::exploits;
use super::fields::policy as fields;
use super::json::Json;
use super::problem::quoted;
use super::reader::Reader;
use crate::address::embedded_v4;
use crate::evidence::{Evidence, EvidenceSet, Nats};
use crate::exploit::OwnPattern;
use crate::known;

/// The checked policy. Field by field documented in [`super::reference`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "documented in `reference`, where a test demands it"
)]
pub struct Policy {
    pub sensitivity: Sensitivity,
    pub sources_capacity: u32,
    pub sources_ipv6_prefix: u8,
    pub flagged_per_network: u16,
    pub standing_capacity: u32,
    pub networks_capacity: u32,
    pub networks_ipv4_prefix: u8,
    pub networks_ipv6_prefix: u8,
    pub verdict_ttl_secs: u32,
    pub evidence_half_life_secs: u32,
    pub trusted: Vec<IpNet>,
    pub known_scanners: Vec<KnownScanner>,
    /// By port, in order.
    pub decoy_weights: Vec<(u16, Nats)>,
    pub without: EvidenceSet,
    pub exploits: Vec<OwnPattern>,
    /// Names of the list.
    pub exploits_disabled: Vec<String>,
    pub action: Action,
    pub block_risk: u8,
    pub events: bool,
    pub header: String,
}

/// Networks from which somebody scans and says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownScanner {
    /// Who, `[A-Za-z0-9._-]{1,32}`.
    pub actor: String,
    /// From where.
    pub networks: Vec<IpNet>,
}

impl Default for Policy {
    fn default() -> Self {
        read(Reader::new(
            "policy",
            Json::Object(Vec::new()),
            &mut Vec::new(),
        ))
    }
}

pub(super) fn read(mut reader: Reader<'_>) -> Policy {
    let sensitivity = reader.choice(&fields::SENSITIVITY);
    let (sources_capacity, sources_ipv6_prefix, flagged_per_network) =
        section(&mut reader, "sources", |sources| {
            (
                sources.whole(&fields::SOURCES_CAPACITY),
                byte(sources.whole(&fields::SOURCES_IPV6_PREFIX)),
                sources.whole(&fields::FLAGGED_PER_NETWORK),
            )
        });
    let standing_capacity = section(&mut reader, "standing", |standing| {
        standing.whole(&fields::STANDING_CAPACITY)
    });
    let (networks_capacity, networks_ipv4_prefix, networks_ipv6_prefix) =
        section(&mut reader, "networks", |networks| {
            (
                networks.whole(&fields::NETWORKS_CAPACITY),
                byte(networks.whole(&fields::NETWORKS_IPV4_PREFIX)),
                byte(networks.whole(&fields::NETWORKS_IPV6_PREFIX)),
            )
        });
    let policy = Policy {
        sensitivity,
        sources_capacity,
        sources_ipv6_prefix,
        flagged_per_network: u16::try_from(flagged_per_network).unwrap_or(u16::MAX),
        standing_capacity,
        networks_capacity,
        networks_ipv4_prefix,
        networks_ipv6_prefix,
        verdict_ttl_secs: reader.whole(&fields::VERDICT_TTL_SECS),
        evidence_half_life_secs: reader.whole(&fields::EVIDENCE_HALF_LIFE_SECS),
        trusted: networks(&mut reader, "trusted"),
        known_scanners: known_scanners(&mut reader),
        decoy_weights: decoy_weights(&mut reader),
        without: without(&mut reader),
        exploits: exploits::own(&mut reader),
        exploits_disabled: exploits::disabled(&mut reader),
        action: reader.choice(&fields::ACTION),
        block_risk: byte(reader.whole(&fields::BLOCK_RISK)),
        events: reader.switch(&fields::EVENTS),
        header: header(&mut reader),
    };
    if policy.networks_ipv6_prefix > policy.sources_ipv6_prefix {
        let found = Json::Integer(policy.networks_ipv6_prefix.into());
        reader.refuse(
            "networks.ipv6_prefix",
            &found,
            "must be at most sources.ipv6_prefix",
        );
    }
    reader.finish();
    policy
}

/// Reads the object under `key`, or an empty one where it is absent.
fn section<T>(
    reader: &mut Reader<'_>,
    key: &'static str,
    read: impl Fn(&mut Reader<'_>) -> T,
) -> T {
    match reader.object(key) {
        Some(mut section) => {
            let values = read(&mut section);
            section.finish();
            values
        }
        None => read(&mut Reader::new(
            key,
            Json::Object(Vec::new()),
            &mut Vec::new(),
        )),
    }
}

/// A number whose field allows at most 255.
fn byte(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

const NETWORK: &str = "must be an address or a network such as \"192.0.2.0/24\"";

fn networks(reader: &mut Reader<'_>, key: &'static str) -> Vec<IpNet> {
    reader.list(key, fields::NETWORKS_LISTED_MAX, NETWORK, network)
}

/// A network, or an address as the network of one. Bits behind the prefix are dropped, and IPv4 in
/// IPv6 clothes becomes IPv4, as sources do.
fn network(json: &Json) -> Option<IpNet> {
    let Json::Text(text) = json else { return None };
    let net = match text.parse::<IpNet>() {
        Ok(net) => net.trunc(),
        Err(_) => IpNet::from(text.parse::<IpAddr>().ok()?),
    };
    match (net, embedded_v4(net.addr())) {
        (IpNet::V6(v6), IpAddr::V4(v4)) if v6.prefix_len() >= 96 => {
            IpNet::new(IpAddr::V4(v4), v6.prefix_len() - 96).ok()
        }
        _ => Some(net),
    }
}

fn known_scanners(reader: &mut Reader<'_>) -> Vec<KnownScanner> {
    let list = match reader.take("known_scanners") {
        None => return Vec::new(),
        Some(Json::List(list)) => list,
        Some(other) => {
            reader.refuse("known_scanners", &other, "must be a list");
            return Vec::new();
        }
    };
    if list.len() > fields::ACTORS_MAX {
        let found = Json::Integer(i64::try_from(list.len()).unwrap_or(i64::MAX));
        let allowed = alloc::format!(
            "entries are too many, at most {} are allowed",
            fields::ACTORS_MAX
        );
        reader.refuse("known_scanners", &found, allowed);
        return Vec::new();
    }
    let mut scanners = Vec::new();
    for (index, json) in list.into_iter().enumerate() {
        let path = alloc::format!("{}[{index}]", reader.at("known_scanners"));
        let mut entry = Reader::new(&path, json, reader.problems());
        let actor = actor(&mut entry);
        let networks = scanner_networks(&mut entry, actor.as_deref());
        entry.finish();
        scanners.extend(actor.map(|actor| KnownScanner { actor, networks }));
    }
    scanners
}

/// The networks of an entry; those of the list that comes with the module, where it gives none.
fn scanner_networks(entry: &mut Reader<'_>, actor: Option<&str>) -> Vec<IpNet> {
    if !entry.has("networks") {
        let listed = actor.and_then(known::networks_of);
        if let (None, Some(actor)) = (&listed, actor) {
            let allowed = alloc::format!(
                "must have \"networks\", or be one of those whose networks come with the module: {}",
                known::actors().collect::<Vec<_>>().join(", ")
            );
            entry.refuse("actor", &Json::Text(actor.to_string()), allowed);
        }
        return listed.unwrap_or_default();
    }
    let problems = entry.problems().len();
    let networks = networks(entry, "networks");
    if networks.is_empty() && entry.problems().len() == problems {
        let found = Json::List(Vec::new());
        entry.refuse("networks", &found, "must name at least one network");
    }
    networks
}

fn actor(entry: &mut Reader<'_>) -> Option<String> {
    let is_name = |text: &str| {
        (1..=fields::ACTOR_LEN_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let json = entry.take("actor").unwrap_or(Json::Null);
    match json {
        Json::Text(text) if is_name(&text) => Some(text),
        other => {
            entry.refuse(
                "actor",
                &other,
                "must be 1 to 32 of A-Z, a-z, 0-9, '.', '_' and '-'",
            );
            None
        }
    }
}

fn decoy_weights(reader: &mut Reader<'_>) -> Vec<(u16, Nats)> {
    let members = match reader.take("decoy_weights") {
        None => return Vec::new(),
        Some(Json::Object(members)) => members,
        Some(other) => {
            reader.refuse(
                "decoy_weights",
                &other,
                "must be an object of ports and weights",
            );
            return Vec::new();
        }
    };
    let mut by_port = alloc::vec![None; usize::from(u16::MAX) + 1];
    for (port, weight) in members {
        let key = alloc::format!("decoy_weights.{port}");
        let Some(port) = port.parse::<u16>().ok().filter(|number| *number > 0) else {
            reader.refuse(&key, &Json::Text(port), "must be a port from 1 to 65535");
            continue;
        };
        let Some(place) = by_port.get_mut(usize::from(port)) else {
            continue;
        };
        match nats(&weight) {
            Some(_) if place.is_some() => reader.refuse(&key, &weight, "each port stands once"),
            Some(nats) => *place = Some(nats),
            None => {
                let max = fields::DECOY_WEIGHT_MAX;
                let allowed =
                    alloc::format!("must be a number of nats from 0 to {max}, in hundredths");
                reader.refuse(&key, &weight, allowed);
            }
        }
    }
    let weights = (0..=u16::MAX).zip(by_port);
    weights
        .filter_map(|(port, weight)| Some((port, weight?)))
        .collect()
}

/// Kinds of evidence that are switched off.
fn without(reader: &mut Reader<'_>) -> EvidenceSet {
    let names = Evidence::ALL.map(Evidence::name);
    let allowed = alloc::format!("must be one of {}", quoted(&names));
    let kinds = reader.list("without", names.len(), &allowed, |json| match json {
        Json::Text(name) => Evidence::named(name),
        _ => None,
    });
    kinds.into_iter().collect()
}

/// A weight in whole hundredths of a nat.
fn nats(json: &Json) -> Option<Nats> {
    let hundredths = match json {
        Json::Integer(nats) => i32::try_from(nats.checked_mul(100)?).ok()?,
        Json::Float(nats) => {
            let scaled = *nats * 100.0;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "checked against the result"
            )]
            let hundredths = if (0.0..1e6).contains(&scaled) {
                (scaled + 0.5) as i32
            } else {
                -1
            };
            let off = scaled - f64::from(hundredths);
            (-1e-6..1e-6).contains(&off).then_some(hundredths)?
        }
        _ => return None,
    };
    let max = i32::from(fields::DECOY_WEIGHT_MAX) * 100;
    (0..=max)
        .contains(&hundredths)
        .then(|| Nats::from_hundredths(hundredths))
}

fn header(reader: &mut Reader<'_>) -> String {
    // RFC 9110 section 5.1, in lower case as HTTP/2 has it.
    let is_name = |text: &str| {
        (1..=fields::HEADER_NAME_LEN_MAX).contains(&text.len())
            && text.starts_with("x-")
            && text.matches('-').count() <= fields::HEADER_HYPHENS_MAX
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    match reader.take("header") {
        None => fields::HEADER_DEFAULT.to_string(),
        Some(Json::Text(text)) if is_name(&text) => text,
        Some(other) => {
            reader.refuse(
                "header",
                &other,
                "must be \"x-\" and more of a-z, 0-9 and at most 2 further '-', 64 in all",
            );
            fields::HEADER_DEFAULT.to_string()
        }
    }
}
