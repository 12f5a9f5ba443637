//! The configuration of an Envoy that runs all guests.

use std::path::Path;

use crate::config::FailurePolicy;

use super::super::{ENVIRONMENT, Guest, PLUGIN_CONFIGURATION, Stage, VM_CONFIGURATION};

/// The port of the upstream in the configuration.
pub(super) const UPSTREAM_PORT: u16 = 9000;
/// The port of the gRPC server in the configuration.
pub(super) const GRPC_PORT: u16 = 9001;
/// A port that nobody listens on.
const CLOSED_PORT: u16 = 9002;

/// The port of the listener for the guest at `index`.
pub(super) fn port(index: usize) -> u16 {
    u16::try_from(10_000 + index).unwrap_or(u16::MAX)
}

/// The name of the file with a guest's module.
pub(super) fn module_file(guest: &Guest) -> String {
    format!("{}.wasm", guest.name)
}

/// The whole file; modules lie in `folder`, and so does `refused.yaml`.
pub(super) fn bootstrap(guests: &[&Guest], folder: &Path) -> String {
    let mut services = String::new();
    let mut listeners = String::new();
    for (index, guest) in guests.iter().enumerate() {
        let plugin = plugin(guest, folder);
        match guest.stage {
            Stage::Root => services.push_str(&service(&plugin)),
            Stage::Connection(_) => {
                let filters = network_filters(&plugin);
                listeners.push_str(&listener(guest.name, port(index), &filters));
            }
            Stage::Http(_) => {
                let filters = http_filters(&plugin);
                listeners.push_str(&listener(guest.name, port(index), &filters));
            }
            Stage::Refused => {}
        }
    }
    let extensions = if services.is_empty() {
        String::new()
    } else {
        format!("bootstrap_extensions:\n{services}")
    };
    let refused = folder.join("refused.yaml");
    format!(
        "node: {{ id: node, cluster: cluster }}\n\
         admin: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: 0 }} }} }}\n\
         {extensions}\
         dynamic_resources:\n  \
           lds_config: {{ path_config_source: {{ path: \"{refused}\" }} }}\n\
         static_resources:\n  \
           clusters:\n{upstream}{grpc}{closed}  \
           listeners:\n{listeners}",
        refused = refused.display(),
        upstream = cluster("upstream", UPSTREAM_PORT, HTTP1),
        grpc = cluster("grpc", GRPC_PORT, HTTP2),
        closed = cluster("closed", CLOSED_PORT, HTTP1),
    )
}

/// The listeners whose modules must not load: a refusal in this file ends nothing else.
pub(super) fn refused(guests: &[&Guest], folder: &Path) -> String {
    let mut out = String::from("resources:\n");
    for guest in guests {
        if matches!(guest.stage, Stage::Refused) {
            out.push_str("  - \"@type\": type.googleapis.com/envoy.config.listener.v3.Listener\n");
            let filters = network_filters(&plugin(guest, folder));
            let listener = listener(guest.name, 0, &filters);
            out.push_str(&listener.replacen("  - ", "    ", 1));
        }
    }
    out
}

fn plugin(guest: &Guest, folder: &Path) -> String {
    let variables: Vec<_> = ENVIRONMENT
        .iter()
        .map(|(name, value)| format!("{name}: \"{value}\""))
        .collect();
    let policy = match guest.setup.policy {
        FailurePolicy::FailClosed => String::new(),
        FailurePolicy::FailOpen => "failure_policy: FAIL_OPEN, ".to_owned(),
        FailurePolicy::FailReload {
            base_interval_millis,
        } => format!(
            "failure_policy: FAIL_RELOAD, \
             reload_config: {{ backoff: {{ base_interval: {}s }} }}, ",
            base_interval_millis as f64 / 1_000.0
        ),
    };
    let allowed: Vec<_> = guest
        .setup
        .allowed
        .iter()
        .map(|name| format!("{name}: {{}}"))
        .collect();
    // In the place where every version of Envoy takes it.
    let capabilities = match allowed.is_empty() {
        true => String::new(),
        false => format!(
            "capability_restriction_config: {{ allowed_capabilities: {{ {} }} }}, ",
            allowed.join(", ")
        ),
    };
    format!(
        "{{ name: plugin, root_id: root, {policy}{capabilities}\
         configuration: {{ \"@type\": {STRING}, value: {PLUGIN_CONFIGURATION} }}, \
         vm_config: {{ vm_id: {name}, runtime: envoy.wasm.runtime.v8, \
         configuration: {{ \"@type\": {STRING}, value: {VM_CONFIGURATION} }}, \
         environment_variables: {{ key_values: {{ {variables} }} }}, \
         code: {{ local: {{ filename: \"{module}\" }} }} }} }}",
        name = guest.name,
        variables = variables.join(", "),
        module = folder.join(module_file(guest)).display(),
    )
}

const STRING: &str = "type.googleapis.com/google.protobuf.StringValue";

fn service(plugin: &str) -> String {
    format!(
        "  - name: envoy.bootstrap.wasm\n    \
             typed_config:\n      \
               \"@type\": type.googleapis.com/envoy.extensions.wasm.v3.WasmService\n      \
               singleton: true\n      \
               config: {plugin}\n"
    )
}

fn listener(name: &str, port: u16, filters: &str) -> String {
    format!(
        "  - name: {name}\n    \
             stat_prefix: {name}\n    \
             address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}\n    \
             filter_chains:\n    \
             - filters:\n{filters}"
    )
}

fn network_filters(plugin: &str) -> String {
    format!(
        "      - name: wasm\n        \
                 typed_config:\n          \
                   \"@type\": type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm\n          \
                   config: {plugin}\n      \
               - name: echo\n        \
                 typed_config:\n          \
                   \"@type\": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo\n"
    )
}

fn http_filters(plugin: &str) -> String {
    format!(
        "      - name: http\n        \
                 typed_config:\n          \
                   \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n          \
                   stat_prefix: http\n          \
                   generate_request_id: false\n          \
                   delayed_close_timeout: 0.02s\n          \
                   http_protocol_options: {{ enable_trailers: true }}\n          \
                   http_filters:\n          \
                   - name: wasm\n            \
                     typed_config:\n              \
                       \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n              \
                       config: {plugin}\n          \
                   - name: router\n            \
                     typed_config:\n              \
                       \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router\n          \
                   route_config:\n            \
                     name: routes\n            \
                     virtual_hosts:\n            \
                     - name: everything\n              \
                       domains: [\"*\"]\n              \
                       routes:\n              \
                       - name: direct\n                \
                         match: {{ prefix: /direct }}\n                \
                         direct_response: {{ status: 202, body: {{ inline_string: direct }} }}\n              \
                       - name: route\n                \
                         match: {{ prefix: / }}\n                \
                         route: {{ cluster: upstream }}\n"
    )
}

const HTTP1: &str = "http_protocol_options: { enable_trailers: true }";
const HTTP2: &str = "http2_protocol_options: {}";

fn cluster(name: &str, port: u16, protocol: &str) -> String {
    format!(
        "  - name: {name}\n    \
             type: STATIC\n    \
             typed_extension_protocol_options:\n      \
               envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n        \
                 \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n        \
                 explicit_http_config: {{ {protocol} }}\n    \
             load_assignment:\n      \
               cluster_name: {name}\n      \
               endpoints:\n      \
               - lb_endpoints:\n        \
                 - endpoint:\n            \
                     address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}\n"
    )
}
