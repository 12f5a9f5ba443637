//! Connections and streams through a host, with guests in WAT. What they expect was measured on
//! Envoy 1.40.0 with the same guests' callbacks.

use std::sync::Arc;

use super::{By, Connect, Request, Response};
use crate::Host;
use crate::config::{
    Bootstrap, Code, FilterChain, HttpConnectionManager, HttpFilter, Listener, NetworkFilter,
    PathMatch, Plugin, Route, RouteAction, RouteMatch, VirtualHost,
};
use crate::network::ClosedBy;

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
        at += 64;
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

fn host(filters: Vec<NetworkFilter>) -> Host {
    let listener = Listener {
        name: "listener".into(),
        addresses: vec!["192.0.2.1:443".parse().unwrap()],
        chains: vec![FilterChain {
            filters,
            ..FilterChain::default()
        }],
        ..Listener::default()
    };
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

#[test]
fn filters_read_in_their_order_and_write_in_reverse() {
    let filters = vec![
        NetworkFilter::Wasm(plugin("one", &[("new_connection", SET_MARK)])),
        NetworkFilter::Wasm(plugin("two", &[])),
        NetworkFilter::Echo,
    ];
    let mut host = host(filters);
    let start = host.shared().log.len();
    let id = host.connect(0, client()).unwrap();
    host.send(id, b"hello").unwrap();
    let view = host.connection(id).unwrap();
    assert_eq!(view.sent_to_client, b"hello");
    assert_eq!(view.filter_state("wasm.mark"), Some(&b"changed"[..]));
    host.close(id, By::Client).unwrap();
    let wanted = [
        "one context_create",
        "one new_connection",
        "two context_create",
        "two new_connection",
        "one downstream_data",
        "two downstream_data",
        "two upstream_data",
        "one upstream_data",
        "one downstream_connection_close",
        "one done",
        "one log",
        "one delete",
        "two downstream_connection_close",
        "two done",
        "two log",
        "two delete",
    ];
    assert_eq!(log(&host, start), wanted);
    let view = host.connection(id).unwrap();
    assert_eq!(view.closed_by, Some(ClosedBy::Remote));
}

#[test]
fn closing_in_a_callback_waits_until_it_returns() {
    let close = "(call $close (i32.const 2))";
    let filters = vec![
        NetworkFilter::Wasm(plugin("one", &[("new_connection", close)])),
        NetworkFilter::Wasm(plugin("two", &[])),
        NetworkFilter::Echo,
    ];
    let mut host = host(filters);
    let start = host.shared().log.len();
    let id = host.connect(0, client()).unwrap();
    let wanted = [
        "one context_create",
        "one new_connection",
        "one downstream_connection_close",
        "one done",
        "one log",
        "one delete",
    ];
    assert_eq!(log(&host, start), wanted);
    let view = host.connection(id).unwrap();
    assert_eq!(
        (view.is_open, view.closed_by),
        (false, Some(ClosedBy::Local))
    );
}

#[test]
fn a_request_passes_the_filters_and_its_response_comes_back() {
    let mark =
        "(call $add (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 32) (i32.const 7))";
    let filters = vec![
        NetworkFilter::Wasm(plugin("net", &[])),
        http(vec![
            plugin("one", &[("request_headers", mark)]),
            plugin("two", &[]),
        ]),
    ];
    let mut host = host(filters);
    host.set_default_response(Some(&Response::new(200).body("hi")));
    let start = host.shared().log.len();
    let id = host.connect(0, client()).unwrap();
    let request = Request::new("POST", "/a", "example.org").body("abc");
    let stream = host.request(id, &request).unwrap();
    host.close(id, By::Client).unwrap();
    let wanted = [
        "net context_create",
        "net new_connection",
        "net downstream_data",
        "one context_create",
        "one request_headers",
        "two context_create",
        "two request_headers",
        "net downstream_data",
        "one request_body",
        "two request_body",
        "one request_body",
        "two request_body",
        "two response_headers",
        "one response_headers",
        "net upstream_data",
        "two response_body",
        "one response_body",
        "net upstream_data",
        "two response_body",
        "one response_body",
        "net upstream_data",
        "one log",
        "two log",
        "one done",
        "one delete",
        "two done",
        "two delete",
        "net downstream_connection_close",
        "net done",
        "net log",
        "net delete",
    ];
    assert_eq!(log(&host, start), wanted);
    let view = host.stream(stream).unwrap();
    let upstream = view.upstream.unwrap();
    assert_eq!(upstream.headers.get(b"x-mark"), Some(&b"changed"[..]));
    assert_eq!(
        (&upstream.body[..], view.response_code),
        (&b"abc"[..], Some(200))
    );
    assert_eq!(view.response_body, b"hi");
    assert_eq!(view.response_code_details.as_deref(), Some("via_upstream"));
}

#[test]
fn a_local_reply_passes_the_filters_before_it() {
    let answer = "(call $answer (i32.const 403) (i32.const 48) (i32.const 2) (i32.const 32) \
                  (i32.const 7) (i32.const 0) (i32.const 0) (i32.const -1))";
    let filters = vec![http(vec![
        plugin("one", &[]),
        plugin("two", &[("request_headers", answer)]),
        plugin("three", &[]),
    ])];
    let mut host = host(filters);
    let start = host.shared().log.len();
    let id = host.connect(0, client()).unwrap();
    let stream = host.request(id, &Request::new("GET", "/", "h")).unwrap();
    let wanted = [
        "one context_create",
        "one request_headers",
        "two context_create",
        "two request_headers",
        "two response_headers",
        "one response_headers",
        "two response_body",
        "one response_body",
        "one log",
        "two log",
        "three context_create",
        "three log",
        "one done",
        "one delete",
        "two done",
        "two delete",
        "three done",
        "three delete",
    ];
    assert_eq!(log(&host, start), wanted);
    let view = host.stream(stream).unwrap();
    assert_eq!((view.response_code, view.upstream), (Some(403), None));
    assert_eq!(view.response_code_details.as_deref(), Some("no"));
    let sent = host.connection(id).unwrap().sent_to_client;
    let sent = String::from_utf8(sent).unwrap();
    assert!(
        sent.starts_with("HTTP/1.1 403 Forbidden\r\ncontent-length: 7\r\n"),
        "{sent}"
    );
    assert!(sent.ends_with("\r\n\r\nchanged"), "{sent}");
}
