//! HTTP/1.1: what is a request, how they follow each other, how they end.

use std::time::Duration;

use super::{client, host, http, log, plugin};
use crate::Host;
use crate::connection::{ConnectionId, Request, Response};
use crate::network::ClosedBy;

fn one_plugin(bodies: &[(&str, &str)]) -> (Host, ConnectionId) {
    let mut host = host(vec![http(vec![plugin("one", bodies)])]);
    let id = host.connect(0, client()).unwrap();
    (host, id)
}

fn sent(host: &Host, id: ConnectionId) -> String {
    String::from_utf8(host.connection(id).unwrap().sent_to_client).unwrap()
}

// Each case as Envoy 1.40.0 answers it: status, details; nothing while it waits for more.
#[test]
fn what_is_no_request_is_refused_as_soon_as_that_is_clear() {
    const CASES: [(&str, &str); 24] = [
        ("X", ""),
        ("G\0", ""),
        ("\x16\x03\x01", "400 http1.codec_error"),
        (" ", "400 http1.codec_error"),
        ("\r\n\t", "400 http1.codec_error"),
        ("PRI * HTTP", ""),
        ("GET /\r\n", "426 low_version"),
        ("GET / HTTP/1.0\r\n", ""),
        ("GET / HTTP/1.0\r\n\r\n", "426 low_version"),
        ("GET / HTTX/1.1\r\n", "400 http1.codec_error"),
        ("GET / HTTP/1.10\r\n", "400 http1.codec_error"),
        ("GEX / HTTP/1.1\r\n", "400 http1.codec_error"),
        ("GET ok HTTP/1.1\r\n", "400 http1.codec_error"),
        (" GET / HTTP/1.1\r\n", "400 http1.codec_error"),
        (
            "GET / HTTP/1.1\r\nbad header\r\n\r\n",
            "400 http1.codec_error",
        ),
        (
            "GET / HTTP/1.1\r\nhost: h\r\nx: a\r\n b\r\n\r\n",
            "200 via_upstream",
        ),
        (
            "\r\n\r\nGET\t/  HTTP/1.1\r\nhost: h\r\n\r\n",
            "200 via_upstream",
        ),
        ("GET / HTTP/1.1\nhost: h\n\n", "200 via_upstream"),
        ("GET / HTTP/1.1\r\n\r\n", "400 missing_host_header"),
        (
            "OPTIONS * HTTP/1.1\r\nhost: h\r\n\r\n",
            "404 absolute_path_rejected",
        ),
        (
            "GET / HTTP/1.1\r\nhost: h\r\ncontent-length: +1\r\n\r\n",
            "400 http1.codec_error",
        ),
        (
            "GET / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip\r\n\r\n",
            "501 http1.invalid_transfer_encoding",
        ),
        (
            "GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            "400 http1.content_length_and_chunked_not_allowed",
        ),
        (
            "GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
            "403 upgrade_failed",
        ),
    ];
    for (bytes, wanted) in CASES {
        let (mut host, id) = one_plugin(&[]);
        host.set_default_response(Some(&Response::new(200)));
        host.send(id, bytes.as_bytes()).unwrap();
        let stream = host.streams(id).unwrap()[0];
        let view = host.stream(stream).unwrap();
        let details = view.response_code_details.unwrap_or_default();
        let code = view.response_code.map(|code| code.to_string());
        let seen = format!("{} {details}", code.unwrap_or_default());
        assert_eq!(seen.trim(), wanted, "{bytes:?}");
    }
}

#[test]
fn the_next_request_waits_until_this_one_is_answered() {
    let (mut host, id) = one_plugin(&[]);
    let two = "GET /a HTTP/1.1\r\nhost: h\r\n\r\nGET /b HTTP/1.1\r\nhost: h\r\n\r\n";
    host.send(id, two.as_bytes()).unwrap();
    let streams = host.streams(id).unwrap();
    assert_eq!(streams.len(), 1);
    host.respond(streams[0], Response::new(200).body("a"))
        .unwrap();
    let streams = host.streams(id).unwrap();
    assert_eq!(streams.len(), 2);
    let upstream = host.stream(streams[1]).unwrap().upstream.unwrap();
    assert_eq!(upstream.headers.get(b":path"), Some(&b"/b"[..]));
}

#[test]
fn an_answer_before_the_end_of_a_request_ends_the_connection() {
    let (mut host, id) = one_plugin(&[]);
    let mut request = Request::new("POST", "/", "h");
    request.is_open = true;
    let stream = host.request(id, &request).unwrap();
    host.respond(stream, Response::new(200)).unwrap();
    assert!(sent(&host, id).contains("\r\nconnection: close\r\n"));
    // It has a second to take the answer.
    assert!(host.connection(id).unwrap().closed_by.is_none());
    host.advance(Duration::from_secs(1)).unwrap();
    let view = host.connection(id).unwrap();
    assert_eq!(view.closed_by, Some(ClosedBy::Local));
}

#[test]
fn a_client_that_wants_it_is_closed_behind_its_answer() {
    let (mut host, id) = one_plugin(&[]);
    host.set_default_response(Some(&Response::new(200)));
    let request = Request::new("GET", "/", "h").header("connection", "close");
    host.request(id, &request).unwrap();
    let view = host.connection(id).unwrap();
    assert_eq!(view.closed_by, Some(ClosedBy::Local));
    assert!(sent(&host, id).contains("\r\nconnection: close\r\n"));
}

#[test]
fn a_client_is_told_to_go_on() {
    let (mut host, id) = one_plugin(&[]);
    let mut request = Request::new("POST", "/", "h").header("expect", "100-continue");
    request.is_open = true;
    let stream = host.request(id, &request).unwrap();
    assert_eq!(sent(&host, id), "HTTP/1.1 100 Continue\r\n\r\n");
    let upstream = host.stream(stream).unwrap().upstream.unwrap();
    assert_eq!(upstream.headers.get(b"expect"), None);
}

#[test]
fn a_body_in_chunks_comes_as_it_was_read() {
    let (mut host, id) = one_plugin(&[]);
    let start = host.shared().log.len();
    let head = "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n";
    host.send(id, format!("{head}3;x=y\r\nabc\r\n2\r\nd").as_bytes())
        .unwrap();
    host.send(id, b"e\r\n").unwrap();
    host.send(id, b"0\r\n\r\n").unwrap();
    let stream = host.streams(id).unwrap()[0];
    let upstream = host.stream(stream).unwrap().upstream.unwrap();
    assert_eq!(
        (&upstream.body[..], upstream.is_complete),
        (&b"abcde"[..], true)
    );
    let wanted = [
        "one context_create",
        "one request_headers",
        "one request_body",
        "one request_body",
        "one request_body",
    ];
    assert_eq!(log(&host, start), wanted);
}
