//! A process as a whole, with guests that log what happens to them.

use std::sync::Arc;
use std::time::Duration;

use super::{Host, Restless};
use crate::BuildError;
use crate::config::{Bootstrap, Code, Plugin, Service};
use crate::guest::TrapReason;
use crate::shared::ThreadId;

/// A guest with these functions. `$say` logs a line of the data segment: place and length.
fn guest(functions: &str) -> String {
    format!(
        r#"(module
          (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
          (import "env" "proxy_set_tick_period_milliseconds" (func $period (param i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "vm_start configure tick done")
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "malloc") (param i32) (result i32) (i32.const 1024))
          (func $say (param $at i32) (param $len i32)
            (drop (call $log (i32.const 2) (local.get $at) (local.get $len))))
          {functions})"#
    )
}

const LIFE: &str = r#"
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (call $say (i32.const 0) (i32.const 8)) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $say (i32.const 9) (i32.const 9))
    (drop (call $period (i32.const 100))) (i32.const 1))
  (func (export "proxy_on_tick") (param i32) (call $say (i32.const 19) (i32.const 4)))
"#;

fn service(root_id: &str, guest: &str, singleton: bool) -> Service {
    let code = Code::Inline(Arc::from(guest.as_bytes()));
    let mut plugin = Plugin::new("plugin", code);
    plugin.root_id = root_id.to_owned();
    plugin.vm.vm_id = "vm".to_owned();
    Service { plugin, singleton }
}

fn build(services: Vec<Service>, workers: usize) -> Result<Host, BuildError> {
    let bootstrap = Bootstrap {
        services,
        ..Bootstrap::default()
    };
    Host::builder(bootstrap).workers(workers).build()
}

fn count(host: &Host, text: &str) -> usize {
    let lines = host.shared().log.since(0).into_iter();
    lines.filter(|line| line.text == text).count()
}

#[test]
fn a_plugin_is_configured_on_each_thread_and_in_a_canary() {
    let guest = guest(LIFE);
    let services = vec![service("a", &guest, false), service("b", &guest, false)];
    let host = build(services, 3).unwrap();
    // Two roots: a canary each, the main thread, three workers.
    assert_eq!(count(&host, "configure"), 2 * (1 + 1 + 3));
    assert_eq!(count(&host, "vm_start"), 2 * (1 + 1 + 3));
    assert_eq!(host.guest_memory_bytes().len(), 1 + 3, "one VM a thread");
}

#[test]
fn a_singleton_runs_on_the_main_thread_only() {
    let mut host = build(vec![service("a", &guest(LIFE), true)], 2).unwrap();
    assert_eq!(count(&host, "configure"), 2, "canary and main thread");
    host.advance(Duration::from_millis(250)).unwrap();
    let lines = host.shared().log.since(0);
    let ticks = lines.iter().filter(|line| line.text == "tick");
    let threads: Vec<ThreadId> = ticks.map(|line| line.thread).collect();
    assert_eq!(threads, [ThreadId::Main; 2]);
}

#[test]
fn each_thread_ticks_each_root_at_its_time() {
    let mut host = build(vec![service("a", &guest(LIFE), false)], 2).unwrap();
    host.advance(Duration::from_millis(99)).unwrap();
    assert_eq!(count(&host, "tick"), 0);
    host.advance(Duration::from_millis(1)).unwrap();
    assert_eq!(count(&host, "tick"), 3);
    host.advance(Duration::from_secs(1)).unwrap();
    assert_eq!(count(&host, "tick"), 33);
    assert_eq!(host.clock().monotonic_nanos(), 1_100_000_000);
}

#[test]
fn a_step_of_the_wall_clock_moves_no_timer() {
    let mut host = build(vec![service("a", &guest(LIFE), false)], 1).unwrap();
    host.clock().set_unix_nanos(5);
    host.advance(Duration::from_millis(100)).unwrap();
    assert_eq!(count(&host, "tick"), 2);
    assert_eq!(host.clock().unix_nanos(), 100_000_005);
}

#[test]
fn an_endless_loop_ends_with_the_name_of_its_callback() {
    let guest = guest(
        r#"(func $spin (loop $again (br $again)))
           (func (export "proxy_on_configure") (param i32 i32) (result i32)
             (call $spin) (i32.const 1))"#,
    );
    let error = build(vec![service("a", &guest, true)], 1).err().unwrap();
    let BuildError::Trapped { trap, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(trap.reason, TrapReason::OutOfFuel);
    assert_eq!(trap.backtrace[0], "spin");
    assert!(
        error
            .to_string()
            .contains("proxy_on_configure: used up its fuel")
    );
}

#[test]
fn two_processes_know_nothing_of_each_other() {
    let first = build(vec![service("a", &guest(LIFE), true)], 1).unwrap();
    let second = build(vec![service("a", &guest(LIFE), true)], 1).unwrap();
    first.shared().data.set("vm", b"key", b"value", 0);
    assert_eq!(second.shared().data.get("vm", b"key"), None);
    assert_eq!(count(&second, "configure"), 2);
}

#[test]
fn a_refused_configuration_tells_what_the_plugin_logged() {
    let guest = guest(
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
             (call $say (i32.const 9) (i32.const 9)) (i32.const 0))"#,
    );
    let error = build(vec![service("a", &guest, true)], 1).err().unwrap();
    assert_eq!(
        error.to_string(),
        r#"plugin "plugin" refused its configuration: configure"#
    );
}

const END: &str = r#"
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $say (i32.const 9) (i32.const 9)) (i32.const 1))
  (func (export "proxy_on_done") (param i32) (result i32)
    (call $say (i32.const 24) (i32.const 4)) (i32.const 1))
"#;

fn services(of: &[&str]) -> Bootstrap {
    let guest = guest(END);
    Bootstrap {
        services: of.iter().map(|root| service(root, &guest, false)).collect(),
        ..Bootstrap::default()
    }
}

#[test]
fn an_update_starts_what_is_new_and_lets_the_rest_run() {
    let mut host = Host::builder(services(&["a"])).build().unwrap();
    assert_eq!(count(&host, "configure"), 3);
    host.update(&services(&["a", "b"])).unwrap();
    assert_eq!(
        count(&host, "configure"),
        6,
        "the new one in its canary and on both threads"
    );
    host.update(&services(&["b"])).unwrap();
    assert_eq!(count(&host, "configure"), 6);
}

#[test]
fn what_an_update_leaves_out_ends_after_ten_minutes() {
    let mut host = Host::builder(services(&["a", "b"])).build().unwrap();
    host.update(&services(&["b"])).unwrap();
    host.advance(Duration::from_secs(599)).unwrap();
    assert_eq!(count(&host, "done"), 0);
    host.advance(Duration::from_secs(1)).unwrap();
    assert_eq!(count(&host, "done"), 2, "on both threads");
    host.update(&services(&["a", "b"])).unwrap();
    assert_eq!(count(&host, "configure"), 9, "it is started again");
}

#[test]
fn a_refused_update_changes_nothing() {
    let mut host = Host::builder(services(&["a"])).build().unwrap();
    let refusing =
        guest(r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0))"#);
    let update = Bootstrap {
        services: vec![service("b", &refusing, false)],
        ..Bootstrap::default()
    };
    assert!(host.update(&update).is_err());
    host.advance(Duration::from_secs(1000)).unwrap();
    assert_eq!(count(&host, "done"), 0);
}

#[test]
fn a_process_without_workers_is_refused() {
    let error = build(Vec::new(), 0).err().unwrap();
    assert_eq!(error.to_string(), "workers: expected at least 1, found 0");
}

#[test]
fn at_the_end_every_thread_hears_of_it() {
    let host = Host::builder(services(&["a"])).workers(2).build().unwrap();
    let shared = host.shared().clone();
    host.shut_down();
    let lines = shared.log.since(0).into_iter();
    assert_eq!(lines.filter(|line| line.text == "done").count(), 3);
}

#[test]
fn more_than_can_be_done_is_an_error() {
    let bootstrap = Bootstrap {
        services: vec![service("root", &guest(LIFE), true)],
        ..Bootstrap::default()
    };
    let mut host = Host::builder(bootstrap).build().unwrap();
    host.moments_max = 100;
    assert_eq!(host.advance(Duration::from_secs(10)), Ok(()));
    assert_eq!(
        host.advance(Duration::from_millis(10_100)),
        Err(Restless::Time)
    );
    assert_eq!(host.clock().monotonic_nanos(), 20_000_000_000);
}

#[test]
fn a_guest_that_feeds_itself_is_an_error() {
    let feeds = r#"(module
      (import "env" "proxy_register_shared_queue"
        (func $register (param i32 i32 i32) (result i32)))
      (import "env" "proxy_enqueue_shared_queue"
        (func $enqueue (param i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "queue")
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 1024))
      (func $feed
        (drop (call $enqueue (i32.load (i32.const 64)) (i32.const 0) (i32.const 5))))
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (drop (call $register (i32.const 0) (i32.const 5) (i32.const 64)))
        (call $feed) (i32.const 1))
      (func (export "proxy_on_queue_ready") (param i32 i32) (call $feed)))"#;
    let bootstrap = Bootstrap {
        services: vec![service("root", feeds, true)],
        ..Bootstrap::default()
    };
    let mut host = Host::builder(bootstrap).build().unwrap();
    assert_eq!(host.at_rest(), Err(Restless::Callbacks));
    assert_eq!(
        host.advance(Duration::from_secs(1)),
        Err(Restless::Callbacks)
    );
}
