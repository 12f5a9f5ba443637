//! Virtual hosts and routes.

use std::{collections::BTreeSet, time::Duration};

use super::{
    matching::{header_match, pattern},
    message::{Message, message},
    network::cluster,
    place::{Choice, Place, choice},
    plugin::data_source,
};
use crate::config::{
    PathMatch, Redirect, RedirectPath, Route, RouteAction, RouteMatch, VirtualHost,
};

/// The `virtual_hosts` of a `RouteConfiguration`.
pub(super) fn virtual_hosts(place: &Place<'_>) -> Vec<VirtualHost> {
    let mut domains = BTreeSet::new();
    let hosts = message(place, "envoy.config.route.v3.RouteConfiguration", |m| {
        m.each("virtual_hosts", |place| virtual_host(place, &mut domains))
    });
    hosts.unwrap_or_default()
}

fn virtual_host(place: &Place<'_>, all: &mut BTreeSet<String>) -> Option<VirtualHost> {
    message(place, "envoy.config.route.v3.VirtualHost", |m| {
        let name = m.required_text("name");
        let domains = m.each("domains", |place| {
            let domain = place.text()?.to_ascii_lowercase();
            if !all.insert(domain.clone()) {
                place.problem(format!("a second virtual host for {domain:?}"));
            }
            Some(domain)
        });
        if domains.is_empty() {
            m.problem("domains is missing");
        }
        VirtualHost {
            name,
            domains,
            routes: m.each("routes", route),
        }
    })
}

fn route(place: &Place<'_>) -> Option<Route> {
    message(place, "envoy.config.route.v3.Route", |m| {
        let name = m.text("name");
        let matching = m.required("match").and_then(route_match);
        let action = m.exactly_one_of(&["route", "direct_response", "redirect"]);
        let action = action.and_then(|(kind, place)| match kind {
            "route" => message(place, "envoy.config.route.v3.RouteAction", to_cluster),
            "direct_response" => direct_response(place),
            _ => message(place, "envoy.config.route.v3.RedirectAction", redirect)
                .map(RouteAction::Redirect),
        });
        Some(Route {
            name,
            matching: matching?,
            action: action?,
        })
    })?
}

fn route_match(place: &Place<'_>) -> Option<RouteMatch> {
    message(place, "envoy.config.route.v3.RouteMatch", |m| {
        let kinds = &["prefix", "path", "path_separated_prefix", "safe_regex"];
        let path = m.exactly_one_of(kinds);
        let path = path.and_then(|(kind, place)| {
            if kind == "safe_regex" {
                return pattern(place).map(PathMatch::Regex);
            }
            let text = place.text()?.to_owned();
            Some(match kind {
                "prefix" => PathMatch::Prefix(text),
                "path" => PathMatch::Exact(text),
                _ => {
                    let is_bare = text.len() > 1 && text.starts_with('/') && !text.ends_with('/');
                    if !is_bare || text.contains(['?', '#']) {
                        place.problem("expected a path such as /a, neither / itself nor one that ends with it");
                    }
                    PathMatch::SeparatedPrefix(text)
                }
            })
        });
        let (case_sensitive, headers) = (
            m.boolean_or("case_sensitive", true),
            m.each("headers", header_match),
        );
        Some(RouteMatch {
            path: path?,
            case_sensitive,
            headers,
        })
    })?
}

fn to_cluster(m: &Message<'_>) -> RouteAction {
    RouteAction::Cluster {
        cluster: cluster(m),
        timeout: m.limit_or("timeout", Some(Duration::from_secs(15))),
        prefix_rewrite: m.text("prefix_rewrite"),
        host_rewrite: m.text("host_rewrite_literal"),
    }
}

fn direct_response(place: &Place<'_>) -> Option<RouteAction> {
    message(place, "envoy.config.route.v3.DirectResponseAction", |m| {
        let status = m.required("status");
        let status = status.and_then(|place| place.unsigned::<u16>(200, 599));
        let body = m.one("body", |place| {
            let body = data_source(place)?;
            if body.len() > BODY_BYTES_MAX {
                let bytes = body.len();
                place.problem(format!("{bytes} bytes, expected {BODY_BYTES_MAX} at most"));
            }
            Some(body)
        });
        Some(RouteAction::DirectResponse {
            status: status?,
            body: body.unwrap_or_default(),
        })
    })?
}

/// What Envoy takes unless `max_direct_response_body_size_bytes` says more.
const BODY_BYTES_MAX: usize = 4096;

const REDIRECTS: &[Choice<u16>] = &[
    choice("MOVED_PERMANENTLY", 0, 301),
    choice("FOUND", 1, 302),
    choice("SEE_OTHER", 2, 303),
    choice("TEMPORARY_REDIRECT", 3, 307),
    choice("PERMANENT_REDIRECT", 4, 308),
];

fn redirect(m: &Message<'_>) -> Redirect {
    let scheme = m.one_of(&["https_redirect", "scheme_redirect"]);
    let scheme = scheme.and_then(|(kind, place)| match kind {
        "https_redirect" => place.boolean()?.then(|| "https".to_owned()),
        _ => text_if_any(place),
    });
    let path = m.one_of(&["path_redirect", "prefix_rewrite"]);
    let path = path.and_then(|(kind, place)| {
        let text = text_if_any(place)?;
        Some(match kind {
            "path_redirect" => RedirectPath::Whole(text),
            _ => RedirectPath::Prefix(text),
        })
    });
    let port = m.one("port_redirect", |place| place.unsigned::<u16>(0, 65_535));
    Redirect {
        status: m.choice_or("response_code", REDIRECTS, 301),
        scheme,
        host: m.one("host_redirect", text_if_any),
        port: port.filter(|port| *port != 0),
        path: path.unwrap_or_default(),
        strip_query: m.boolean_or("strip_query", false),
    }
}

fn text_if_any(place: &Place<'_>) -> Option<String> {
    let text = place.text()?;
    (!text.is_empty()).then(|| text.to_owned())
}
