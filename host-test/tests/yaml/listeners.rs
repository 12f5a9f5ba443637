//! Listeners, listener filters, filter chains, network filters.

use crate::case::{Bad, Good, Stricter, check, echo, filters, http, listener, network};

fn addressed(address: &str) -> String {
    format!(
        "static_resources: {{ listeners: [{{ address: {{ socket_address: {{ {address} }} }}, \
         filter_chains: [{{}}] }}] }}"
    )
}

#[test]
fn addresses_are_ip_addresses_with_a_port() {
    check(&[
        (Good, addressed("address: 127.0.0.1, port_value: 1")),
        (
            Good,
            addressed("address: \"::\", port_value: 65535, ipv4_compat: true"),
        ),
        (Good, addressed("address: 127.0.0.1, port_value: 0")),
        (
            Good,
            addressed("address: 127.0.0.1, port_value: 1, protocol: TCP"),
        ),
        (Bad, addressed("address: 127.0.0.1, port_value: 65536")),
        (Bad, addressed("address: localhost, port_value: 1")),
        (Bad, addressed("address: 127.0.0.1")),
        (Bad, addressed("port_value: 1")),
        (
            Stricter,
            addressed("address: 127.0.0.1, port_value: 1, resolver_name: \"\""),
        ),
        (
            Bad,
            "static_resources: { listeners: [{ name: a, filter_chains: [{}] }] }".to_owned(),
        ),
        (
            Bad,
            listener("additional_addresses: [{}]", "filter_chains: [{}]"),
        ),
        (
            Good,
            listener(
                "additional_addresses: [{ address: { socket_address: { address: \"::1\", \
                 port_value: 5 } } }]",
                "filter_chains: [{}]",
            ),
        ),
    ]);
}

#[test]
fn listeners_differ_in_name_and_address() {
    let two = |a: &str, b: &str| {
        let one = |what: &str| {
            let (name, port) = what.split_once(' ').unwrap();
            format!(
                "{{ name: {name}, address: {{ socket_address: {{ address: 127.0.0.1, port_value: \
                 {port} }} }}, filter_chains: [{{}}] }}"
            )
        };
        format!(
            "static_resources: {{ listeners: [{}, {}] }}",
            one(a),
            one(b)
        )
    };
    check(&[
        (Good, two("a 10000", "b 10001")),
        (Stricter, two("a 10000", "a 10001")),
        (Good, two("\"\" 10000", "\"\" 10001")),
        (Bad, two("a 10000", "b 10000")),
    ]);
}

#[test]
fn a_listener_has_filter_chains_that_can_be_told_apart() {
    let chains = |chains: &str| listener("", &format!("filter_chains: [{chains}]"));
    let matches = |a: &str, b: &str| {
        chains(&format!(
            "{{ filter_chain_match: {{ {a} }} }}, {{ filter_chain_match: {{ {b} }} }}"
        ))
    };
    check(&[
        (Bad, listener("", "")),
        (Bad, listener("", "filter_chains: []")),
        (Good, listener("", "default_filter_chain: {}")),
        (Good, chains("{ filters: [] }")),
        (Bad, chains("{}, {}")),
        (
            Good,
            matches("destination_port: 80", "destination_port: 81"),
        ),
        (Bad, matches("destination_port: 80", "destination_port: 80")),
        (Bad, matches("destination_port: 0", "destination_port: 1")),
        (
            Bad,
            matches("destination_port: 65536", "destination_port: 1"),
        ),
        (
            Good,
            matches("server_names: [a.b]", "server_names: [\"*.b\"]"),
        ),
        (Bad, matches("server_names: [a.b]", "server_names: [A.B]")),
        (Bad, matches("server_names: [a, b]", "server_names: [b, c]")),
        (
            Bad,
            matches(
                "server_names: [a, b]",
                "server_names: [b, c], transport_protocol: \"\"",
            ),
        ),
        (
            Good,
            matches(
                "server_names: [a, b]",
                "server_names: [b, c], transport_protocol: tls",
            ),
        ),
        (Good, matches("server_names: [a]", "")),
        (Bad, matches("server_names: [\"a*.b\"]", "")),
        (Bad, matches("server_names: [\"*a.b\"]", "")),
        (Bad, matches("server_names: [\"*\"]", "")),
        (Bad, matches("server_names: [a, a]", "")),
        (Bad, matches("server_names: [a, A]", "")),
        (Bad, matches("application_protocols: [h2, h2]", "")),
        (Bad, matches("source_ports: [1, 1]", "")),
        (Good, matches("source_ports: [1, 2]", "source_ports: [3]")),
        (Bad, matches("source_ports: [1, 2]", "source_ports: [2]")),
        (
            Good,
            matches(
                "application_protocols: [h2]",
                "application_protocols: [http/1.1]",
            ),
        ),
        (Stricter, matches("source_type: EXTERNAL", "")),
    ]);
}

#[test]
fn networks_have_a_prefix() {
    let source = |range: &str| {
        listener(
            "",
            &format!(
                "filter_chains: [{{ filter_chain_match: {{ source_prefix_ranges: [{range}] }} }}]"
            ),
        )
    };
    check(&[
        (Good, source("{ address_prefix: 10.0.0.0, prefix_len: 8 }")),
        (Good, source("{ address_prefix: 10.1.2.3, prefix_len: 8 }")),
        (Good, source("{ address_prefix: 10.0.0.0 }")),
        (Good, source("{ address_prefix: \"::1\", prefix_len: 128 }")),
        (Bad, source("{ address_prefix: \"::1\", prefix_len: 129 }")),
        (Bad, source("{ prefix_len: 8 }")),
        (
            Bad,
            source(
                "{ address_prefix: 10.1.2.3, prefix_len: 8 }, { address_prefix: 10.0.0.0, prefix_len: 8 }",
            ),
        ),
        (Bad, source("{ address_prefix: \"10.0.0.0/8\" }")),
        (
            Bad,
            source(
                "{ address_prefix: 10.0.0.0, prefix_len: 8 }, { address_prefix: 10.0.0.0, prefix_len: 8 }",
            ),
        ),
        (
            Stricter,
            source("{ address_prefix: 10.0.0.0, prefix_len: 33 }"),
        ),
    ]);
}

#[test]
fn listener_filters_are_found_by_their_type() {
    let filter = |kind: &str| {
        listener(
            &format!(
                "listener_filters: [{{ name: a, typed_config: {{ \"@type\": \
                 type.googleapis.com/{kind} }} }}]"
            ),
            "filter_chains: [{}]",
        )
    };
    let path = "envoy.extensions.filters.listener.";
    check(&[
        (
            Good,
            filter(&format!("{path}tls_inspector.v3.TlsInspector")),
        ),
        (Good, filter(&format!("{path}original_dst.v3.OriginalDst"))),
        (
            Good,
            filter(&format!("{path}proxy_protocol.v3.ProxyProtocol")),
        ),
        (
            Good,
            filter(&format!(
                "{path}proxy_protocol.v3.ProxyProtocol, allow_requests_without_proxy_protocol: true"
            )),
        ),
        (
            Stricter,
            filter(&format!("{path}http_inspector.v3.HttpInspector")),
        ),
        (
            Bad,
            filter(&format!("{path}tls_inspector.v3.TlsInspectors")),
        ),
        (Bad, filter("envoy.extensions.filters.network.echo.v3.Echo")),
        (
            Bad,
            listener("listener_filters: [{ name: a }]", "filter_chains: [{}]"),
        ),
    ]);
}

#[test]
fn types_are_urls_and_may_be_wrapped() {
    let typed = |config: &str| {
        listener(
            "",
            &format!("filter_chains: [{{ filters: [{{ name: a, typed_config: {config} }}] }}]"),
        )
    };
    let echo = "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo";
    let wrapped = |name: &str, url: &str, value: &str| {
        typed(&format!(
            "{{ \"@type\": type.googleapis.com/{name}, type_url: {url}, value: {value} }}"
        ))
    };
    check(&[
        (Good, typed(&format!("{{ \"@type\": {echo} }}"))),
        (
            Good,
            typed("{ \"@type\": a/envoy.extensions.filters.network.echo.v3.Echo }"),
        ),
        (
            Bad,
            typed("{ \"@type\": envoy.extensions.filters.network.echo.v3.Echo }"),
        ),
        (
            Bad,
            typed("{ \"@type\": type.googleapis.com/google.protobuf.StringValue }"),
        ),
        (Bad, typed(&format!("{{ \"@type\": {echo}, foo: 1 }}"))),
        (Bad, typed("{}")),
        (Bad, typed("text")),
        (Good, wrapped("udpa.type.v1.TypedStruct", echo, "{}")),
        (Good, wrapped("xds.type.v3.TypedStruct", echo, "{}")),
        (Bad, wrapped("xds.type.v3.TypedStruct", echo, "{ foo: 1 }")),
        (Bad, wrapped("xds.type.v3.TypedStruct", "a/b", "{}")),
        (
            Bad,
            format!(
                "{}\n      - {{ typed_config: {{ \"@type\": {echo} }} }}",
                filters(&[])
            ),
        ),
        (
            Bad,
            listener(
                "",
                &format!(
                    "filter_chains: [{{ filters: [{{ typed_config: {{ \"@type\": {echo} }} }}] }}]"
                ),
            ),
        ),
        (
            Bad,
            listener(
                "",
                "filter_chains: [{ filters: [{ name: envoy.filters.network.echo }] }]",
            ),
        ),
    ]);
}

#[test]
fn network_filters_have_what_they_need_and_an_end() {
    let limit = |fields: &str| network("connection_limit.v3.ConnectionLimit", fields);
    let direct = |fields: &str| network("direct_response.v3.Config", fields);
    let proxy = |fields: &str| network("tcp_proxy.v3.TcpProxy", fields);
    let rbac = |fields: &str| network("rbac.v3.RBAC", fields);
    check(&[
        (Good, filters(&[echo()])),
        (Bad, filters(&[echo(), echo()])),
        (Bad, filters(&[limit("stat_prefix: a, max_connections: 1")])),
        (
            Good,
            filters(&[limit("stat_prefix: a, max_connections: 1"), echo()]),
        ),
        (
            Bad,
            filters(&[limit("stat_prefix: a, max_connections: 0"), echo()]),
        ),
        (Bad, filters(&[limit("stat_prefix: a"), echo()])),
        (Bad, filters(&[limit("max_connections: 1"), echo()])),
        (
            Stricter,
            filters(&[
                limit("stat_prefix: a, max_connections: 1, delay: 1s"),
                echo(),
            ]),
        ),
        (Good, filters(&[direct("response: { inline_string: a }")])),
        (Good, filters(&[direct("response: { inline_bytes: aGk= }")])),
        (Bad, filters(&[direct("response: { inline_bytes: aGk* }")])),
        (Bad, filters(&[direct("response: {}")])),
        (
            Bad,
            filters(&[direct("response: { inline_string: a, inline_bytes: aGk= }")]),
        ),
        (Good, filters(&[direct("")])),
        (
            Bad,
            filters(&[direct("response: { inline_string: a }"), echo()]),
        ),
        (Good, filters(&[proxy("stat_prefix: a, cluster: service")])),
        (
            Stricter,
            filters(&[proxy("stat_prefix: a, cluster: other")]),
        ),
        (Bad, filters(&[proxy("stat_prefix: a")])),
        (Bad, filters(&[proxy("cluster: service")])),
        (
            Bad,
            filters(&[proxy("stat_prefix: a, cluster: service"), echo()]),
        ),
        (Bad, filters(&[rbac("rules: {}"), echo()])),
        (Good, filters(&[rbac("stat_prefix: a"), echo()])),
        (
            Good,
            filters(&[rbac("stat_prefix: a, rules: { action: ALLOW }"), echo()]),
        ),
        (
            Good,
            filters(&[rbac("stat_prefix: a, enforcement_type: CONTINUOUS"), echo()]),
        ),
        (Bad, filters(&[rbac("stat_prefix: a")])),
        (Bad, http("", "", "").replace("http_filters", "http_filter")),
    ]);
}

#[test]
fn transport_sockets_name_files_that_are_there() {
    let tls = |fields: &str| {
        listener(
            "",
            &format!(
                "filter_chains: [{{ transport_socket: {{ name: tls, typed_config: {{ \"@type\": \
                 type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext, \
                 {fields} }} }} }}]"
            ),
        )
    };
    let certificate = |chain: &str, key: &str| {
        tls(&format!(
            "common_tls_context: {{ tls_certificates: [{{ certificate_chain: {{ filename: {chain} \
             }}, private_key: {{ filename: {key} }} }}] }}"
        ))
    };
    check(&[
        (
            Good,
            certificate("envoy/certs/edge.crt", "envoy/certs/edge.key"),
        ),
        (
            Bad,
            certificate("envoy/certs/none.crt", "envoy/certs/edge.key"),
        ),
        (
            Bad,
            certificate("envoy/certs/edge.crt", "envoy/certs/none.key"),
        ),
        (Bad, certificate("\"\"", "envoy/certs/edge.key")),
        (Bad, tls("")),
        (Bad, tls("common_tls_context: {}")),
        (Bad, tls("common_tls_context: { tls_certificates: [{}] }")),
    ]);
}
