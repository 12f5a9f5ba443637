//! The list of the guests: every file of `conformance/` stands here once.

use super::{
    Guest,
    stage::{Answer, Exchange, Request, Stage, Step},
};

/// A guest without its text or without its expectations does not compile.
macro_rules! guests {
    ($($name:literal: $stage:expr,)*) => {
        /// All guests of the set.
        pub const GUESTS: &[Guest] = &[$(Guest {
            name: $name,
            stage: $stage,
            source: include_str!(concat!("../../conformance/", $name, ".wat")),
            expected: include_str!(concat!("../../conformance/", $name, ".expected")),
        },)*];
    };
}

guests! {
    "connection_order": Stage::Connection(&[&TALK]),
    "http_order": Stage::Http(&[GET]),
    "shared_data": Stage::Root,
}

const TALK: [Step; 4] = [
    Step::Send("hello"),
    Step::Receive("hello"),
    Step::Send("world"),
    Step::Receive("world"),
];

const GET: Exchange = Exchange {
    request: Request {
        method: "GET",
        headers: &[],
        body: "",
        trailers: &[],
    },
    answer: Answer::Plain,
};
