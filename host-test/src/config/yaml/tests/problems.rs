//! Each problem is one line with its place, what is wrong and what is expected.

use super::*;

/// Checks every line of the problems of `text`.
#[track_caller]
fn refused(text: &str, lines: &[&str]) {
    let problems = parse_in(text, "envoy.yaml", Some(&root())).unwrap_err();
    let found = problems.to_string();
    let found: Vec<_> = found.lines().collect();
    assert_eq!(found, lines);
}

#[test]
fn an_unknown_key_names_those_that_are_known() {
    refused(
        &with_filters(&[
            (
                "connection_limit.v3.ConnectionLimit",
                "max_conections: 5, stat_prefix: a",
            ),
            ("echo.v3.Echo", ""),
        ]),
        &[
            "envoy.yaml:9:23: static_resources.listeners[0].filter_chains[0].filters[0].typed_config: \
             max_connections is missing",
            "envoy.yaml:9:124: static_resources.listeners[0].filter_chains[0].filters[0].typed_config.max_conections: \
             unknown key in envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit: \
             known to the harness are max_connections, stat_prefix",
        ],
    );
}

#[test]
fn an_unknown_filter_names_those_that_are_known() {
    refused(
        &with_filters(&[("redis_proxy.v3.RedisProxy", "stat_prefix: a")]),
        &[
            "envoy.yaml:9:23: static_resources.listeners[0].filter_chains[0].filters[0].typed_config: \
             unknown network filter envoy.extensions.filters.network.redis_proxy.v3.RedisProxy: \
             known to the harness are envoy.extensions.filters.network.wasm.v3.Wasm, \
             envoy.extensions.filters.network.rbac.v3.RBAC, \
             envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit, \
             envoy.extensions.filters.network.echo.v3.Echo, \
             envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, \
             envoy.extensions.filters.network.direct_response.v3.Config, \
             envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        ],
    );
}

#[test]
fn a_missing_module_is_named_with_the_folder_where_it_was_looked_for() {
    let text = with_filters(&[
        (
            "wasm.v3.Wasm",
            "config: { vm_config: { code: { local: { filename: target/none.wasm } } } }",
        ),
        ("echo.v3.Echo", ""),
    ]);
    let folder = root().display().to_string();
    refused(
        &text,
        &[&format!(
            "envoy.yaml:9:151: static_resources.listeners[0].filter_chains[0].filters[0]\
             .typed_config.config.vm_config.code.local.filename: no file \"target/none.wasm\"; \
             relative paths begin in {folder}"
        )],
    );
    // Nobody looks for files of a text alone.
    parse(&text, "envoy.yaml").unwrap();
}

#[test]
fn a_missing_cluster_names_those_that_are_there() {
    refused(
        &with_filters(&[("tcp_proxy.v3.TcpProxy", "stat_prefix: a, cluster: servise")]),
        &[
            "envoy.yaml:9:135: static_resources.listeners[0].filter_chains[0].filters[0].typed_config.cluster: \
             no cluster \"servise\": static_resources.clusters has service",
        ],
    );
}

#[test]
fn all_problems_are_told_in_the_order_of_the_text() {
    refused(
        "static_resources:\n  listeners:\n  - name: y\n    address: 5\n    drain_type: now\n    foo: 1\n  clusters:\n  - name: 1\n",
        &[
            "envoy.yaml:3:5: static_resources.listeners[0]: filter_chains is missing",
            "envoy.yaml:3:11: static_resources.listeners[0].name: expected a text, found a boolean: \
             quote it (y, n, yes, no, on and off are booleans too)",
            "envoy.yaml:4:14: static_resources.listeners[0].address: expected a mapping of \
             envoy.config.core.v3.Address, found a number",
            "envoy.yaml:5:17: static_resources.listeners[0].drain_type: expected DEFAULT or \
             MODIFY_ONLY, found \"now\"",
            "envoy.yaml:6:5: static_resources.listeners[0].foo: unknown key in \
             envoy.config.listener.v3.Listener: known to the harness are access_log, \
             additional_addresses, address, bypass_overload_manager, connection_balance_config, \
             continue_on_listener_filters_timeout, default_filter_chain, drain_type, \
             enable_reuse_port, filter_chains, freebind, ignore_global_conn_limit, \
             listener_filters, listener_filters_timeout, max_connections_to_accept_per_socket_event, \
             name, per_connection_buffer_limit_bytes, socket_options, stat_prefix, \
             tcp_backlog_size, tcp_fast_open_queue_length, traffic_direction, transparent",
            "envoy.yaml:8:11: static_resources.clusters[0].name: expected a text, found a number: \
             quote it (y, n, yes, no, on and off are booleans too)",
        ],
    );
}

#[test]
fn what_stands_behind_an_alias_is_wrong_once() {
    let text = "!ignore chain: &chain { fliters: [] }\nstatic_resources:\n  listeners:\n  - address: { socket_address: { address: 127.0.0.1, port_value: 1 } }\n    filter_chains: [*chain]\n    default_filter_chain: *chain\n";
    refused(
        text,
        &[
            "envoy.yaml:1:25: static_resources.listeners[0].filter_chains[0].fliters: unknown key \
           in envoy.config.listener.v3.FilterChain: known to the harness are filter_chain_match, \
           filters, name, transport_socket, transport_socket_connect_timeout",
        ],
    );
}

#[test]
fn no_more_than_a_hundred_problems_are_told() {
    let keys: String = (0..300).map(|index| format!("key{index}: 1\n")).collect();
    let problems = parse(&keys, "envoy.yaml").unwrap_err();
    assert_eq!(problems.iter().count(), Problems::MAX);
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_of_its_own() {
    let message = |path: &Path| read(path, &root()).unwrap_err().to_string();
    let none = root().join("envoy/none.yaml");
    assert_eq!(
        message(&none),
        format!(
            "{}: cannot be read: No such file or directory (os error 2)",
            none.display()
        )
    );
    let folder = root().join("envoy");
    assert_eq!(
        message(&folder),
        format!("{}: expected a file", folder.display())
    );
    assert!(message(Path::new("/dev/zero")).starts_with("/dev/zero: expected a file"));
}
