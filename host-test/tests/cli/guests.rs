//! Guests that do what guests must not do: each is told in words, and none takes the harness along.

use super::command::{Ran, folder, host_test};

/// Runs a request through a module with these fields, in a scenario with these lines more.
fn run(name: &str, module: &str, more: &str) -> Ran {
    let path = std::env::temp_dir().join(format!("host-test-{}-{name}.yaml", std::process::id()));
    let module: String = module.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "plugin:\n  wat: |\n{module}{more}steps:\n- request: {{ path: /, expect: {{ response: {{ received: true }} }} }}\n"
    );
    std::fs::write(&path, text).unwrap();
    let mut ran = host_test(&["run", &path.display().to_string()]);
    ran.stdout = ran.stdout.replace(&path.display().to_string(), "S");
    std::fs::remove_file(&path).unwrap();
    ran
}

const HEAD: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
"#;

/// Runs a guest whose `on_request_headers` calls `$f`.
fn run_on_request(name: &str, f: &str, more: &str) -> Ran {
    let callback = r#"
  (func $on_request (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $f) (i32.const 0)))"#;
    run(name, &format!("{HEAD}{f}{callback}"), more)
}

#[test]
fn a_trap_names_callback_and_functions() {
    let ran = run_on_request("trap", "(func $f unreachable)", "");
    let expected = "the guest trapped on worker 0: proxy_on_request_headers: wasm trap: wasm \
                    `unreachable` instruction executed, in f ← on_request\n";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
    assert_eq!(ran.code, Some(1));
}

#[test]
fn recursion_without_end_is_a_trap() {
    let ran = run_on_request("recursion", "(func $f (call $f))", "");
    let expected = "the guest trapped on worker 0: proxy_on_request_headers: recursed too deeply";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
}

#[test]
fn an_endless_loop_ends_and_names_the_callback() {
    let ran = run_on_request("loop", "(func $f (loop $l (br $l)))", "");
    let expected = "the guest trapped on worker 0: proxy_on_request_headers: used up its fuel: an \
                    endless loop?";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
}

#[test]
fn a_host_call_that_ends_the_guest_is_in_the_trace() {
    let module = r#"(module
  (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) ":path")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) unreachable)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $get (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 8) (i32.const 12))))"#;
    let ran = run("allocator", module, "");
    let expected = "proxy_get_header_map_value map=0 name=\":path\" -> trap: wasm trap: wasm \
                    `unreachable` instruction executed\n";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
}

#[test]
fn a_log_that_does_not_fit_fails_the_case() {
    // 20 lines of 16 MiB each; the text lies in memory that is zero.
    let module = r#"(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 257)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "proxy_on_request_headers") (param $lines i32) (param i32 i32) (result i32)
    (local.set $lines (i32.const 20))
    (loop $again
      (drop (call $log (i32.const 2) (i32.const 16) (i32.const 16777216)))
      (br_if $again (local.tee $lines (i32.sub (local.get $lines) (i32.const 1)))))
    (i32.const 0)))"#;
    let ran = run("lines", module, "");
    let expected = "4 lines of the log did not fit and are lost\n";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
    assert_eq!(ran.code, Some(1));
}

#[test]
fn a_case_may_say_how_many_traps_it_has() {
    let trap = "(func $f unreachable)";
    assert_eq!(run_on_request("expected", trap, "traps: 1\n").code, Some(0));
    let ran = run_on_request("more", trap, "traps: 2\n");
    assert!(
        ran.stdout.contains("S:10:8: traps: expected 2, found 1\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_module_that_does_not_fit_is_told_in_one_line() {
    for (name, module, expected) in [
        (
            "abi",
            HEAD.replace("_0_2_1", "_0_9_0") + ")",
            "no version of the ABI: one of the exports",
        ),
        (
            "allocator",
            HEAD.replace("malloc", "mallow") + ")",
            "no export malloc or",
        ),
        (
            "memory",
            HEAD.replace("(export \"memory\")", "") + ")",
            "no export memory",
        ),
        (
            "import",
            HEAD.replace("(module", "(module (import \"env\" \"proxy_dance\" (func))") + ")",
            "unknown import env.proxy_dance",
        ),
        (
            "callback",
            HEAD.to_owned() + "(func (export \"proxy_on_tick\")))",
            "export proxy_on_tick has a wrong signature",
        ),
        (
            "start",
            HEAD.to_owned() + "(func $start unreachable) (start $start))",
            "`unreachable` instruction executed",
        ),
    ] {
        let ran = run(name, &module, "");
        let reasons: Vec<&str> = ran
            .stdout
            .lines()
            .filter(|line| line.starts_with("  S: "))
            .collect();
        assert_eq!(reasons.len(), 1, "{name}: {}", ran.stdout);
        assert!(reasons[0].contains(expected), "{name}: {}", ran.stdout);
        assert_eq!(ran.code, Some(1), "{name}");
    }
}

#[test]
fn a_file_that_is_no_module_is_told_with_its_name() {
    let path =
        std::env::temp_dir().join(format!("host-test-{}-no-module.yaml", std::process::id()));
    let no_module = folder().join("allow-list.txt");
    let text = format!(
        "plugin: {{ module: {} }}\nsteps: [ connect: {{}} ]\n",
        no_module.display()
    );
    std::fs::write(&path, text).unwrap();
    let ran = host_test(&["run", &path.display().to_string()]);
    std::fs::remove_file(&path).unwrap();
    assert!(
        ran.stdout
            .contains("plugin \"plugin\": not a wasm module: "),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.code, Some(1));
}
