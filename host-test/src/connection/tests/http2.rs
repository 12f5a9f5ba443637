//! HTTP/2: frames, several streams at a time, their end.

use super::{client, host, http, log, plugin};
use crate::config::format::Format;
use crate::config::{AccessLog, LogFormat, NetworkFilter};
use crate::connection::{By, ConnectionId, Request, Response};
use crate::http::Protocol;
use crate::http::frame::{END_HEADERS, END_STREAM, Kind, PREFACE, frame};
use crate::network::ClosedBy;
use crate::{Host, StreamView};

const ANSWER: &str = "(call $answer (i32.const 403) (i32.const 48) (i32.const 2) (i32.const 32) \
                      (i32.const 7) (i32.const 0) (i32.const 0) (i32.const -1))";

fn one_plugin(bodies: &[(&str, &str)]) -> (Host, ConnectionId) {
    let mut host = host(vec![
        NetworkFilter::Wasm(plugin("net", &[])),
        http(vec![plugin("one", bodies)]),
    ]);
    let id = host.connect(0, client()).unwrap();
    (host, id)
}

fn get(path: &str) -> Request {
    Request::new("GET", path, "h").protocol(Protocol::Http2)
}

/// Kind, flags and stream of the frames that the client has got; those of the connection left out.
fn frames(host: &Host, id: ConnectionId) -> Vec<(u8, u8, u8)> {
    let sent = host.connection(id).unwrap().sent_to_client;
    let mut rest = &sent[..];
    let mut frames = Vec::new();
    while let [_, high, low, kind, flags, _, _, _, stream, after @ ..] = rest {
        frames.push((*kind, *flags, *stream));
        rest = &after[usize::from(u16::from_be_bytes([*high, *low]))..];
    }
    assert!(rest.is_empty());
    frames.retain(|(_, _, stream)| *stream != 0);
    frames
}

fn ended(view: &StreamView) -> (bool, Option<&str>, &str) {
    let details = view.response_code_details.as_deref();
    (view.is_over, details, &view.response_flags)
}

#[test]
fn requests_are_under_way_at_the_same_time() {
    let (mut host, id) = one_plugin(&[]);
    let first = host.request(id, &get("/first")).unwrap();
    let second = host.request(id, &get("/second")).unwrap();
    let third = host.request(id, &get("/third")).unwrap();
    let start = host.shared().log.len();
    host.respond(second, Response::new(200).body("hi")).unwrap();
    host.respond(first, Response::new(204)).unwrap();
    let wanted = [
        "one response_headers",
        "net upstream_data",
        "one response_body",
        "net upstream_data",
        "one response_body",
        "net upstream_data",
        "one log",
        "one done",
        "one delete",
        "one response_headers",
        "net upstream_data",
        "one log",
        "one done",
        "one delete",
    ];
    assert_eq!(log(&host, start), wanted);
    let wanted = [
        (1, END_HEADERS, 3),
        (0, 0, 3),
        (0, END_STREAM, 3),
        (1, END_HEADERS | END_STREAM, 1),
    ];
    assert_eq!(frames(&host, id), wanted);
    assert!(!host.stream(third).unwrap().is_over);
    let path = host.stream(third).unwrap().upstream.unwrap();
    assert_eq!(path.headers.get(b":path"), Some(&b"/third"[..]));
}

#[test]
fn a_close_ends_the_newest_stream_first() {
    let NetworkFilter::Http(mut manager) = http(Vec::new()) else {
        panic!();
    };
    let format = LogFormat::Text(Format::parse("%REQ(:path)%").unwrap());
    manager.access_logs.push(AccessLog {
        path: "streams".into(),
        format,
        omit_empty_values: false,
        filter: None,
    });
    let mut host = host(vec![NetworkFilter::Http(manager)]);
    let id = host.connect(0, client()).unwrap();
    let streams = ["/a", "/b"].map(|path| host.request(id, &get(path)).unwrap());
    host.close(id, By::Client).unwrap();
    let lines = host.shared().access_log.since(0);
    let paths = lines.iter().filter(|line| line.path == "streams");
    let paths: Vec<&str> = paths.map(|line| line.text.as_str()).collect();
    assert_eq!(paths, ["/b", "/a"]);
    for stream in streams {
        let view = host.stream(stream).unwrap();
        let wanted = (true, Some("downstream_remote_disconnect"), "DC");
        assert_eq!(ended(&view), wanted);
    }
}

#[test]
fn a_client_gives_up_one_stream_and_goes_on_with_the_connection() {
    let (mut host, id) = one_plugin(&[]);
    let mut request = get("/");
    request.is_open = true;
    let stream = host.request(id, &request.body("abc")).unwrap();
    host.request_reset(stream).unwrap();
    let view = host.stream(stream).unwrap();
    assert_eq!(ended(&view), (true, Some("http2.remote_reset"), "DR"));
    assert_eq!(frames(&host, id), []);
    let next = host.request(id, &get("/")).unwrap();
    assert!(host.stream(next).unwrap().upstream.is_some());
}

#[test]
fn a_request_goes_on_with_data_and_trailers() {
    for protocol in [Protocol::Http2, Protocol::Http11] {
        let (mut host, id) = one_plugin(&[]);
        let mut request = Request::new("POST", "/", "h").protocol(protocol).body("ab");
        request.is_open = true;
        let stream = host.request(id, &request).unwrap();
        host.request_data(stream, b"cd", false).unwrap();
        let upstream = host.stream(stream).unwrap().upstream.unwrap();
        assert!(!upstream.is_complete);
        let trailers = [("x-t".to_owned(), b"1".to_vec())];
        host.request_trailers(stream, &trailers).unwrap();
        let upstream = host.stream(stream).unwrap().upstream.unwrap();
        assert_eq!(
            (&upstream.body[..], upstream.is_complete),
            (&b"abcd"[..], true)
        );
        // Trailers of HTTP/1.1 are dropped unless that is configured otherwise.
        let trailers = upstream.trailers.unwrap_or_default();
        let wanted = (protocol == Protocol::Http2).then_some(&b"1"[..]);
        assert_eq!(trailers.get(b"x-t"), wanted);
    }
}

#[test]
fn answers_wait_until_everything_that_came_is_read() {
    let (mut host, id) = one_plugin(&[("request_headers", ANSWER)]);
    let block = b"\x82\x86\x84\x01\x01h";
    let flags = END_HEADERS | END_STREAM;
    let requests = [1, 3].map(|stream| frame(Kind::Headers, flags, stream, block));
    let settings = frame(Kind::Settings, 0, 0, b"");
    let start = host.shared().log.len();
    let bytes = [PREFACE, &settings, &requests.concat()].concat();
    host.send(id, &bytes).unwrap();
    let stream = [
        "one context_create",
        "one request_headers",
        "one response_headers",
        "one response_body",
    ];
    let mut wanted = vec!["net downstream_data"];
    wanted.extend(stream.iter().chain(&stream));
    // Settings, their answer, the window; headers of both, then the bodies.
    wanted.extend(["net upstream_data"; 6]);
    wanted.extend(["one log", "one done", "one delete", "net upstream_data"]);
    wanted.extend(["one log", "one done", "one delete"]);
    assert_eq!(log(&host, start), wanted);
    let wanted = [
        (1, END_HEADERS, 1),
        (1, END_HEADERS, 3),
        (0, END_STREAM, 1),
        (0, END_STREAM, 3),
    ];
    assert_eq!(frames(&host, id), wanted);
}

#[test]
fn a_request_that_is_answered_before_its_end_is_reset() {
    let (mut host, id) = one_plugin(&[("request_headers", ANSWER)]);
    let mut request = get("/");
    request.is_open = true;
    host.request(id, &request).unwrap();
    let wanted = [(1, END_HEADERS, 1), (0, END_STREAM, 1), (3, 0, 1)];
    assert_eq!(frames(&host, id), wanted);
    assert!(host.connection(id).unwrap().is_open);
}

#[test]
fn broken_frames_end_every_stream_and_a_second_later_the_connection() {
    let (mut host, id) = one_plugin(&[]);
    let stream = host.request(id, &get("/")).unwrap();
    host.send(id, &frame(Kind::Ping, 0, 0, b"abc")).unwrap();
    let view = host.stream(stream).unwrap();
    let details = "codec_error:The_user_callback_function_failed";
    assert_eq!(ended(&view), (true, Some(details), "DPE"));
    let sent = host.connection(id).unwrap().sent_to_client;
    let goaway = frame(Kind::GoAway, 0, 0, b"\0\0\0\x01\0\0\0\x06");
    assert!(sent.ends_with(&goaway), "{sent:?}");
    assert!(host.connection(id).unwrap().closed_by.is_none());
    host.advance(std::time::Duration::from_secs(1)).unwrap();
    let view = host.connection(id).unwrap();
    assert_eq!(view.closed_by, Some(ClosedBy::Local));
}

#[test]
fn a_body_of_another_length_than_said_resets_its_stream() {
    let (mut host, id) = one_plugin(&[]);
    let other = host.request(id, &get("/")).unwrap();
    let request = get("/").header("content-length", "5").body("abc");
    let stream = host.request(id, &request).unwrap();
    let view = host.stream(stream).unwrap();
    assert_eq!(ended(&view), (true, Some("http2.remote_reset"), "DPE"));
    assert_eq!(frames(&host, id), [(3, 0, 3)]);
    assert!(!host.stream(other).unwrap().is_over);
}
