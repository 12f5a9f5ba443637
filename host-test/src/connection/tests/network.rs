//! Network filters.

use std::sync::Arc;
use std::time::Duration;

use super::{SET_MARK, client, host, log, logged, plugin};
use crate::config::{
    FailurePolicy, NetworkFilter, Policy, Rbac, RbacAction, Rule, StringMatch, StringTest,
};
use crate::connection::By;
use crate::network::ClosedBy;

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
fn a_filter_that_stops_keeps_the_bytes() {
    let stop = "(global.set $calls (i32.add (global.get $calls) (i32.const 1))) \
                (i32.lt_u (global.get $calls) (i32.const 3))";
    let filters = vec![
        NetworkFilter::Wasm(plugin("one", &[("downstream_data", stop)])),
        NetworkFilter::Wasm(plugin("two", &[])),
        NetworkFilter::Echo,
    ];
    let mut host = host(filters);
    let id = host.connect(0, client()).unwrap();
    for (bytes, echoed) in [
        ("abc", ""),
        ("def", ""),
        ("ghi", "abcdefghi"),
        ("j", "abcdefghij"),
    ] {
        host.send(id, bytes.as_bytes()).unwrap();
        let sent = host.connection(id).unwrap().sent_to_client;
        assert_eq!(sent, echoed.as_bytes(), "after {bytes}");
    }
    host.close(id, By::Client).unwrap();
    // Envoy counts what was kept again with each read: 3 + 6 + 9 + 1.
    assert_eq!(logged(&host, &["received", "sent"]), "19 10");
}

#[test]
fn what_a_write_filter_stops_comes_with_the_next_bytes() {
    let stop = "(global.set $calls (i32.add (global.get $calls) (i32.const 1))) \
                (i32.lt_u (global.get $calls) (i32.const 2))";
    let filters = vec![
        NetworkFilter::Wasm(plugin("one", &[("upstream_data", stop)])),
        NetworkFilter::Echo,
    ];
    let mut host = host(filters);
    let id = host.connect(0, client()).unwrap();
    host.send(id, b"abc").unwrap();
    assert_eq!(host.connection(id).unwrap().sent_to_client, b"");
    host.send(id, b"def").unwrap();
    assert_eq!(host.connection(id).unwrap().sent_to_client, b"abcdef");
}

#[test]
fn a_banner_ends_its_half_and_closes() {
    let change = "(call $write (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 32) \
                  (i32.const 7)) (drop) (i32.const 0)";
    let filters = vec![
        NetworkFilter::Wasm(plugin("one", &[("upstream_data", change)])),
        NetworkFilter::DirectResponse {
            body: b"banner".to_vec(),
        },
    ];
    let mut host = host(filters);
    let start = host.shared().log.len();
    let id = host.connect(0, client()).unwrap();
    let wanted = [
        "one context_create",
        "one new_connection",
        "one upstream_data",
        "one upstream_connection_close",
        "one downstream_connection_close",
        "one done",
        "one log",
        "one delete",
    ];
    assert_eq!(log(&host, start), wanted);
    let view = host.connection(id).unwrap();
    assert_eq!(view.sent_to_client, b"changed");
    assert_eq!(view.closed_by, Some(ClosedBy::Local));
}

#[test]
fn half_a_close_is_a_close_where_no_filter_cares_for_halves() {
    let mut echo = host(vec![
        NetworkFilter::Wasm(plugin("one", &[])),
        NetworkFilter::Echo,
    ]);
    let id = echo.connect(0, client()).unwrap();
    echo.half_close(id).unwrap();
    assert!(!echo.connection(id).unwrap().is_open);
    let proxy = NetworkFilter::TcpProxy {
        cluster: "service".into(),
        idle_timeout: None,
        access_logs: Vec::new(),
    };
    let mut proxied = host(vec![NetworkFilter::Wasm(plugin("one", &[])), proxy]);
    let start = proxied.shared().log.len();
    let id = proxied.connect(0, client()).unwrap();
    proxied.send_last(id, b"ping").unwrap();
    proxied.upstream_send(id, b"pong").unwrap();
    let view = proxied.connection(id).unwrap();
    assert!(view.is_open);
    assert_eq!(view.sent_upstream, b"ping");
    assert_eq!(view.sent_to_client, b"pong");
    proxied.upstream_close(id).unwrap();
    let wanted = [
        "one context_create",
        "one new_connection",
        "one downstream_data",
        "one upstream_data",
        "one upstream_data",
        "one upstream_connection_close",
        "one downstream_connection_close",
        "one done",
        "one log",
        "one delete",
    ];
    assert_eq!(log(&proxied, start), wanted);
    let view = proxied.connection(id).unwrap();
    assert_eq!(view.closed_by, Some(ClosedBy::Local));
}

#[test]
fn a_connection_limit_counts_over_all_connections() {
    let limit = NetworkFilter::ConnectionLimit { max_connections: 1 };
    let one = NetworkFilter::Wasm(plugin("one", &[]));
    let two = NetworkFilter::Wasm(plugin("two", &[]));
    let mut host = host(vec![one, limit, two, NetworkFilter::Echo]);
    let first = host.connect(0, client()).unwrap();
    let start = host.shared().log.len();
    let second = host.connect(0, client()).unwrap();
    let wanted = [
        "one context_create",
        "one new_connection",
        "one downstream_connection_close",
        "one done",
        "one log",
        "one delete",
    ];
    assert_eq!(log(&host, start), wanted);
    assert!(!host.connection(second).unwrap().is_open);
    host.close(first, By::Client).unwrap();
    let third = host.connect(0, client()).unwrap();
    assert!(host.connection(third).unwrap().is_open);
}

#[test]
fn access_control_acts_at_the_first_bytes() {
    let text = StringMatch {
        test: StringTest::Exact("changed".into()),
        ignore_case: false,
    };
    let policy = Policy {
        permissions: vec![Rule::Any],
        principals: vec![Rule::FilterState("wasm.mark".into(), text)],
    };
    let rbac = NetworkFilter::Rbac {
        rbac: Rbac {
            action: RbacAction::Deny,
            policies: [("marked".to_owned(), policy)].into(),
        },
        continuous: false,
    };
    let one = NetworkFilter::Wasm(plugin("one", &[("new_connection", SET_MARK)]));
    let mut host = host(vec![one, rbac, NetworkFilter::Echo]);
    let id = host.connect(0, client()).unwrap();
    assert!(host.connection(id).unwrap().is_open);
    host.send(id, b"x").unwrap();
    let view = host.connection(id).unwrap();
    assert_eq!(view.closed_by, Some(ClosedBy::Local));
    assert_eq!(
        logged(&host, &["why", "sent"]),
        "rbac_access_denied_matched_policy[marked] 0"
    );
}

#[test]
fn after_a_trap_nothing_passes_but_what_came_later_and_may() {
    let trap = [("downstream_data", "(unreachable)")];
    for (policy, later_passes) in [
        (FailurePolicy::FailClosed, false),
        (FailurePolicy::FailOpen, true),
    ] {
        let mut crashing = plugin("one", &trap);
        Arc::make_mut(&mut crashing).failure_policy = policy;
        let mut host = host(vec![NetworkFilter::Wasm(crashing), NetworkFilter::Echo]);
        let first = host.connect(0, client()).unwrap();
        let second = host.connect(0, client()).unwrap();
        host.send(first, b"x").unwrap();
        assert!(!host.connection(first).unwrap().is_open, "{policy:?}");
        host.send(second, b"x").unwrap();
        assert!(!host.connection(second).unwrap().is_open, "{policy:?}");
        let third = host.connect(0, client()).unwrap();
        host.send(third, b"x").unwrap();
        let view = host.connection(third).unwrap();
        assert_eq!(view.is_open, later_passes, "{policy:?}");
        assert_eq!(view.sent_to_client == b"x", later_passes, "{policy:?}");
    }
}

#[test]
fn a_plugin_comes_back_after_its_time() {
    let mut crashing = plugin("one", &[("downstream_data", "(unreachable)")]);
    Arc::make_mut(&mut crashing).failure_policy = FailurePolicy::FailReload {
        base_interval_millis: 1_000,
    };
    let mut host = host(vec![NetworkFilter::Wasm(crashing), NetworkFilter::Echo]);
    let first = host.connect(0, client()).unwrap();
    host.send(first, b"x").unwrap();
    let early = host.connect(0, client()).unwrap();
    assert!(!host.connection(early).unwrap().is_open);
    host.advance(Duration::from_millis(1_000)).unwrap();
    let start = host.shared().log.len();
    let late = host.connect(0, client()).unwrap();
    assert!(host.connection(late).unwrap().is_open);
    assert_eq!(log(&host, start).last().unwrap(), "one new_connection");
}
