//! Role-based access control, of network and HTTP filters.

use std::collections::BTreeMap;

use super::{
    chain::cidr_range,
    matching::{header_match, string_match},
    message::{Message, message},
    place::{Choice, Place, choice},
};
use crate::config::{Policy, Rbac, RbacAction, Rule};

/// The `rules` of a filter; without them everything passes.
pub(super) fn rules(m: &Message<'_>) -> Rbac {
    let rules = m.one("rules", |place| {
        message(place, "envoy.config.rbac.v3.RBAC", |m| Rbac {
            action: m.choice_or("action", ACTIONS, RbacAction::Allow),
            policies: policies(m),
        })
    });
    rules.unwrap_or(Rbac {
        action: RbacAction::Deny,
        policies: BTreeMap::new(),
    })
}

const ACTIONS: &[Choice<RbacAction>] = &[
    choice("ALLOW", 0, RbacAction::Allow),
    choice("DENY", 1, RbacAction::Deny),
    choice("LOG", 2, RbacAction::Log),
];

fn policies(m: &Message<'_>) -> BTreeMap<String, Policy> {
    let entries = m.get("policies").map(Place::entries).unwrap_or_default();
    let policies = entries.into_iter().filter_map(|(name, place)| {
        let policy = message(&place, "envoy.config.rbac.v3.Policy", |m| {
            let policy = Policy {
                permissions: m.each("permissions", permission),
                principals: m.each("principals", principal),
            };
            for (key, rules) in [
                ("permissions", &policy.permissions),
                ("principals", &policy.principals),
            ] {
                if rules.is_empty() {
                    m.problem(format!("{key} is missing"));
                }
            }
            policy
        })?;
        Some((name.to_owned(), policy))
    });
    policies.collect()
}

fn permission(place: &Place<'_>) -> Option<Rule> {
    message(place, "envoy.config.rbac.v3.Permission", |m| {
        let (kind, place) = m.exactly_one_of(&[
            "any",
            "and_rules",
            "or_rules",
            "not_rule",
            "header",
            "url_path",
            "destination_ip",
            "destination_port",
            "destination_port_range",
            "requested_server_name",
        ])?;
        match kind {
            "any" => any(place),
            "and_rules" => set(place, "rules", permission).map(Rule::AllOf),
            "or_rules" => set(place, "rules", permission).map(Rule::OneOf),
            "not_rule" => permission(place).map(|rule| Rule::Not(Box::new(rule))),
            "header" => header_match(place).map(Rule::Header),
            "url_path" => url_path(place),
            "destination_ip" => cidr_range(place).map(Rule::DestinationIp),
            "destination_port" => {
                let port = place.unsigned::<u32>(0, 65_535)?;
                Some(Rule::DestinationPorts(port, port + 1))
            }
            "destination_port_range" => port_range(place),
            _ => string_match(place).map(Rule::RequestedServerName),
        }
    })?
}

fn principal(place: &Place<'_>) -> Option<Rule> {
    message(place, "envoy.config.rbac.v3.Principal", |m| {
        let (kind, place) = m.exactly_one_of(&[
            "any",
            "and_ids",
            "or_ids",
            "not_id",
            "header",
            "url_path",
            "direct_remote_ip",
            "source_ip",
            "remote_ip",
            "filter_state",
        ])?;
        match kind {
            "any" => any(place),
            "and_ids" => set(place, "ids", principal).map(Rule::AllOf),
            "or_ids" => set(place, "ids", principal).map(Rule::OneOf),
            "not_id" => principal(place).map(|rule| Rule::Not(Box::new(rule))),
            "header" => header_match(place).map(Rule::Header),
            "url_path" => url_path(place),
            "direct_remote_ip" | "source_ip" => cidr_range(place).map(Rule::DirectRemoteIp),
            "remote_ip" => cidr_range(place).map(Rule::RemoteIp),
            _ => filter_state(place),
        }
    })?
}

/// Only `true` is allowed.
fn any(place: &Place<'_>) -> Option<Rule> {
    if place.boolean() == Some(false) {
        place.problem("expected true");
    }
    Some(Rule::Any)
}

/// A set of rules; at least one.
fn set(
    place: &Place<'_>,
    key: &'static str,
    read: fn(&Place<'_>) -> Option<Rule>,
) -> Option<Vec<Rule>> {
    let name = if key == "ids" {
        "envoy.config.rbac.v3.Principal.Set"
    } else {
        "envoy.config.rbac.v3.Permission.Set"
    };
    message(place, name, |m| {
        let rules = m.each(key, read);
        if rules.is_empty() {
            m.problem(format!("{key} is missing"));
        }
        rules
    })
}

fn url_path(place: &Place<'_>) -> Option<Rule> {
    message(place, "envoy.type.matcher.v3.PathMatcher", |m| {
        m.required("path").and_then(string_match).map(Rule::UrlPath)
    })?
}

fn port_range(place: &Place<'_>) -> Option<Rule> {
    message(place, "envoy.type.v3.Int32Range", |m| {
        let bound = |key| m.one(key, |place| place.unsigned::<u32>(0, 65_536));
        let (start, end) = (bound("start").unwrap_or(0), bound("end").unwrap_or(0));
        if start >= end {
            m.problem(format!(
                "start is {start} and end {end}, expected a lower start"
            ));
        }
        Rule::DestinationPorts(start, end)
    })
}

fn filter_state(place: &Place<'_>) -> Option<Rule> {
    message(place, "envoy.type.matcher.v3.FilterStateMatcher", |m| {
        let key = m.required_text("key");
        let test = m.required("string_match").and_then(string_match);
        Some(Rule::FilterState(key, test?))
    })?
}
