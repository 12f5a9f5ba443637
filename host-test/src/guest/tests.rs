//! Modules that no host should run as they are: what they are told, and that the host lives on.

use std::sync::Arc;

use super::{Limits, TrapReason, UnknownImports};
use crate::config::{Bootstrap, Code, Plugin, Service};
use crate::{BuildError, Host, HostBuilder};

/// A module with these fields, beside what the ABI wants.
fn module(fields: &str) -> String {
    format!(
        r#"(module {fields}
          (func (export "proxy_abi_version_0_2_1")))"#
    )
}

const MEMORY: &str = r#"(memory (export "memory") 1)
    (func (export "malloc") (param i32) (result i32) (i32.const 1024))"#;

fn builder(code: impl AsRef<[u8]>) -> HostBuilder {
    let code = Code::Inline(Arc::from(code.as_ref()));
    Host::builder(Bootstrap {
        services: vec![Service {
            plugin: Plugin::new("plugin", code),
            singleton: true,
        }],
        ..Bootstrap::default()
    })
}

#[track_caller]
fn refusal(code: impl AsRef<[u8]>) -> String {
    let error = builder(code).build().err().unwrap();
    error.to_string()
}

#[track_caller]
fn trap(builder: HostBuilder) -> TrapReason {
    match builder.build().err().unwrap() {
        BuildError::Trapped { trap, .. } => trap.reason,
        other => panic!("{other}"),
    }
}

/// A module whose `on_configure` runs this, and returns what it leaves.
fn configured(imports: &str, body: &str) -> String {
    module(&format!(
        r#"{imports} {MEMORY}
          (func (export "proxy_on_configure") (param i32 i32) (result i32) {body})"#
    ))
}

#[test]
fn what_is_no_module_is_told_so() {
    for (code, words) in [
        (&b"hello"[..], "not a wasm module"),
        (b"", "not a wasm module"),
        (b"\0asm\x01\0\0\0\x01", "not a wasm module"),
        (b"(module (func", "not a wasm module"),
    ] {
        let refusal = refusal(code);
        assert!(refusal.contains(words), "{refusal}");
        assert!(refusal.starts_with("plugin \"plugin\": "), "{refusal}");
    }
}

#[test]
fn a_module_that_lacks_something_is_told_what() {
    let without = |export: &str| MEMORY.replace(&format!("{export:?}"), "\"other\"");
    for (code, words) in [
        (format!("(module {MEMORY})"), "no version of the ABI"),
        (module(&without("memory")), "no export memory"),
        (
            module(&without("malloc")),
            "no export malloc or proxy_on_memory_allocate",
        ),
    ] {
        let refusal = refusal(code);
        assert!(refusal.contains(words), "{refusal}");
    }
}

#[test]
fn an_unknown_import_is_named() {
    let import = r#"(import "env" "proxy_fly" (func (param i32) (result i32)))"#;
    let refusal = refusal(module(&format!("{import} {MEMORY}")));
    assert!(
        refusal.contains("unknown import env.proxy_fly"),
        "{refusal}"
    );
}

#[test]
fn an_unknown_import_can_be_a_stub_until_it_is_called() {
    let import = r#"(import "env" "proxy_fly" (func $fly (param i64) (result f64)))
                    (import "env" "proxy_fly" (func (param i64) (result f64)))"#;
    let unused = configured(import, "(i32.const 1)");
    let stubbed = |code: &str| builder(code).unknown_imports(UnknownImports::Stub);
    assert!(stubbed(&unused).build().is_ok());
    let used = configured(import, "(drop (call $fly (i64.const 1))) (i32.const 1)");
    assert_eq!(
        trap(stubbed(&used)),
        TrapReason::Stub("env.proxy_fly".to_owned())
    );
    // The other way is not spoilt by this one.
    assert!(builder(&unused).build().is_err());
}

#[test]
fn a_stub_is_no_way_around_a_wrong_signature() {
    let import = r#"(import "env" "proxy_log" (func (param i64)))"#;
    let code = module(&format!("{import} {MEMORY}"));
    let error = builder(code).unknown_imports(UnknownImports::Stub).build();
    let error = error.err().unwrap().to_string();
    assert!(
        error.contains("import env.proxy_log has a wrong signature"),
        "{error}"
    );
}

#[test]
fn recursion_ends() {
    let code = module(&format!(
        r#"{MEMORY}
          (func $deep (param i64 i64) (result i32) (call $deep (i64.const 1) (i64.const 2)))
          (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (call $deep (i64.const 1) (i64.const 2)))"#
    ));
    assert_eq!(trap(builder(code)), TrapReason::StackOverflow);
}

#[test]
fn memory_grows_as_far_as_it_may() {
    let grow = |pages: u32, wanted: i32| {
        let body = format!("(i32.eq (memory.grow (i32.const {pages})) (i32.const {wanted}))");
        let limits = Limits {
            memory_bytes: 4 << 16,
            ..Limits::default()
        };
        builder(configured("", &body))
            .limits(limits)
            .build()
            .is_ok()
    };
    assert!(grow(3, 1));
    assert!(grow(4, -1));
    assert!(grow(65_535, -1));
}

#[test]
fn a_memory_that_is_too_big_from_the_beginning_is_refused() {
    let big = MEMORY.replace("1)", "5)");
    let limits = Limits {
        memory_bytes: 4 << 16,
        ..Limits::default()
    };
    let error = builder(module(&big)).limits(limits).build().err().unwrap();
    assert!(
        error.to_string().contains("cannot be instantiated"),
        "{error}"
    );
    assert!(error.to_string().contains("memory"), "{error}");
}

#[test]
fn an_allocator_that_traps_ends_the_callback() {
    let code = |allocator: &str| {
        module(&format!(
            r#"(import "env" "proxy_get_property"
                (func $get (param i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_get_current_time_nanoseconds"
                (func $time (param i32) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 0) "plugin_name")
              (func (export "malloc") (param i32) (result i32) {allocator})
              (func (export "proxy_on_configure") (param i32 i32) (result i32)
                (call $get (i32.const 0) (i32.const 11) (i32.const 16) (i32.const 20)))"#
        ))
    };
    let reason = trap(builder(code("unreachable")));
    assert!(
        matches!(&reason, TrapReason::Wasm(words) if words.contains("unreachable")),
        "{reason}"
    );
    let reason = trap(builder(code("(loop $again (br $again)) (i32.const 1)")));
    assert_eq!(reason, TrapReason::OutOfFuel);
    let reason = trap(builder(code("(call $time (i32.const 0))")));
    let name = "proxy_get_current_time_nanoseconds";
    assert_eq!(reason, TrapReason::RestrictedCall(name));
    // It calls what gets it called again.
    let again = "(call $get (i32.const 0) (i32.const 11) (i32.const 16) (i32.const 20))";
    let reason = trap(builder(code(again)));
    assert_eq!(reason, TrapReason::RestrictedCall("proxy_get_property"));
}

#[test]
fn a_start_function_has_no_host_yet() {
    let code = |body: &str| {
        module(&format!(
            r#"(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
              (import "env" "proxy_set_shared_data"
                (func $set (param i32 i32 i32 i32 i32) (result i32)))
              {MEMORY}
              (global $status (mut i32) (i32.const 99))
              (func $start {body})
              (start $start)
              (func (export "proxy_on_configure") (param i32 i32) (result i32)
                (i32.eq (global.get $status) (i32.const 6)))"#
        ))
    };
    let log = "(global.set $status (call $log (i32.const 2) (i32.const 0) (i32.const 4)))";
    assert!(builder(code(log)).build().is_ok());
    let refusal = refusal(code("(loop $again (br $again))"));
    assert!(refusal.contains("cannot be instantiated"), "{refusal}");
    assert!(refusal.contains("fuel"), "{refusal}");
}

#[test]
fn a_grpc_service_without_a_target_ends_envoy() {
    let import = r#"(import "env" "proxy_grpc_stream"
        (func $stream (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (data (i32.const 0) "empty")"#;
    let nothing = "(i32.const 0) ".repeat(7);
    let body = format!("(call $stream (i32.const 0) (i32.const 5) {nothing})");
    let reason = trap(builder(configured(import, &body)));
    assert!(matches!(reason, TrapReason::EndsEnvoy(_)), "{reason}");
}
