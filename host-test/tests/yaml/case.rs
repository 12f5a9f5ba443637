//! One text, two readers.

use std::thread;

use host_test::config::yaml;
use real_envoy::{envoy::validate_text, workspace_root};

/// What the two readers are expected to say to a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Expected {
    /// Both take it.
    Good,
    /// Both refuse it.
    Bad,
    /// Envoy takes it, the harness refuses it: it has no model of it, or sees a mistake.
    Stricter,
}

/// Shorter names for the tables.
pub(crate) use Expected::{Bad, Good, Stricter};

/// Asks both readers about each text, and reports all that say something else than expected.
#[track_caller]
pub(crate) fn check(cases: &[(Expected, String)]) {
    let half = cases.len().div_ceil(2);
    let wrong: Vec<String> = thread::scope(|scope| {
        let halves: Vec<_> = cases
            .chunks(half.max(1))
            .map(|cases| scope.spawn(|| cases.iter().filter_map(wrong).collect::<Vec<_>>()))
            .collect();
        halves
            .into_iter()
            .flat_map(|half| half.join().unwrap())
            .collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn wrong((expected, text): &(Expected, String)) -> Option<String> {
    let envoy = validate_text(text, None);
    let reader = yaml::parse_in(text, "envoy.yaml", Some(&workspace_root()));
    let found = match (&envoy, &reader) {
        (Ok(_), Ok(_)) => Some(Good),
        (Err(_), Err(_)) => Some(Bad),
        (Ok(_), Err(_)) => Some(Stricter),
        (Err(_), Ok(_)) => None,
    };
    if found == Some(*expected) {
        return None;
    }
    let envoy = envoy.err().unwrap_or_default();
    let envoy = envoy.lines().find(|line| line.contains("[critical]"));
    Some(format!(
        "expected {expected:?}, found {found:?}\n{text}\nEnvoy: {}\nreader: {}",
        envoy.unwrap_or("takes it"),
        reader.map_or_else(|problems| problems.to_string(), |_| "takes it".to_owned()),
    ))
}

/// A listener with these filter chains, and a cluster `service`.
pub(crate) fn listener(fields: &str, chains: &str) -> String {
    format!(
        "static_resources:\n  clusters: [{{ name: service, connect_timeout: 2s }}]\n  listeners:\n  \
         - name: listener\n    address: {{ socket_address: {{ address: 127.0.0.1, port_value: \
         10000 }} }}\n    {fields}\n    {chains}\n"
    )
}

/// A network filter: the type behind `envoy.extensions.filters.network.` and its fields.
pub(crate) fn network(kind: &str, fields: &str) -> String {
    format!(
        "{{ name: filter, typed_config: {{ \"@type\": \
         type.googleapis.com/envoy.extensions.filters.network.{kind}, {fields} }} }}"
    )
}

/// A listener with these network filters.
pub(crate) fn filters(filters: &[String]) -> String {
    listener(
        "",
        &format!("filter_chains: [{{ filters: [{}] }}]", filters.join(", ")),
    )
}

/// The echo filter.
pub(crate) fn echo() -> String {
    network("echo.v3.Echo", "")
}

/// A connection manager with further fields, routes and HTTP filters before the router.
pub(crate) fn http(fields: &str, hosts: &str, before_router: &str) -> String {
    let router = "{ name: router, typed_config: { \"@type\": \
                  type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } }";
    let fields = format!(
        "stat_prefix: http, {fields} route_config: {{ virtual_hosts: [{hosts}] }}, http_filters: \
         [{before_router} {router}]"
    );
    let kind = "http_connection_manager.v3.HttpConnectionManager";
    filters(&[network(kind, &fields)])
}

/// A connection manager whose only route is this one.
pub(crate) fn route(route: &str) -> String {
    http(
        "",
        &format!("{{ name: all, domains: [\"*\"], routes: [{{ {route} }}] }}"),
        "",
    )
}

/// An HTTP filter: the type behind `envoy.extensions.filters.http.` and its fields.
pub(crate) fn http_filter(kind: &str, fields: &str) -> String {
    let filter = format!(
        "{{ name: filter, typed_config: {{ \"@type\": \
         type.googleapis.com/envoy.extensions.filters.http.{kind}, {fields} }} }},"
    );
    http("", "", &filter)
}
