//! What is read out of the configurations of the project, and of others.

use std::{net::SocketAddr, time::Duration};

use super::*;
use crate::config::{
    AppendAction, ChainMatch, Code, FailurePolicy, HttpFilter, ListenerFilter, LogFilter,
    LogFormat, Mutation, NetworkFilter, PathMatch, RbacAction, RouteAction, Rule, StringMatch,
    StringTest, Term, TransportSocket, format::Format,
};

fn project(name: &str) -> Bootstrap {
    let path = root().join("envoy").join(name);
    let text = fs::read_to_string(path).unwrap();
    parse(&text, name).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn every_configuration_of_the_project_loads() {
    let mut count = 0;
    for entry in fs::read_dir(root().join("envoy")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let name = path.file_name().unwrap().to_str().unwrap();
            let bootstrap = project(name);
            assert_eq!(bootstrap.services.len(), 1, "{name}");
            let source = bootstrap.source.unwrap();
            assert_eq!(source.name, name);
            assert_eq!(*source.text, *fs::read_to_string(&path).unwrap());
            count += 1;
        }
    }
    assert_eq!(count, 10);
}

#[test]
fn edge_has_a_service_three_listeners_and_one_vm() {
    let edge = project("edge.yaml");
    assert_eq!(edge.clusters, BTreeSet::from(["service".to_owned()]));
    let keeper = &edge.services[0];
    assert!(keeper.singleton);
    assert_eq!(keeper.plugin.root_id, "keeper");
    assert_eq!(keeper.plugin.configuration, b"{\"role\":\"keeper\"}");
    assert_eq!(keeper.plugin.vm.vm_id, "portscan");
    assert_eq!(
        keeper.plugin.vm.code,
        Code::File("target/portscan.wasm".into())
    );
    assert_eq!(
        keeper.plugin.vm.configuration,
        b"{ \"sensitivity\": \"medium\" }\n"
    );
    assert_eq!(
        keeper.plugin.failure_policy,
        FailurePolicy::FailReload {
            base_interval_millis: 1_000
        }
    );
    assert_eq!(keeper.plugin.capabilities, None);

    let [service, decoys, portal] = edge.listeners.as_slice() else {
        panic!("{} listeners", edge.listeners.len());
    };
    assert_eq!(
        service.addresses,
        addresses(&["0.0.0.0:10000", "[::]:10000"])
    );
    assert_eq!(service.buffer_limit_bytes, 32_768);
    assert_eq!(decoys.addresses.len(), 14);
    assert_eq!(portal.addresses, addresses(&["127.0.0.1:9902"]));
    let [NetworkFilter::Wasm(sensor), NetworkFilter::Http(http)] =
        service.chains[0].filters.as_slice()
    else {
        panic!("{:?}", service.chains[0].filters);
    };
    assert_eq!(sensor.vm, keeper.plugin.vm);
    assert!(http.use_remote_address && http.normalize_path && http.merge_slashes);
    assert_eq!(http.timeouts.request_headers, Some(Duration::from_secs(10)));
    assert_eq!(http.timeouts.stream_idle, Some(Duration::from_secs(60)));
    assert_eq!(http.timeouts.idle, Some(Duration::from_secs(300)));
    let route = &http.virtual_hosts[0].routes[0];
    assert_eq!(route.matching.path, PathMatch::Prefix("/".to_owned()));
    let RouteAction::Cluster {
        cluster, timeout, ..
    } = &route.action
    else {
        panic!("{route:?}");
    };
    assert_eq!(
        (cluster.as_str(), *timeout),
        ("service", Some(Duration::from_secs(30)))
    );
    let [HttpFilter::HeaderMutation(mutation), HttpFilter::Router] = http.filters.as_slice() else {
        panic!("{:?}", http.filters);
    };
    assert_eq!(
        mutation.request.0,
        [
            Mutation::Remove("x-portscan".to_owned()),
            Mutation::Remove("x_portscan".to_owned()),
            Mutation::Append {
                name: "x-portscan".to_owned(),
                value: Format::parse("%FILTER_STATE(wasm.portscan:PLAIN)%").unwrap(),
                action: AppendAction::AppendIfExistsOrAdd,
                keep_empty_value: false,
            },
        ]
    );
    assert_eq!(mutation.response_trailers.0.len(), 2);
    let LogFormat::Json(keys) = &http.access_logs[0].format else {
        panic!("{:?}", http.access_logs);
    };
    assert_eq!(keys.len(), 12);
}

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn the_listener_of_all_ports_chooses_by_port_and_logs_what_is_no_service() {
    let all = project("all-ports.yaml");
    let listener = &all.listeners[0];
    assert_eq!(
        listener.listener_filters,
        [ListenerFilter::OriginalDestination]
    );
    let ports: Vec<_> = listener
        .chains
        .iter()
        .map(|chain| (chain.matching.destination_port, chain.transport))
        .collect();
    let tls = TransportSocket::Tls {
        require_client_certificate: false,
    };
    assert_eq!(ports, [(Some(80), TransportSocket::Raw), (Some(443), tls)]);
    assert!(listener.default_chain.is_some());
    let port = Term::Attribute("destination.port");
    let services = LogFilter::OneOf(port, vec![Term::Number(80), Term::Number(443)]);
    assert_eq!(
        listener.access_logs[0].filter,
        Some(LogFilter::Not(Box::new(services)))
    );
}

#[test]
fn rbac_asks_the_filter_state_of_connections_and_requests() {
    let rbac = project("rbac.yaml");
    let malicious = Rule::FilterState(
        "wasm.portscan".to_owned(),
        StringMatch {
            test: StringTest::Contains("class=malicious".to_owned()),
            ignore_case: false,
        },
    );
    let database = &rbac.listeners[1].chains[0];
    let NetworkFilter::Rbac {
        rbac: rules,
        continuous,
    } = &database.filters[1]
    else {
        panic!("{:?}", database.filters);
    };
    assert!(continuous);
    assert_eq!(rules.action, RbacAction::Deny);
    let policy = &rules.policies["portscan-malicious"];
    assert_eq!(policy.permissions, [Rule::Any]);
    assert_eq!(policy.principals, [malicious]);
    let NetworkFilter::TcpProxy {
        cluster,
        idle_timeout,
        ..
    } = &database.filters[2]
    else {
        panic!("{:?}", database.filters);
    };
    assert_eq!(cluster, "database");
    assert_eq!(*idle_timeout, Some(Duration::from_secs(3600)));
}

#[test]
fn listener_filters_and_chains_that_wait_for_them_are_read() {
    let sni = &project("tls-sni.yaml").listeners[0];
    assert_eq!(sni.listener_filters, [ListenerFilter::TlsInspector]);
    assert_eq!(sni.listener_filters_timeout, Some(Duration::from_secs(2)));
    assert!(sni.continue_on_listener_filters_timeout);
    assert_eq!(sni.chains[1].matching.server_names, ["api.example"]);
    let proxied = &project("proxy-protocol.yaml").listeners[0];
    let allow_requests_without_proxy_protocol = false;
    assert_eq!(
        proxied.listener_filters,
        [ListenerFilter::ProxyProtocol {
            allow_requests_without_proxy_protocol
        }]
    );
    assert_eq!(
        proxied.chains[0].matching,
        ChainMatch {
            direct_source_networks: vec![
                "127.0.0.1/32".parse().unwrap(),
                "::1/128".parse().unwrap()
            ],
            ..ChainMatch::default()
        }
    );
}

#[test]
fn a_plugin_is_read_with_all_that_it_may_say() {
    let text = with_filters(&[
        (
            "wasm.v3.Wasm",
            "config: { name: a, root_id: b, fail_open: true, allow_on_headers_stop_iteration: n, \
             configuration: { \"@type\": t/google.protobuf.Struct, value: { k: 1.50 } }, \
             capability_restriction_config: { allowed_capabilities: { proxy_log: {} } }, \
             vm_config: { vm_id: c, code: { local: { inline_string: (module) } }, \
             configuration: { \"@type\": t/google.protobuf.BytesValue, value: aGk }, \
             environment_variables: { key_values: { B: \"2\", A: \"1\" } } } }",
        ),
        ("echo.v3.Echo", ""),
    ]);
    let bootstrap = parse(&text, "envoy.yaml").unwrap_or_else(|problems| panic!("{problems}"));
    let NetworkFilter::Wasm(plugin) = &bootstrap.listeners[0].chains[0].filters[0] else {
        panic!("{:?}", bootstrap.listeners);
    };
    assert_eq!((plugin.name.as_str(), plugin.root_id.as_str()), ("a", "b"));
    assert_eq!(plugin.failure_policy, FailurePolicy::FailOpen);
    assert_eq!(plugin.allow_on_headers_stop_iteration, Some(false));
    assert_eq!(plugin.configuration, b"\n\x0b\n\x01k\x12\x06\x1a\x041.50");
    let capabilities = plugin.capabilities.clone().unwrap();
    assert_eq!(capabilities, BTreeSet::from(["proxy_log".to_owned()]));
    assert_eq!(plugin.vm.configuration, b"hi");
    assert_eq!(plugin.vm.code, Code::Inline(b"(module)".as_slice().into()));
    let environment = [("A", "1"), ("B", "2")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(plugin.vm.environment, environment);
}

#[test]
fn capabilities_of_the_vm_come_before_those_of_the_plugin() {
    let capabilities = |plugin: &str, vm: &str| {
        let restriction = "capability_restriction_config: { allowed_capabilities: {";
        let text = with_filters(&[
            (
                "wasm.v3.Wasm",
                &format!(
                    "config: {{ {restriction} {plugin} }} }}, vm_config: {{ {restriction} {vm} }} \
                     }}, code: {{ local: {{ inline_string: a }} }} }} }}"
                ),
            ),
            ("echo.v3.Echo", ""),
        ]);
        let bootstrap = parse(&text, "envoy.yaml").unwrap();
        match &bootstrap.listeners[0].chains[0].filters[0] {
            NetworkFilter::Wasm(plugin) => plugin.capabilities.clone(),
            other => panic!("{other:?}"),
        }
    };
    let only = |name: &str| Some(BTreeSet::from([name.to_owned()]));
    assert_eq!(
        capabilities("proxy_log: {}", "proxy_on_log: {}"),
        only("proxy_on_log")
    );
    // An empty restriction of the VM restricts nothing, and counts all the same.
    assert_eq!(capabilities("proxy_log: {}", ""), None);
}

#[test]
fn the_node_is_read_for_properties() {
    let text = "node: { id: a, cluster: b, locality: { region: r, sub_zone: s }, metadata: { k: [1, y, { x: 1.5 }] } }";
    let node = parse(text, "envoy.yaml").unwrap().node;
    assert_eq!((node.id.as_str(), node.cluster.as_str()), ("a", "b"));
    assert_eq!(node.locality, ["r", "", "s"].map(str::to_owned));
    assert_eq!(
        node.metadata,
        serde_json::json!({ "k": [1, true, { "x": "1.5" }] })
    );
}
