//! Start, ports, statistics, log, end.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    time::Duration,
};

use nix::{
    sys::signal::{SigSet, Signal, kill},
    unistd::Pid,
};
use real_envoy::{Envoy, Scratch, envoy::Builder, eventually, http::Source};

use super::{PROXY, start, start_with};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_started_envoy_is_ready_on_ports_of_its_own() {
    let setup = start().unwrap();
    let ready = setup.envoy.admin_get("/ready").unwrap();
    assert_eq!((ready.status, ready.text().trim()), (200, "LIVE"));
    assert_ne!(setup.envoy.port(10_000), 10_000);
    assert_eq!(setup.envoy.port(9_000), setup.upstream.port());
    assert_eq!(setup.envoy.admin_addr(), setup.envoy.addr(9_901));
}

#[test]
fn two_at_once_do_not_meet() {
    let (one, two) = (start().unwrap(), start().unwrap());
    assert_ne!(one.envoy.addr(10_000), two.envoy.addr(10_000));
    for (setup, target) in [(&one, "/one"), (&two, "/two")] {
        Source::any().get(setup.envoy.addr(10_000), target).unwrap();
    }
    for (setup, line) in [(&one, "GET /one HTTP/1.1"), (&two, "GET /two HTTP/1.1")] {
        let seen: Vec<_> = setup.upstream.seen();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].line, line);
    }
}

#[test]
fn a_dropped_envoy_is_gone() {
    let setup = start().unwrap();
    let (addr, pid) = (setup.envoy.addr(10_000), setup.envoy.pid());
    TcpStream::connect(addr).unwrap();
    drop(setup.envoy);
    assert!(TcpStream::connect(addr).is_err());
    assert!(!Path::new("/proc").join(pid.to_string()).exists());
}

#[test]
fn a_killed_envoy_leaves_its_log() {
    let mut setup = start().unwrap();
    assert!(setup.envoy.is_running());
    setup.envoy.kill9();
    assert!(!setup.envoy.is_running());
    assert!(setup.envoy.log().contains("starting main dispatch loop"));
    assert!(setup.envoy.admin_get("/ready").is_err());
}

#[test]
fn an_envoy_that_is_told_to_end_can_be_waited_for() {
    let mut setup = start().unwrap();
    setup.envoy.admin_post("/quitquitquit").unwrap();
    assert!(setup.envoy.wait().unwrap().success());
    assert!(!setup.envoy.is_running());
}

#[test]
fn signals_that_a_test_has_blocked_still_end_its_envoy() {
    let blocked: SigSet = [Signal::SIGTERM].into_iter().collect();
    blocked.thread_block().unwrap();
    let mut setup = start().unwrap();
    assert!(SigSet::thread_get_mask().unwrap().contains(Signal::SIGTERM));
    let pid = i32::try_from(setup.envoy.pid()).unwrap();
    kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    eventually("the end of envoy", SOON, || {
        (!setup.envoy.is_running()).then_some(())
    })
    .unwrap();
}

#[test]
fn counters_count_and_unknown_ones_are_zero() {
    let setup = start().unwrap();
    let name = "http.plain.downstream_rq_total";
    assert_eq!(setup.envoy.counter(name).unwrap(), 0);
    for _ in 0..3 {
        Source::any().get(setup.envoy.addr(10_000), "/").unwrap();
    }
    assert_eq!(setup.envoy.wait_for_counter(name, 3, SOON).unwrap(), 3);
    assert_eq!(setup.envoy.counter("no.such.counter").unwrap(), 0);
    assert!(setup.envoy.stats().unwrap().contains_key(name));
    let prometheus = setup.envoy.prometheus().unwrap();
    let line = "envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix=\"plain\"} 3";
    assert!(prometheus.contains(line), "{prometheus}");
}

#[test]
fn a_counter_that_stays_low_is_named_with_its_value() {
    let setup = start().unwrap();
    let error = setup
        .envoy
        .wait_for_counter("http.plain.downstream_rq_total", 1, Duration::ZERO);
    assert_eq!(
        format!("{:#}", error.unwrap_err()),
        "http.plain.downstream_rq_total is Some(0): \
         http.plain.downstream_rq_total >= 1: did not happen within 0ns"
    );
}

#[test]
fn log_and_access_log_are_captured() {
    let setup = start().unwrap();
    let line = setup
        .envoy
        .wait_for_log("all dependencies initialized", SOON);
    assert!(line.unwrap().contains("[info]"));
    Source::loopback(7, 7, 7)
        .get(setup.envoy.addr(10_000), "/logged")
        .unwrap();
    let line = setup.envoy.wait_for_stdout("/logged", SOON).unwrap();
    assert_eq!(line, "127.7.7.7 /logged");
    assert_eq!(setup.envoy.stdout().lines().count(), 1);
}

#[test]
fn concurrency_and_arguments_reach_envoy() {
    let setup = start_with(|builder| builder.concurrency(3).arg("--service-node").arg("n7"));
    let setup = setup.unwrap();
    assert_eq!(setup.envoy.counter("server.concurrency").unwrap(), 3);
    let info = setup.envoy.admin_get("/server_info").unwrap().text();
    assert!(info.contains("\"service_node\": \"n7\""), "{info}");
}

#[test]
fn a_configuration_that_envoy_refuses_fails_with_its_words() {
    let setup = start_with(|builder| builder.replace("codec_type: AUTO", "codec_typo: AUTO"));
    let error = setup.err().unwrap().to_string();
    assert!(
        error.starts_with("envoy ended before it was ready"),
        "{error}"
    );
    assert!(error.contains("codec_typo"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn a_start_with_something_missing_says_what() {
    let fails = |choose: fn(Builder) -> Builder| start_with(choose).err().unwrap().to_string();
    assert_eq!(
        fails(|builder| builder.envoy_binary("/no/such/envoy")),
        "no envoy at /no/such/envoy: run ./justw setup, or set ENVOY to one"
    );
    assert_eq!(
        fails(|builder| builder.replace("no such words", "")),
        "the configuration has no \"no such words\" to replace"
    );
    assert_eq!(
        fails(|builder| builder.map_port(4_711, 1)),
        "the configuration has no port_value 4711 to stand 1 for"
    );
    assert!(
        fails(|builder| builder.replace("admin:", "#")).ends_with("has no admin interface to ask")
    );
    let missing = Envoy::builder("/no/such/file.yaml").start().err().unwrap();
    assert_eq!(missing.to_string(), "read /no/such/file.yaml");
}

#[test]
fn an_envoy_that_never_gets_ready_is_given_up_and_stopped() {
    let scratch = Scratch::new().unwrap();
    // A cluster is ready after its first health check, and this upstream takes connections into
    // its backlog and answers nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let waiting = PROXY.replace(
        "      typed_extension_protocol_options:",
        "      health_checks:
        - timeout: 60s
          interval: 60s
          unhealthy_threshold: 1
          healthy_threshold: 1
          http_health_check: { path: / }
      typed_extension_protocol_options:",
    );
    let yaml = scratch.write("waiting.yaml", &waiting).unwrap();
    let error = Envoy::builder(yaml)
        .map_port(9_000, silent.local_addr().unwrap().port())
        .ready_within(Duration::from_secs(3))
        .start()
        .err()
        .unwrap();
    let text = format!("{error:#}");
    assert!(
        text.contains("envoy is ready: did not happen within 3s"),
        "{text}"
    );
}

#[test]
fn the_poller_asks_once_even_without_time() {
    assert_eq!(eventually("x", Duration::ZERO, || Some(1)).unwrap(), 1);
    let error = eventually("x", Duration::ZERO, || None::<()>).unwrap_err();
    assert_eq!(error.to_string(), "x: did not happen within 0ns");
}
