//! The list of the guests: every file of `conformance/` stands here once.

use super::{
    Guest, Setup, Version,
    stage::{Answer, Exchange, Request, Stage, Step},
};
use crate::config::FailurePolicy;

/// A guest without its text or without its expectations does not compile.
macro_rules! guests {
    ($($name:literal $(in $setup:ident)?: $stage:expr,)*) => {
        /// All guests of the set.
        pub const GUESTS: &[Guest] = &[$(Guest {
            name: $name,
            setup: setup!($($setup)?),
            stage: $stage,
            source: include_str!(concat!("../../conformance/", $name, ".wat")),
            expected: include_str!(concat!("../../conformance/", $name, ".expected")),
        },)*];
    };
}

macro_rules! setup {
    () => {
        Setup::USUAL
    };
    ($setup:ident) => {
        $setup
    };
}

guests! {
    "abi_0_1_0": Stage::Http(&[FULL]),
    "abi_0_1_0_names": Stage::Root,
    "abi_0_2_0": Stage::Http(&[GET]),
    "abi_0_2_0_names": Stage::Root,
    "abi_0_2_1_names": Stage::Root,
    "allocator": Stage::Root,
    "buffer_downstream": Stage::Connection(&[&HELLO]),
    "buffer_request_body": Stage::Http(&[POST]),
    "buffer_response_body": Stage::Http(&[GET]),
    "buffer_root": Stage::Root,
    "buffer_upstream": Stage::Connection(&[&HELLO]),
    "capabilities" in RESTRICTED: Stage::Root,
    "capabilities_wasi" in RESTRICTED: Stage::Root,
    "clock": Stage::Root,
    "close_request": Stage::Http(&[FULL]),
    "close_response": Stage::Http(&[FULL]),
    "connection_close": Stage::Connection(&[&[Step::AwaitClose]]),
    "connection_close_data": Stage::Connection(&[&[Step::Send("hello"), Step::AwaitClose]]),
    "connection_close_tick": Stage::Connection(&[&[
        Step::AwaitClose,
        Step::AwaitLine("check connection that is gone: status=2"),
    ]]),
    "connection_close_upstream": Stage::Connection(&[&[Step::Send("hello"), Step::AwaitClose]]),
    "connection_done": Stage::Connection(&[&HI]),
    "connection_order": Stage::Connection(&[&TALK, &[], &HALF, &RST]),
    "connection_pause": Stage::Connection(&[&HI]),
    "connection_stop": Stage::Connection(&[&HI]),
    "connection_stream_calls": Stage::Connection(&[&[
        Step::AwaitLine("call on_tick 1"),
        Step::Send("hi"),
        Step::Receive("hi"),
    ]]),
    "effective_context": Stage::Connection(&[&HI]),
    "fail_open_connection" in OPEN: Stage::Connection(&[
        &[Step::Send("hello"), Step::AwaitClose],
        &[Step::Send("again"), Step::Receive("again")],
    ]),
    "fail_open_http" in OPEN: Stage::Http(&[GET, GET]),
    "fail_reload" in RELOAD: Stage::Connection(&[
        &[Step::Send("hello"), Step::AwaitClose],
        &[Step::Wait(1_500), Step::Send("after"), Step::AwaitClose],
    ]),
    "foreign": Stage::Root,
    "foreign_expr": Stage::Root,
    "grpc": Stage::Root,
    "grpc_call": Stage::Root,
    "grpc_stream": Stage::Root,
    "headers_connection": Stage::Connection(&[&[]]),
    "headers_http": Stage::Http(&[FULL]),
    "headers_no_proto": Stage::Http(&[GET]),
    "headers_pseudo": Stage::Http(&[FULL]),
    "headers_request": Stage::Http(&[FULL]),
    "headers_response": Stage::Http(&[FULL]),
    "headers_root": Stage::Root,
    "headers_route": Stage::Http(&[GET, GET, GET]),
    "http_call": Stage::Root,
    "http_call_answers": Stage::Root,
    "http_call_stream": Stage::Http(&[FULL]),
    "http_order": Stage::Http(&[GET, FULL, EMPTY, RESET]),
    "initialize": Stage::Root,
    "local_reply_body": Stage::Http(&[FULL]),
    "local_reply_grpc": Stage::Http(&[GRPC]),
    "local_reply_headers": Stage::Http(&[FULL]),
    "local_reply_plain": Stage::Http(&[GET]),
    "local_reply_pointers": Stage::Http(&[GET]),
    "local_reply_response": Stage::Http(&[FULL]),
    "local_reply_response_body": Stage::Http(&[FULL]),
    "local_reply_twice": Stage::Http(&[GET]),
    "log": Stage::Root,
    "metric": Stage::Root,
    "pause_request": Stage::Http(&[POST]),
    "pause_request_trailers": Stage::Http(&[FULL]),
    "pause_response": Stage::Http(&[FULL]),
    "pause_response_body": Stage::Http(&[FULL]),
    "property_connection": Stage::Connection(&[&HI]),
    "property_http": Stage::Http(&[FULL]),
    "property_root": Stage::Root,
    "property_set": Stage::Connection(&[&HI]),
    "queue": Stage::Root,
    "refused_abi_of_the_future": Stage::Refused,
    "refused_call_in_initialize": Stage::Refused,
    "refused_configuration": Stage::Refused,
    "refused_import": Stage::Refused,
    "refused_module": Stage::Refused,
    "refused_name_of_0_1_0": Stage::Refused,
    "refused_name_of_0_2_0": Stage::Refused,
    "refused_name_of_0_2_1": Stage::Refused,
    "refused_signature": Stage::Refused,
    "refused_signature_of_callback": Stage::Refused,
    "refused_start": Stage::Refused,
    "refused_trap_in_configure": Stage::Refused,
    "refused_trap_in_initialize": Stage::Refused,
    "refused_without_abi": Stage::Refused,
    "refused_without_allocator": Stage::Refused,
    "return_values": Stage::Http(&[
        answering("0"),
        answering("1"),
        answering("2"),
        answering("3"),
        answering("4"),
        answering("5"),
        answering("99"),
    ]),
    "shared_data": Stage::Root,
    "start": Stage::Root,
    "stream_root": Stage::Root,
    "timer": Stage::Root,
    "trailers_request": Stage::Http(&[FULL]),
    "trailers_response": Stage::Http(&[FULL]),
    "trap_connection": Stage::Connection(&[
        &[Step::Send("hello"), Step::AwaitClose],
        &[Step::AwaitClose],
    ]),
    "trap_http": Stage::Http(&[GET, GET]),
    "wasi_data": Stage::Root,
    "wasi_files": Stage::Root,
    "wasi_newer" in SINCE_1_39: Stage::Root,
    "wasi_stubs": Stage::Root,
    "wasi_unstable": Stage::Root,
}

const SINCE_1_39: Setup = Setup {
    since: Version {
        numbers: [1, 39, 0],
    },
    ..Setup::USUAL
};

/// Enough for a guest to log from a tick.
const RESTRICTED: Setup = Setup {
    allowed: &[
        "proxy_log",
        "proxy_on_configure",
        "proxy_on_tick",
        "proxy_set_tick_period_milliseconds",
        "random_get",
    ],
    ..Setup::USUAL
};

const OPEN: Setup = Setup {
    policy: FailurePolicy::FailOpen,
    ..Setup::USUAL
};

const RELOAD: Setup = Setup {
    policy: FailurePolicy::FailReload {
        base_interval_millis: 1_000,
    },
    ..Setup::USUAL
};

const TALK: [Step; 4] = [
    Step::Send("hello"),
    Step::Receive("hello"),
    Step::Send("world"),
    Step::Receive("world"),
];

/// The client says that it is done, and reads what comes.
const HALF: [Step; 2] = [Step::Finish, Step::AwaitClose];

const RST: [Step; 3] = [Step::Send("reset"), Step::Receive("reset"), Step::Reset];

const HI: [Step; 2] = [Step::Send("hi"), Step::Receive("hi")];

/// The guest changes what comes back.
const HELLO: [Step; 2] = [Step::Send("hello"), Step::Receive("filled")];

/// Everything that HTTP/1.1 can carry.
const FULL: Exchange = Exchange {
    request: Request {
        method: "POST",
        headers: &[
            ("X-One", "1"),
            ("X-Twice", "a"),
            ("Cookie", "a=1"),
            ("x-twice", "b"),
            ("cookie", "b=2"),
        ],
        body: "hello",
        trailers: &[("X-Trailer", "t")],
    },
    answer: Answer::Full,
};

/// Answered without a body.
const EMPTY: Exchange = Exchange {
    request: GET.request,
    answer: Answer::Empty,
};

/// Not answered at all.
const RESET: Exchange = Exchange {
    request: GET.request,
    answer: Answer::Reset,
};

const GRPC: Exchange = Exchange {
    request: Request {
        method: "POST",
        headers: &[("content-type", "application/grpc")],
        body: "hello",
        trailers: &[],
    },
    answer: Answer::Plain,
};

/// A request that says what the guest answers to it.
const fn answering(value: &'static str) -> Exchange {
    let headers: &'static [(&str, &str)] = match value.as_bytes() {
        b"0" => &[("x-return", "0")],
        b"1" => &[("x-return", "1")],
        b"2" => &[("x-return", "2")],
        b"3" => &[("x-return", "3")],
        b"4" => &[("x-return", "4")],
        b"5" => &[("x-return", "5")],
        _ => &[("x-return", "99")],
    };
    Exchange {
        request: Request {
            headers,
            ..FULL.request
        },
        answer: Answer::Plain,
    }
}

const POST: Exchange = Exchange {
    request: Request {
        method: "POST",
        headers: &[],
        body: "hello",
        trailers: &[],
    },
    answer: Answer::Plain,
};

const GET: Exchange = Exchange {
    request: Request {
        method: "GET",
        headers: &[],
        body: "",
        trailers: &[],
    },
    answer: Answer::Plain,
};
