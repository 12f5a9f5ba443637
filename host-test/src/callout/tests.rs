//! Answers, and what a guest hears of them: word by word what Envoy 1.40.0 told a guest.

use super::*;
use crate::abi::{BufferType, Callback, HeaderMapType, Pairs, Status};
use crate::http::HeaderMap;

/// The calls of a VM whose roots are 1 and 2.
#[derive(Default)]
struct Calls {
    book: Book,
    made: u64,
}

const SECOND: u64 = 1_000_000_000;

impl Calls {
    fn open(&mut self, request: CallRequest) -> (CallId, u32) {
        self.made += 1;
        let id = CallId(self.made);
        let describe = |token, request| PendingCall {
            id,
            thread: ThreadId::Main,
            token,
            plugin: String::new(),
            request,
            started_nanos: 0,
            due_nanos: Some(SECOND),
        };
        (id, self.book.open(1, request, describe).unwrap())
    }

    /// What the guest hears now, with maps and words.
    fn heard(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(delivery) = self.book.next() {
            let mut line = format!("{}{:?}", delivery.callback.name(), delivery.arguments);
            for map in HeaderMapType::ALL {
                assert_eq!(self.book.map(2, *map), None, "another root");
                if let Some(pairs) = self.book.map(1, *map).filter(|pairs| !pairs.is_empty()) {
                    line.push_str(&format!(" {}", shown(pairs)));
                }
            }
            for buffer in BufferType::ALL {
                if let Some(bytes) = self.book.buffer(1, *buffer) {
                    line.push_str(&format!(" {:?}", String::from_utf8_lossy(bytes)));
                }
            }
            let (status, words) = self.book.status(1);
            if !words.is_empty() {
                line.push_str(&format!(" {status} {words}"));
            }
            lines.push(line.replace("proxy_on_", ""));
            self.book.finish();
            assert_eq!(self.book.status(1).1, "", "words last for one callback");
        }
        lines
    }

    #[track_caller]
    fn check(&mut self, id: CallId, answer: CallAnswer, wanted: &[&str]) {
        self.book.answer(id, answer, 5_000_000).unwrap();
        assert_eq!(self.heard(), wanted);
    }
}

fn shown(map: &HeaderMap) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let pair = |(name, value): &(Vec<u8>, Vec<u8>)| format!("{}={}", text(name), text(value));
    map.pairs().iter().map(pair).collect::<Vec<_>>().join(";")
}

fn http() -> CallRequest {
    CallRequest::Http {
        cluster: "upstream".to_owned(),
        headers: Pairs::new(),
        body: Vec::new(),
        trailers: Pairs::new(),
    }
}

fn grpc_call() -> CallRequest {
    CallRequest::GrpcCall {
        cluster: "grpc".to_owned(),
        service: "Service".to_owned(),
        method: "Method".to_owned(),
        metadata: Pairs::new(),
        message: b"hi".to_vec(),
    }
}

fn grpc_stream() -> CallRequest {
    CallRequest::GrpcStream {
        cluster: "grpc".to_owned(),
        service: "Service".to_owned(),
        method: "Method".to_owned(),
        metadata: Pairs::new(),
        messages: Vec::new(),
        is_ended: false,
    }
}

fn end(status: u32, message: &str) -> CallAnswer {
    CallAnswer::Close {
        status,
        message: message.to_owned(),
        metadata: Pairs::new(),
    }
}

fn metadata() -> CallAnswer {
    CallAnswer::Metadata(vec![(b"X-Init".to_vec(), b"i".to_vec())])
}

const REFUSED: &str = "upstream connect error or disconnect/reset before headers. reset reason: \
                       remote connection failure";
const REFUSED_DETAILS: &str = "{upstream_reset_before_response_started{remote_connection_failure|\
                               delayed_connect_error:_Connection_refused}}";

#[test]
fn tokens_count_in_fours_for_each_kind() {
    let mut calls = Calls::default();
    let mut token = |request| calls.open(request).1;
    assert_eq!((token(http()), token(http())), (4, 8));
    assert_eq!((token(grpc_call()), token(grpc_call())), (5, 9));
    assert_eq!((token(grpc_stream()), token(grpc_stream())), (6, 10));
    let dns = || CallRequest::Dns {
        name: "name".to_owned(),
    };
    assert_eq!((token(dns()), token(dns())), (1, 2));
}

#[test]
fn an_http_answer_gets_the_time_that_it_took() {
    let mut calls = Calls::default();
    let (id, _) = calls.open(http());
    let answer = CallAnswer::http(200, [("Content-Type", "text/plain")], "answer");
    let line = "http_call_response[1, 4, 3, 6, 0] \
                :status=200;content-type=text/plain;x-envoy-upstream-service-time=5 \"answer\"";
    calls.check(id, answer.clone(), &[line]);
    assert_eq!(
        calls.book.answer(id, answer, 0),
        Err(InvalidAnswer::NoCall(id)),
        "a call is answered once"
    );
}

#[test]
fn a_server_that_is_not_there_is_a_503_of_envoy() {
    let mut calls = Calls::default();
    for (answer, reason) in [
        (CallAnswer::Refuse, "remote connection failure"),
        (CallAnswer::Disconnect, "connection termination"),
        (CallAnswer::Reset, "remote reset"),
    ] {
        let (id, token) = calls.open(http());
        let text = REFUSED.replace("remote connection failure", reason);
        let len = text.len();
        let line = format!(
            "http_call_response[1, {token}, 3, {len}, 0] \
             :status=503;content-length={len};content-type=text/plain {text:?}"
        );
        calls.check(id, answer, &[&line]);
    }
}

#[test]
fn an_answer_that_breaks_off_has_no_headers() {
    let mut calls = Calls::default();
    let (id, _) = calls.open(http());
    calls.check(
        id,
        CallAnswer::BreakOff,
        &["http_call_response[1, 4, 0, 0, 0] 11 reset"],
    );
    assert_eq!(calls.book.status(1), (11, ""), "the number stays");
    let (id, _) = calls.open(http());
    let answer = CallAnswer::http(200, [("", ""); 0], vec![0; (32 << 20) + 1]);
    let line = "http_call_response[1, 8, 0, 0, 0] 11 reset";
    calls.check(id, answer, &[line]);
}

#[test]
fn what_nobody_answers_times_out() {
    let mut calls = Calls::default();
    calls.open(http());
    calls.open(grpc_call());
    assert_eq!(calls.book.next_due(), Some(SECOND));
    calls.book.expire(SECOND - 1);
    assert_eq!(calls.heard(), [""; 0]);
    calls.book.expire(SECOND);
    let http = "http_call_response[1, 4, 3, 24, 0] \
                :status=504;content-length=24;content-type=text/plain \"upstream request timeout\"";
    let grpc = "grpc_close[1, 5, 14] 14 upstream request timeout{response_timeout}";
    assert_eq!(calls.heard(), [http, grpc]);
    assert_eq!(calls.book.pending().count(), 0);
    assert_eq!(calls.book.next_due(), None);
}

#[test]
fn a_grpc_call_hears_of_its_message_or_of_its_end() {
    let mut calls = Calls::default();
    let (id, _) = calls.open(grpc_call());
    calls.check(id, metadata(), &[]);
    calls.check(id, CallAnswer::Message(b"first".to_vec()), &[]);
    calls.check(id, CallAnswer::Message(b"hello".to_vec()), &[]);
    calls.check(id, end(0, "fine"), &["grpc_receive[1, 5, 5] \"hello\""]);
    let (id, _) = calls.open(grpc_call());
    let line = "grpc_close[1, 9, 5] 5 not here{via_upstream}";
    calls.check(id, end(5, "not here"), &[line]);
    let (id, _) = calls.open(grpc_call());
    calls.check(id, CallAnswer::Message(b"hello".to_vec()), &[]);
    let line = "grpc_close[1, 13, 7] 7 denied{via_upstream}";
    calls.check(id, end(7, "denied"), &[line]);
    let (id, _) = calls.open(grpc_call());
    let line = format!("grpc_close[1, 17, 14] 14 {REFUSED}{REFUSED_DETAILS}");
    calls.check(id, CallAnswer::Refuse, &[&line]);
    let (id, _) = calls.open(grpc_call());
    let line = "grpc_close[1, 21, 2] 2 via_upstream";
    calls.check(id, CallAnswer::HttpStatus(500), &[line]);
    let (id, _) = calls.open(grpc_call());
    calls.check(id, CallAnswer::Message(b"hello".to_vec()), &[]);
    let line = "grpc_close[1, 25, 13] 13 upstream_reset_after_response_started{remote_reset}";
    calls.check(id, CallAnswer::Reset, &[line]);
}

#[test]
fn a_grpc_stream_hears_of_everything() {
    let mut calls = Calls::default();
    let (id, token) = calls.open(grpc_stream());
    let line = "grpc_receive_initial_metadata[1, 6, 3] \
                :status=200;content-type=application/grpc;x-init=i";
    calls.check(id, metadata(), &[line]);
    let line = "grpc_receive[1, 6, 5] \"hello\"";
    calls.check(id, CallAnswer::Message(b"hello".to_vec()), &[line]);
    let line = "grpc_receive[1, 6, 0] \"\"";
    calls.check(id, CallAnswer::Message(Vec::new()), &[line]);
    calls.check(
        id,
        end(0, "fine"),
        &[
            "grpc_receive_trailing_metadata[1, 6, 2] grpc-status=0;grpc-message=fine",
            "grpc_close[1, 6, 0] 0 fine{via_upstream}",
        ],
    );
    // The guest can still name it, until it has closed it too.
    assert_eq!(calls.book.send(1, token, Vec::new(), false), Ok(()));
    assert!(calls.book.close_stream(1, token));
    assert!(!calls.book.cancel(1, CallKind::GrpcStream, token));
}

#[test]
fn a_grpc_stream_that_fails_at_once_has_empty_metadata() {
    let mut calls = Calls::default();
    let (id, _) = calls.open(grpc_stream());
    let last = "grpc_receive_trailing_metadata[1, 6, 4] :status=200;content-type=application/grpc;\
                grpc-status=5;grpc-message=not here";
    let first = "grpc_receive_initial_metadata[1, 6, 0]";
    let close = "grpc_close[1, 6, 5] 5 not here{via_upstream}";
    calls.check(id, end(5, "not here"), &[first, last, close]);
    let (id, _) = calls.open(grpc_stream());
    let last = format!(
        "grpc_receive_trailing_metadata[1, 10, 4] :status=200;content-type=application/grpc;\
         grpc-status=14;grpc-message={REFUSED}"
    );
    let close = format!("grpc_close[1, 10, 14] 14 {REFUSED}{REFUSED_DETAILS}");
    let first = "grpc_receive_initial_metadata[1, 10, 0]";
    calls.check(id, CallAnswer::Refuse, &[first, &last, &close]);
    let (id, _) = calls.open(grpc_stream());
    calls.check(
        id,
        CallAnswer::HttpStatus(500),
        &[
            "grpc_receive_initial_metadata[1, 14, 0]",
            "grpc_receive_trailing_metadata[1, 14, 0]",
            "grpc_close[1, 14, 2] 2 via_upstream",
        ],
    );
}

#[test]
fn a_stream_that_is_cut_says_so() {
    let mut calls = Calls::default();
    let (id, token) = calls.open(grpc_stream());
    calls.book.send(1, token, b"ping".to_vec(), true).unwrap();
    let line = "grpc_receive_initial_metadata[1, 6, 3] \
                :status=200;content-type=application/grpc;x-envoy-upstream-service-time=5";
    calls.check(id, CallAnswer::Metadata(Pairs::new()), &[line]);
    calls.check(
        id,
        CallAnswer::Reset,
        &[
            "grpc_receive_trailing_metadata[1, 6, 0]",
            "grpc_close[1, 6, 13] 13 upstream_reset_after_response_started{remote_reset}",
        ],
    );
}

#[test]
fn what_the_guest_has_cancelled_it_hears_nothing_of() {
    let mut calls = Calls::default();
    let (id, token) = calls.open(grpc_call());
    calls.book.answer(id, CallAnswer::Refuse, 0).unwrap();
    assert!(
        !calls.book.cancel(2, CallKind::GrpcCall, token),
        "of another root"
    );
    assert!(calls.book.cancel(1, CallKind::GrpcCall, token));
    assert_eq!(calls.heard(), [""; 0]);
    let (id, _) = calls.open(http());
    calls.book.forget_root(1);
    assert_eq!(
        calls.book.answer(id, CallAnswer::Refuse, 0),
        Err(InvalidAnswer::NoCall(id))
    );
}

#[test]
fn an_answer_of_another_kind_is_refused() {
    let mut calls = Calls::default();
    let (id, _) = calls.open(http());
    let error = calls.book.answer(id, end(0, ""), 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "call 1 is an HTTP call: a gRPC status is no answer to it"
    );
    let (id, _) = calls.open(grpc_stream());
    let error = calls.book.answer(id, CallAnswer::BreakOff, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "call 2 is a gRPC stream: an end in the middle of the body is no answer to it"
    );
}

#[test]
fn addresses_come_with_their_times_to_live() {
    let mut calls = Calls::default();
    let name = "name".to_owned();
    let (id, _) = calls.open(CallRequest::Dns { name });
    let addresses = vec![("192.0.2.1".to_owned(), 60), ("::1".to_owned(), 5)];
    let answer = CallAnswer::Addresses(addresses);
    calls.book.answer(id, answer, 0).unwrap();
    let delivery = calls.book.next().unwrap();
    assert_eq!(delivery.callback, Callback::ResolveDns);
    let bytes = b"\x02\0\0\0\x3c\0\0\0\x05\0\0\x00192.0.2.1\0::1\0";
    assert_eq!(delivery.arguments, [1, 1, 26]);
    assert_eq!(calls.book.buffer(1, BufferType::CallData), Some(&bytes[..]));
}

#[test]
fn a_guest_has_not_as_much_as_it_likes() {
    let mut calls = Calls::default();
    let (_, token) = calls.open(grpc_stream());
    let mut sent = 0_usize;
    while calls.book.send(1, token, vec![0; 1 << 20], false) == Ok(()) {
        sent += 1;
        assert!(sent < 1000, "no end");
    }
    assert_eq!(sent, 255);
    assert!(calls.book.close_stream(1, token));
    calls.book.cancel(1, CallKind::GrpcStream, token);
    let describe = |token, request| PendingCall {
        id: CallId(u64::from(token)),
        thread: ThreadId::Main,
        token,
        plugin: String::new(),
        request,
        started_nanos: 0,
        due_nanos: None,
    };
    let opened = (0..).take_while(|_| calls.book.open(1, http(), describe).is_ok());
    assert_eq!(opened.count(), 100_000);
    assert_eq!(
        calls.book.open(1, http(), describe),
        Err(Status::InternalFailure)
    );
}
