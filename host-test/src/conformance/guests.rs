//! The list of the guests: every file of `conformance/` stands here once.

use super::{
    Guest, Version,
    stage::{Answer, Exchange, Request, Stage, Step},
};

/// A guest without its text or without its expectations does not compile.
macro_rules! guests {
    ($($name:literal $(since $since:tt)?: $stage:expr,)*) => {
        /// All guests of the set.
        pub const GUESTS: &[Guest] = &[$(Guest {
            name: $name,
            since: since!($($since)?),
            stage: $stage,
            source: include_str!(concat!("../../conformance/", $name, ".wat")),
            expected: include_str!(concat!("../../conformance/", $name, ".expected")),
        },)*];
    };
}

/// The first version that can run a guest; all of them unless one is said.
macro_rules! since {
    () => {
        Version { numbers: [0; 3] }
    };
    ($numbers:expr) => {
        Version { numbers: $numbers }
    };
}

guests! {
    "buffer_downstream": Stage::Connection(&[&HELLO]),
    "buffer_request_body": Stage::Http(&[POST]),
    "buffer_response_body": Stage::Http(&[GET]),
    "buffer_root": Stage::Root,
    "buffer_upstream": Stage::Connection(&[&HELLO]),
    "clock": Stage::Root,
    "connection_order": Stage::Connection(&[&TALK]),
    "headers_connection": Stage::Connection(&[&[]]),
    "headers_http": Stage::Http(&[FULL]),
    "headers_pseudo": Stage::Http(&[FULL]),
    "headers_request": Stage::Http(&[FULL]),
    "headers_response": Stage::Http(&[FULL]),
    "headers_root": Stage::Root,
    "http_order": Stage::Http(&[GET]),
    "log": Stage::Root,
    "metric": Stage::Root,
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
    "shared_data": Stage::Root,
    "timer": Stage::Root,
    "trailers_request": Stage::Http(&[FULL]),
    "trailers_response": Stage::Http(&[FULL]),
    "wasi_data": Stage::Root,
    "wasi_files": Stage::Root,
    "wasi_newer" since [1, 39, 0]: Stage::Root,
    "wasi_stubs": Stage::Root,
    "wasi_unstable": Stage::Root,
}

const TALK: [Step; 4] = [
    Step::Send("hello"),
    Step::Receive("hello"),
    Step::Send("world"),
    Step::Receive("world"),
];

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
