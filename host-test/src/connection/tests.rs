//! Connections and streams through a host, with guests in WAT. What the tests expect was measured
//! on Envoy 1.40.0 with guests that do the same.

mod http1;
mod http2;
mod listener;
mod network;
mod streams;

use std::sync::Arc;

use super::Connect;
use crate::Host;
use crate::config::format::Format;
use crate::config::{
    AccessLog, Bootstrap, Code, FilterChain, HttpConnectionManager, HttpFilter, Listener,
    LogFormat, LogValue, NetworkFilter, PathMatch, Plugin, Route, RouteAction, RouteMatch,
    VirtualHost,
};

/// A guest that logs the name of each of its callbacks, with `$name` run in it.
fn guest(bodies: &[(&str, &str)]) -> String {
    let callbacks = [
        ("context_create", 2, false),
        ("new_connection", 1, true),
        ("downstream_data", 3, true),
        ("upstream_data", 3, true),
        ("downstream_connection_close", 2, false),
        ("upstream_connection_close", 2, false),
        ("request_headers", 3, true),
        ("request_body", 3, true),
        ("request_trailers", 2, true),
        ("response_headers", 3, true),
        ("response_body", 3, true),
        ("done", 1, true),
        ("log", 1, false),
        ("delete", 1, false),
    ];
    let mut functions = String::new();
    let mut data = String::new();
    let mut at = 256;
    for (name, params, returns) in callbacks {
        let body = bodies.iter().find(|(known, _)| *known == name);
        let body = body.map_or("(i32.const 0)", |(_, body)| body);
        let (result, drop) = match returns {
            true => ("(result i32)", ""),
            false => ("", "drop"),
        };
        let params = "i32 ".repeat(params);
        let len = name.len();
        functions += &format!(
            r#"(func (export "proxy_on_{name}") (param {params}) {result}
                 (drop (call $log (i32.const 2) (i32.const {at}) (i32.const {len})))
                 {body} {drop})"#
        );
        data += &format!(r#"(data (i32.const {at}) "{name}")"#);
        at += 32;
    }
    format!(
        r#"(module
          (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
          (import "env" "proxy_set_property"
            (func $set (param i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
          (import "env" "proxy_set_buffer_bytes"
            (func $write (param i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_add_header_map_value"
            (func $add (param i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_send_local_response"
            (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (global $calls (mut i32) (i32.const 0))
          (data (i32.const 0) "mark") (data (i32.const 16) "x-mark")
          (data (i32.const 32) "changed") (data (i32.const 48) "no\00\00\00\00")
          {data}
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "malloc") (param i32) (result i32) (i32.const 2048))
          {functions})"#
    )
}

fn plugin(name: &str, bodies: &[(&str, &str)]) -> Arc<Plugin> {
    let code = Code::Inline(Arc::from(guest(bodies).as_bytes()));
    let mut plugin = Plugin::new(name, code);
    plugin.vm.vm_id = name.to_owned();
    Arc::new(plugin)
}

/// A listener with one chain that has an access log: source, peer, destination, server name, TLS
/// version, why TLS failed, why the connection was closed, flags, bytes of both directions.
fn listener(filters: Vec<NetworkFilter>) -> Listener {
    let keys = [
        ("source", "%DOWNSTREAM_REMOTE_ADDRESS%"),
        ("peer", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%"),
        ("destination", "%DOWNSTREAM_LOCAL_ADDRESS%"),
        ("name", "%REQUESTED_SERVER_NAME%"),
        ("version", "%DOWNSTREAM_TLS_VERSION%"),
        ("tls", "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%"),
        ("why", "%CONNECTION_TERMINATION_DETAILS%"),
        ("flags", "%RESPONSE_FLAGS%"),
        ("received", "%BYTES_RECEIVED%"),
        ("sent", "%BYTES_SENT%"),
    ];
    let format = |text: &str| LogValue::Format(Format::parse(text).unwrap());
    let keys = keys.map(|(key, text)| (key.to_owned(), format(text)));
    Listener {
        name: "listener".into(),
        addresses: vec!["192.0.2.1:443".parse().unwrap()],
        chains: vec![FilterChain {
            filters,
            ..FilterChain::default()
        }],
        access_logs: vec![AccessLog {
            path: "/dev/stdout".into(),
            format: LogFormat::Json(keys.into()),
            omit_empty_values: true,
            filter: None,
        }],
        ..Listener::default()
    }
}

fn host(filters: Vec<NetworkFilter>) -> Host {
    host_of(listener(filters))
}

fn host_of(listener: Listener) -> Host {
    let bootstrap = Bootstrap {
        listeners: vec![listener],
        clusters: ["service".to_owned()].into(),
        ..Bootstrap::default()
    };
    Host::builder(bootstrap).build().unwrap()
}

fn http(filters: Vec<Arc<Plugin>>) -> NetworkFilter {
    let wasm = filters.into_iter().map(HttpFilter::Wasm);
    let route = Route {
        name: "route".into(),
        matching: RouteMatch {
            path: PathMatch::Prefix("/".into()),
            case_sensitive: true,
            headers: Vec::new(),
        },
        action: RouteAction::Cluster {
            cluster: "service".into(),
            timeout: None,
            prefix_rewrite: String::new(),
            host_rewrite: String::new(),
        },
    };
    NetworkFilter::Http(Box::new(HttpConnectionManager {
        filters: wasm.chain([HttpFilter::Router]).collect(),
        virtual_hosts: vec![VirtualHost {
            name: "any".into(),
            domains: vec!["*".into()],
            routes: vec![route],
        }],
        ..HttpConnectionManager::default()
    }))
}

fn client() -> Connect {
    let source = "198.51.100.7:4000".parse().unwrap();
    Connect::new(source, "192.0.2.1:443".parse().unwrap())
}

/// Values of the last line of the access log, those that were asked for, with spaces between.
fn logged(host: &Host, keys: &[&str]) -> String {
    let lines = host.shared().access_log.since(0);
    let line: serde_json::Value = serde_json::from_str(&lines.last().unwrap().text).unwrap();
    let value = |key: &&str| match &line[*key] {
        serde_json::Value::Null => "none".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    keys.iter().map(value).collect::<Vec<_>>().join(" ")
}

/// What the guests have logged since there were `start` lines: plugin and callback.
fn log(host: &Host, start: usize) -> Vec<String> {
    let lines = host.shared().log.since(start).into_iter();
    let lines = lines.map(|line| {
        let plugin = line.plugin.split(' ').next().unwrap_or_default().to_owned();
        format!("{plugin} {}", line.text)
    });
    lines.collect()
}

const SET_MARK: &str = "(call $set (i32.const 0) (i32.const 4) (i32.const 32) (i32.const 7))";
