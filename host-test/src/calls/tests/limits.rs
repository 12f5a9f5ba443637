//! What a guest may ask the host for without end.

use std::sync::Arc;

use miniz_oxide::deflate::compress_to_vec_zlib;

use crate::abi::Status;
use crate::config::{Bootstrap, Code, Plugin, Service};
use crate::guest::{Limits, TrapReason};
use crate::{BuildError, Host};

/// Starts a service that does this when it is configured.
fn start(imports: &str, body: &str, fuel_per_callback: u64) -> Result<Host, BuildError> {
    let code = format!(
        r#"(module {imports}
          (memory (export "memory") 2)
          (func (export "malloc") (param i32) (result i32) (i32.const 1024))
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "proxy_on_configure") (param $times i32) (param i32) (result i32) {body}))"#
    );
    let bootstrap = Bootstrap {
        services: vec![Service {
            plugin: Plugin::new("plugin", Code::Inline(Arc::from(code.as_bytes()))),
            singleton: true,
        }],
        ..Bootstrap::default()
    };
    let limits = Limits {
        fuel_per_callback,
        ..Limits::default()
    };
    Host::builder(bootstrap).limits(limits).build()
}

#[test]
fn bytes_that_are_unpacked_cost_fuel_though_nobody_wants_them() {
    const UNPACKED_BYTES: u64 = 16 << 20;
    let packed = compress_to_vec_zlib(&vec![0; 16 << 20], 6);
    let data: String = packed.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let imports = format!(
        r#"(import "env" "proxy_call_foreign_function"
            (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
          (data (i32.const 0) "uncompress")
          (data (i32.const 16) "{data}")"#
    );
    let unpack = |times: u32| {
        let body = format!(
            "(local.set $times (i32.const {times}))
            (loop $again
              (if (call $call (i32.const 0) (i32.const 10) (i32.const 16) (i32.const {})
                  (i32.const 0) (i32.const 0))
                (then (return (i32.const 0))))
              (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
            (i32.const 1)",
            packed.len()
        );
        start(&imports, &body, 2 * UNPACKED_BYTES)
    };
    assert!(unpack(1).is_ok());
    match unpack(3).err().unwrap() {
        BuildError::Trapped { trap, .. } => assert_eq!(trap.reason, TrapReason::OutOfFuel),
        other => panic!("{other}"),
    }
}

#[test]
fn of_metrics_a_guest_has_so_many_and_no_more() {
    let define = "(call $define (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))";
    let imports = r#"(import "env" "proxy_define_metric"
        (func $define (param i32 i32 i32 i32) (result i32)))"#;
    let last = |count: u32, status: Status| {
        let body = format!(
            "(local.set $times (i32.const {count}))
            (loop $again
              (if {define} (then (return (i32.const 0))))
              (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
            (i32.eq {define} (i32.const {}))",
            status.code()
        );
        start(imports, &body, Limits::default().fuel_per_callback).is_ok()
    };
    assert!(last(99_999, Status::Ok));
    assert!(last(100_000, Status::InternalFailure));
}
