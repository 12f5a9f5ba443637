//! HTTP filters.

use std::sync::Arc;

use super::{client, host, http, log, plugin};
use crate::config::NetworkFilter;
use crate::connection::{By, Request, Response};

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

#[test]
fn a_plugin_that_keeps_the_headers_sees_the_body_only_where_that_is_allowed() {
    let bodies_seen = |allowed| {
        let stop = plugin("one", &[("request_headers", "(i32.const 1)")]);
        let mut stop = Arc::unwrap_or_clone(stop);
        stop.allow_on_headers_stop_iteration = allowed;
        let mut host = host(vec![http(vec![Arc::new(stop)])]);
        host.set_default_response(Some(&Response::new(200)));
        let start = host.shared().log.len();
        let id = host.connect(0, client()).unwrap();
        let request = Request::new("POST", "/", "example.org").body("abc");
        let stream = host.request(id, &request).unwrap();
        let log = log(&host, start);
        let bodies = log.iter().filter(|line| *line == "one request_body");
        (bodies.count(), host.stream(stream).unwrap().upstream)
    };
    for allowed in [None, Some(false)] {
        assert_eq!(bodies_seen(allowed), (0, None));
    }
    // The last part of the body goes on, and takes the headers with it.
    let (bodies, upstream) = bodies_seen(Some(true));
    assert!(bodies > 0);
    assert_eq!(upstream.unwrap().body, b"abc");
}
