//! The connection manager, its filters, and role-based access control.

use crate::case::{Bad, Good, Stricter, check, http, http_filter};

fn manager(fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    http(&format!("{fields}{comma}"), "", "")
}

fn mutation(step: &str) -> String {
    http_filter(
        "header_mutation.v3.HeaderMutation",
        &format!("mutations: {{ request_mutations: [{{ {step} }}] }}"),
    )
}

fn policy(permission: &str, principal: &str) -> String {
    http_filter(
        "rbac.v3.RBAC",
        &format!(
            "rules: {{ policies: {{ a: {{ permissions: [{permission}], principals: [{principal}] \
             }} }} }}"
        ),
    )
}

fn permission(fields: &str) -> String {
    policy(&format!("{{ {fields} }}"), "{ any: true }")
}

fn principal(fields: &str) -> String {
    policy("{ any: true }", &format!("{{ {fields} }}"))
}

#[test]
fn a_connection_manager_knows_its_keys() {
    check(&[
        (Good, manager("codec_type: HTTP1")),
        (Bad, manager("codec_type: HTTP3")),
        (Bad, manager("codec_type: HTTP4")),
        (
            Good,
            manager("use_remote_address: true, xff_num_trusted_hops: 1, skip_xff_append: true"),
        ),
        (Good, manager("server_name: \"\"")),
        (
            Good,
            manager("stream_idle_timeout: 0s, request_headers_timeout: 1s"),
        ),
        (
            Good,
            manager(
                "common_http_protocol_options: { idle_timeout: 1s, headers_with_underscores_action: REJECT_REQUEST }",
            ),
        ),
        (
            Bad,
            manager("common_http_protocol_options: { idle_timeouts: 1s }"),
        ),
        (
            Good,
            manager("http_protocol_options: { enable_trailers: true }"),
        ),
        (
            Good,
            manager("http2_protocol_options: { max_concurrent_streams: 10 }"),
        ),
        (
            Stricter,
            manager("http2_protocol_options: { max_concurrent_streams: 10 }, via: a"),
        ),
        (Stricter, manager("add_user_agent: true")),
        (Bad, manager("access_logs: []")),
        (Bad, manager("\"\": 1")),
        (
            Bad,
            manager("").replace("stat_prefix: http", "stat_prefix: \"\""),
        ),
        (
            Bad,
            manager("").replace("route_config: { virtual_hosts: [] },", ""),
        ),
        (
            Good,
            manager("").replace("route_config: { virtual_hosts: [] },", "route_config: {},"),
        ),
    ]);
}

#[test]
fn http_filters_end_with_the_router() {
    let mutation = http_filter("header_mutation.v3.HeaderMutation", "");
    let router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
    let twice = format!("{{ name: first, typed_config: {{ \"@type\": {router} }} }},");
    check(&[
        (Good, mutation.clone()),
        (
            Bad,
            mutation.replace(
                "http.router.v3.Router",
                "http.header_mutation.v3.HeaderMutation",
            ),
        ),
        (Bad, http("", "", &twice)),
        (
            Good,
            http("", "", "").replace("http_filters: [ {", "http_filters: [], !ignore a: [{"),
        ),
        (
            Bad,
            http("", "", "").replace("{ name: router,", "{ name: router, disabled: true,"),
        ),
        (
            Good,
            mutation
                .replace("{ name: filter,", "{ name: filter, disabled: true,")
                .replacen("disabled: true,", "", 1),
        ),
        (
            Stricter,
            http_filter("buffer.v3.Buffer", "max_request_bytes: 1"),
        ),
        (Bad, http_filter("buffers.v3.Buffer", "")),
    ]);
}

#[test]
fn header_mutations_are_one_step_each() {
    check(&[
        (Good, mutation("remove: x-a")),
        (Stricter, mutation("remove: \"\"")),
        (Bad, mutation("")),
        (
            Bad,
            mutation("remove: x-a, append: { header: { key: a, value: b } }"),
        ),
        (Good, mutation("append: { header: { key: a, value: b } }")),
        (
            Good,
            mutation(
                "append: { header: { key: a, value: \"%PROTOCOL%\" }, append_action: ADD_IF_ABSENT, keep_empty_value: true }",
            ),
        ),
        (
            Bad,
            mutation("append: { header: { key: a, value: \"%PROTOCOLS%\" } }"),
        ),
        (
            Bad,
            mutation("append: { header: { key: a, value: \"100%\" } }"),
        ),
        (Bad, mutation("append: { header: { value: b } }")),
        (Bad, mutation("append: {}")),
        (
            Bad,
            mutation("append: { header: { key: a, value: b }, append_action: ADD }"),
        ),
        (Good, mutation("append: { header: { key: a } }")),
        (
            Good,
            mutation("remove_on_match: { key_matcher: { prefix: x- } }"),
        ),
        (Bad, mutation("remove_on_match: {}")),
        (
            Stricter,
            mutation("append: { header: { key: a, raw_value: aGk= } }"),
        ),
        (
            Good,
            mutation("append: { header: { key: \"a b\", value: b } }"),
        ),
        (Good, mutation("remove: \"a b\"")),
        (Bad, mutation("remove: \"a\\nb\"")),
        (Good, mutation("remove: \":path\"")),
        (
            Bad,
            mutation("append: { header: { key: \":path\", value: b } }"),
        ),
        (Bad, mutation("append: { header: { key: host, value: b } }")),
    ]);
}

#[test]
fn permissions_and_principals_are_one_rule_each() {
    check(&[
        (Good, permission("any: true")),
        (Bad, permission("any: false")),
        (Bad, permission("")),
        (Bad, permission("any: true, destination_port: 80")),
        (Good, permission("destination_port: 80")),
        (Bad, permission("destination_port: 65536")),
        (
            Good,
            permission("destination_port_range: { start: 1, end: 65536 }"),
        ),
        (
            Bad,
            permission("destination_port_range: { start: 1, end: 65537 }"),
        ),
        (
            Bad,
            permission("destination_port_range: { start: 5, end: 5 }"),
        ),
        (
            Bad,
            permission("destination_port_range: { start: 6, end: 5 }"),
        ),
        (Good, permission("and_rules: { rules: [{ any: true }] }")),
        (Bad, permission("and_rules: { rules: [] }")),
        (Bad, permission("and_rules: {}")),
        (
            Good,
            permission("not_rule: { or_rules: { rules: [{ header: { name: a } }] } }"),
        ),
        (Good, permission("url_path: { path: { prefix: /a } }")),
        (Bad, permission("url_path: {}")),
        (Good, permission("requested_server_name: { suffix: a }")),
        (
            Good,
            permission("destination_ip: { address_prefix: 10.0.0.0, prefix_len: 8 }"),
        ),
        (
            Stricter,
            permission("uri_template: { name: a }").replace(
                "uri_template: { name: a }",
                "metadata: { filter: a, path: [{ key: b }], value: { present_match: true } }",
            ),
        ),
        (
            Good,
            principal("filter_state: { key: wasm.a, string_match: { contains: b } }"),
        ),
        (
            Bad,
            principal("filter_state: { key: \"\", string_match: { contains: b } }"),
        ),
        (Bad, principal("filter_state: { key: wasm.a }")),
        (
            Bad,
            principal("filter_state: { key: wasm.a, string_match: {} }"),
        ),
        (
            Good,
            principal("and_ids: { ids: [{ any: true }, { not_id: { any: true } }] }"),
        ),
        (
            Good,
            principal("remote_ip: { address_prefix: 10.0.0.0, prefix_len: 8 }"),
        ),
        (
            Good,
            principal("direct_remote_ip: { address_prefix: \"::\" }"),
        ),
        (Stricter, principal("authenticated: {}")),
        (Bad, policy("", "{ any: true }")),
        (Bad, policy("{ any: true }", "")),
        (Bad, http_filter("rbac.v3.RBAC", "rules: { action: DROP }")),
        (Good, http_filter("rbac.v3.RBAC", "rules: { action: LOG }")),
        (Good, http_filter("rbac.v3.RBAC", "")),
    ]);
}
