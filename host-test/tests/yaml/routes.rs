//! Virtual hosts and routes.

use crate::case::{Bad, Good, Stricter, check, http, route};

fn action(action: &str) -> String {
    route(&format!("match: {{ prefix: / }}, {action}"))
}

fn matching(fields: &str) -> String {
    route(&format!(
        "match: {{ {fields} }}, direct_response: {{ status: 200 }}"
    ))
}

fn header(fields: &str) -> String {
    matching(&format!("prefix: /, headers: [{{ {fields} }}]"))
}

fn hosts(hosts: &[&str]) -> String {
    let hosts: Vec<_> = hosts
        .iter()
        .map(|domains| format!("{{ name: host, domains: [{domains}] }}"))
        .collect();
    http("", &hosts.join(", "), "")
}

#[test]
fn a_route_does_one_thing() {
    check(&[
        (Good, action("route: { cluster: service }")),
        (Bad, action("route: { cluster: other }")),
        (Bad, action("route: { cluster: \"\" }")),
        (Bad, action("route: {}")),
        (Bad, action("name: nothing")),
        (Bad, action("route: { cluster: service }, redirect: {}")),
        (
            Good,
            action("name: a, route: { cluster: service, timeout: 0s, prefix_rewrite: /a }"),
        ),
        (
            Stricter,
            action("route: { cluster: service, retry_policy: {} }"),
        ),
        (Stricter, action("route: { cluster_header: x }")),
        (Bad, route("direct_response: { status: 200 }")),
        (
            Good,
            action("direct_response: { status: 200, body: { inline_string: hi } }"),
        ),
        (Good, action("direct_response: { status: 599 }")),
        (Bad, action("direct_response: { status: 600 }")),
        (Bad, action("direct_response: { status: 199 }")),
        (Bad, action("direct_response: {}")),
        (Bad, action("direct_response: { status: 200, body: {} }")),
        (
            Bad,
            action("direct_response: { status: 200, body: { filename: none } }"),
        ),
        (
            Good,
            action("direct_response: { status: 200, body: { filename: LICENSE } }")
                .replace("LICENSE", "rustfmt.toml"),
        ),
        (Good, action(&body(4096))),
        (Bad, action(&body(4097))),
    ]);
}

fn body(bytes: usize) -> String {
    let text = "a".repeat(bytes);
    format!("direct_response: {{ status: 200, body: {{ inline_string: {text} }} }}")
}

#[test]
fn a_redirect_says_where_to_once() {
    check(&[
        (Good, action("redirect: {}")),
        (
            Good,
            action("redirect: { host_redirect: a, response_code: FOUND, port_redirect: 8443 }"),
        ),
        (
            Good,
            action("redirect: { https_redirect: true, path_redirect: /a, strip_query: true }"),
        ),
        (
            Bad,
            action("redirect: { https_redirect: true, scheme_redirect: a }"),
        ),
        (
            Bad,
            action("redirect: { path_redirect: /a, prefix_rewrite: /b }"),
        ),
        (Bad, action("redirect: { response_code: OK }")),
        (Stricter, action("redirect: { port_redirect: 70000 }")),
    ]);
}

#[test]
fn a_match_has_one_kind_of_path() {
    check(&[
        (Bad, matching("")),
        (Good, matching("prefix: /a")),
        (Good, matching("prefix: \"\"")),
        (Good, matching("path: /a, case_sensitive: false")),
        (Bad, matching("path: /a, prefix: /a")),
        (Good, matching("path_separated_prefix: /a")),
        (Bad, matching("path_separated_prefix: /a/")),
        (Bad, matching("path_separated_prefix: /")),
        (Bad, matching("path_separated_prefix: \"/a?b\"")),
        (Good, matching("safe_regex: { regex: \"/a.*\" }")),
        (
            Good,
            matching("safe_regex: { google_re2: {}, regex: \"/a\" }"),
        ),
        (Bad, matching("safe_regex: { regex: \"/a(\" }")),
        (Bad, matching("safe_regex: { regex: \"a(?=b)\" }")),
        (Bad, matching("safe_regex: { regex: \"\" }")),
        (Stricter, matching("connect_matcher: {}")),
        (
            Stricter,
            matching("prefix: /, query_parameters: [{ name: a }]"),
        ),
    ]);
}

#[test]
fn headers_match_by_one_test() {
    check(&[
        (Good, header("name: a")),
        (Bad, header("present_match: true")),
        (
            Good,
            header("name: a, present_match: false, invert_match: true"),
        ),
        (Good, header("name: a, string_match: { exact: \"\" }")),
        (
            Good,
            header("name: a, string_match: { safe_regex: { regex: b } }"),
        ),
        (
            Bad,
            header("name: a, string_match: { safe_regex: { regex: b }, ignore_case: true }"),
        ),
        (Bad, header("name: a, string_match: {}")),
        (Bad, header("name: a, string_match: { prefix: \"\" }")),
        (
            Bad,
            header("name: a, string_match: { exact: a, prefix: b }"),
        ),
        (Good, header("name: a, exact_match: b")),
        (Good, header("name: a, range_match: { start: -1, end: 5 }")),
        (
            Bad,
            header("name: a, range_match: { start: -1, end: 5 }, exact_match: b"),
        ),
        (
            Good,
            header("name: a, treat_missing_header_as_empty: true, contains_match: b"),
        ),
    ]);
}

#[test]
fn domains_belong_to_one_host() {
    check(&[
        (Good, hosts(&["\"*\"", "a, \"*.a\", \"a.*\""])),
        (Bad, hosts(&[""])),
        (Bad, hosts(&["a", "A"])),
        (Bad, hosts(&["\"*\"", "\"*\""])),
        (Bad, hosts(&["a, a"])),
        (Good, hosts(&["\"a*b\"", "\"**\""])),
        (Bad, http("", "{ domains: [a] }", "")),
        (Bad, http("", "{ name: a }", "")),
        (
            Stricter,
            http("", "{ name: a, domains: [b], require_tls: ALL }", ""),
        ),
    ]);
}
