//! Booleans, numbers, texts, times and the shape of the text itself.

use crate::case::{Bad, Good, Stricter, check, echo, filters, listener};

fn flag(value: &str) -> String {
    key(&format!("ignore_global_conn_limit: {value}"))
}

fn number(value: &str) -> String {
    key(&format!("per_connection_buffer_limit_bytes: {value}"))
}

fn text(value: &str) -> String {
    key(&format!("stat_prefix: {value}"))
}

fn time(value: &str) -> String {
    key(&format!("listener_filters_timeout: {value}"))
}

fn key(field: &str) -> String {
    listener(field, "filter_chains: [{}]")
}

#[test]
fn booleans_are_those_of_yaml_1_1_and_of_proto3() {
    check(&[
        (Good, flag("true")),
        (Good, flag("yes")),
        (Good, flag("y")),
        (Good, flag("Off")),
        (Good, flag("tRUE")),
        (Good, flag("\"true\"")),
        (Good, flag("\"1\"")),
        (Good, flag("~")),
        (Bad, flag("1")),
        (Bad, flag("maybe")),
        (Bad, flag("\"\"")),
        (Bad, flag("[]")),
    ]);
}

#[test]
fn numbers_are_whole_and_in_range() {
    check(&[
        (Good, number("5")),
        (Good, number("+5")),
        (Good, number("0x1F")),
        (Good, number("010")),
        (Good, number("08")),
        (Good, number("\"5\"")),
        (Good, number("1e4")),
        (Good, number("10.0")),
        (Good, number("-0")),
        (Good, number("4294967295")),
        (Bad, number("4294967296")),
        (Bad, number("-1")),
        (Bad, number("1.5")),
        (Bad, number("1_000")),
        (Bad, number("\" 5\"")),
        (Bad, number("\"\"")),
        (Bad, number("true")),
        (Bad, number("many")),
        (Bad, number("nan")),
        (Bad, number("inf")),
    ]);
}

#[test]
fn texts_are_no_booleans_and_no_small_numbers() {
    check(&[
        (Good, text("a")),
        (Good, text("\"y\"")),
        (Good, text("1.50")),
        (Good, text("4294967296")),
        (Good, text("~")),
        (Good, text("! 5")),
        (Good, text("!!str null")),
        (Good, text("|-\n      5")),
        (Bad, text("!!str 5")),
        (Bad, text("!!int \"5\"")),
        (Bad, text("y")),
        (Bad, text("no")),
        (Bad, text("5")),
        (Bad, text("[a]")),
        (Bad, text("{ a: b }")),
    ]);
}

#[test]
fn times_are_seconds() {
    check(&[
        (Good, time("5s")),
        (Good, time("0.25s")),
        (Good, time("0s")),
        (Good, time("1.123456789s")),
        (Bad, time("5")),
        (Bad, time("5ms")),
        (Bad, time("-5s")),
        (Bad, time("s")),
        (Bad, time("1.1234567891s")),
        (Bad, time("999999999999s")),
    ]);
}

#[test]
fn enumerations_are_names_in_whatever_case() {
    check(&[
        (Good, key("drain_type: MODIFY_ONLY")),
        (Good, key("drain_type: modify_only")),
        (Good, key("drain_type: 1")),
        (Bad, key("drain_type: MODIFY")),
        (Good, key("traffic_direction: INBOUND")),
        (Bad, key("traffic_direction: IN")),
    ]);
}

#[test]
fn keys_have_two_spellings_and_stand_there_once() {
    check(&[
        (Good, key("trafficDirection: INBOUND")),
        (Bad, key("traffic_Direction: INBOUND")),
        (Bad, key("TrafficDirection: INBOUND")),
        (
            Stricter,
            key("trafficDirection: INBOUND\n    traffic_direction: INBOUND"),
        ),
        (Stricter, key("stat_prefix: a\n    stat_prefix: b")),
        (Bad, key("foo: ~")),
        (Good, key("!ignore foo: 1")),
    ]);
}

#[test]
fn a_text_is_one_document_with_anchors_but_without_merges() {
    let echo = filters(&[echo()]);
    check(&[
        (Good, echo.clone()),
        (Bad, String::new()),
        (Bad, "# nothing\n".to_owned()),
        (Good, "{}".to_owned()),
        (Good, "static_resources:\n".to_owned()),
        (Bad, "- a\n".to_owned()),
        (Bad, "text\n".to_owned()),
        (Bad, "static_resources: [".to_owned()),
        (
            Stricter,
            "static_resources: {}\n---\nstatic_resources: {}\n".to_owned(),
        ),
        (
            Bad,
            "static_resources: { clusters: [{ name: *a }] }".to_owned(),
        ),
        (
            Good,
            "static_resources: { clusters: [&a { name: c }] }".to_owned(),
        ),
        (
            Bad,
            "static_resources: { clusters: [&a { name: c }, { <<: *a, name: d }] }".to_owned(),
        ),
        (
            Good,
            "!ignore x: &a c\nstatic_resources: { clusters: [{ name: *a }] }".to_owned(),
        ),
        (
            Bad,
            "x: &a c\nstatic_resources: { clusters: [{ name: *a }] }".to_owned(),
        ),
        (
            Good,
            "static_resources: { clusters: { name: c } }".to_owned(),
        ),
        (Bad, "static_resources: { clusters: [~] }".to_owned()),
        (
            Stricter,
            "static_resources: { clusters: [[{ name: c }]] }".to_owned(),
        ),
        (
            Bad,
            "static_resources: { clusters: [{ name: \"\" }] }".to_owned(),
        ),
        (
            Bad,
            "static_resources: { clusters: [{ name: c }, { name: c }] }".to_owned(),
        ),
        (
            Bad,
            "static_resources: { clusters: [{ name: c, type: STATICS }] }".to_owned(),
        ),
    ]);
}
