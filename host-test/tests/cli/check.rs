//! `host-test check`.

use super::command::{Ran, folder, host_test};

/// Checks a module in text form, with more arguments.
fn check(name: &str, module: &str, more: &[&str]) -> Ran {
    let path = std::env::temp_dir().join(format!("host-test-check-{}-{name}", std::process::id()));
    std::fs::write(&path, module).unwrap();
    let path_text = path.display().to_string();
    let mut arguments = vec!["check", &path_text];
    arguments.extend(more);
    let mut ran = host_test(&arguments);
    ran.stdout = ran.stdout.replace(&path_text, "M");
    std::fs::remove_file(&path).unwrap();
    ran
}

const GOOD: &str = r#"(module
  (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
  (memory (export "memory") 17)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "proxy_on_tick") (param i32)))"#;

#[test]
fn a_good_module_is_described_in_one_line() {
    let ran = check("good", GOOD, &[]);
    assert_eq!(
        ran.stdout,
        "M: proxy_abi_version_0_2_1, 137 bytes, 1114112 bytes of memory at the beginning, \
         1 imports, 2 callbacks\n"
    );
    assert_eq!(ran.code, Some(0));
}

#[test]
fn each_problem_is_a_line_and_ends_with_1() {
    let bad = GOOD
        .replace("(param i32 i32 i32)", "(param i64)")
        .replace("proxy_log\" (func", "proxy_done\" (func")
        .replace("malloc", "mallow")
        .replace(
            "(export \"proxy_on_tick\") (param i32)",
            "(export \"proxy_on_tick\")",
        )
        .replace("(export \"memory\")", "");
    let ran = check("bad", &bad, &[]);
    assert_eq!(
        ran.stdout,
        "M: the import env.proxy_done is not what the host has; Envoy: Failed to load Wasm module \
         due to an import type mismatch: env.proxy_done, want: i64 -> i32, but host exports: \
         void -> i32\n\
         M: the export proxy_on_tick is not what the host calls; Envoy: Bad function signature \
         for: proxy_on_tick, want: i32 -> void, but the module exports: void -> void\n\
         M: none of the exports proxy_on_memory_allocate, malloc; Envoy: Wasm module is missing \
         malloc function.\n\
         M: no export of a memory\n"
    );
    assert_eq!(ran.code, Some(1));
}

#[test]
fn an_import_of_another_version_is_unknown() {
    let old = GOOD.replace(
        "proxy_log\" (func (param i32 i32 i32)",
        "proxy_clear_route_cache\" (func",
    );
    let ran = check("old", &old, &[]);
    assert_eq!(
        ran.stdout,
        "M: proxy_abi_version_0_2_1 has no import env.proxy_clear_route_cache, \
         proxy_abi_version_0_1_0 has; Envoy: Failed to load Wasm module due to a missing import: \
         env.proxy_clear_route_cache\n"
    );
    assert_eq!(
        check("old", &old.replace("0_2_1", "0_1_0"), &[]).code,
        Some(0)
    );
}

#[test]
fn limits_are_kept() {
    let ran = check(
        "limits",
        GOOD,
        &["--max-size", "100", "--max-memory", "65536"],
    );
    assert_eq!(
        ran.stdout,
        "M: 137 bytes, at most 100 are allowed\n\
         M: 1114112 bytes of memory at the beginning, at most 65536 are allowed\n"
    );
    let ran = check(
        "limits",
        GOOD,
        &["--max-size", "137", "--max-memory", "1114112"],
    );
    assert_eq!(ran.code, Some(0));
}

#[test]
fn imports_beyond_the_allow_list_are_refused() {
    let ran = check("allow", GOOD, &["--allow", "proxy_get_property"]);
    assert_eq!(
        ran.stdout,
        "M: the import env.proxy_log is not on the allow-list\n"
    );
    assert_eq!(
        check("allow", GOOD, &["--allow", "proxy_log"]).code,
        Some(0)
    );
    assert_eq!(
        check("allow", GOOD, &["--allow", "env.proxy_log"]).code,
        Some(0)
    );
    let list = folder().join("allow-list.txt").display().to_string();
    assert_eq!(check("allow", GOOD, &["--allow-list", &list]).code, Some(0));
}

#[test]
fn what_is_no_module_is_told_in_one_line() {
    for (module, expected) in [
        (
            "\0asm nonsense",
            "M: no valid module: unknown binary version",
        ),
        (
            "(module (func $f",
            "M: neither a binary module nor the text of one: expected `)`",
        ),
        (
            "nonsense",
            "M: neither a binary module nor the text of one: expected `(`",
        ),
        ("", "M: neither a binary module nor the text of one"),
    ] {
        let ran = check("none", module, &[]);
        assert!(ran.stdout.starts_with(expected), "{ran:?}");
        assert!(
            ran.stdout.ends_with("; Envoy: Failed to load Wasm code\n"),
            "{ran:?}"
        );
        assert_eq!(
            (ran.code, ran.stdout.lines().count()),
            (Some(1), 1),
            "{ran:?}"
        );
    }
    let ran = host_test(&["check", "nowhere.wasm"]);
    assert_eq!(
        ran.stderr,
        "host-test: nowhere.wasm: No such file or directory (os error 2)\n"
    );
    assert_eq!(ran.code, Some(2));
}
