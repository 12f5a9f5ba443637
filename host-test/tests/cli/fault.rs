//! `host-test fault`, with guests that tag a request when shared data says so.

use std::path::{Path, PathBuf};

use super::command::{Ran, host_test};

/// `$status` holds what shared data answered, `$length` how many bytes: three make a verdict.
const SOUND: &str =
    "(if (i32.and (i32.eqz (local.get $status)) (i32.eq (local.get $length) (i32.const 3)))
      (then (call $tag)))";
/// A failure that nobody has thought of.
const TRAPS: &str = "(if (i32.gt_u (local.get $status) (i32.const 1)) (then unreachable))";
/// Whatever is not NotFound is taken for a verdict.
const CONDEMNS: &str = "(if (i32.ne (local.get $status) (i32.const 1)) (then (call $tag)))";
/// Asks again until there is an answer.
const INSISTS: &str = "(br_if $again (i32.gt_u (local.get $status) (i32.const 1)))";

/// Does this, and otherwise what is right.
fn also_sound(body: &str) -> String {
    format!("{body}\n{SOUND}")
}

/// Writes a scenario into a file of its own.
fn written(name: &str, text: &str) -> PathBuf {
    let file = format!("host-test-fault-{}-{name}.yaml", std::process::id());
    let path = std::env::temp_dir().join(file);
    std::fs::write(&path, text).unwrap();
    path
}

/// A scenario with a guest that does this with what it got, and the arguments for the command.
fn sweep(name: &str, body: &str, arguments: &[&str]) -> (PathBuf, Ran) {
    let text = format!(
        r#"description: A request is tagged when shared data says so.
plugin:
  wat: |
    (module
      (import "env" "proxy_get_shared_data"
        (func $get (param i32 i32 i32 i32 i32) (result i32)))
      (import "env" "proxy_add_header_map_value"
        (func $add (param i32 i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "flaggedx-tagyes")
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 100))
      (func $tag
        (drop (call $add
          (i32.const 0) (i32.const 7) (i32.const 5) (i32.const 12) (i32.const 3))))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (local $status i32) (local $length i32)
        (loop $again
          (i32.store (i32.const 36) (i32.const 0))
          (local.set $status (call $get
            (i32.const 0) (i32.const 7) (i32.const 32) (i32.const 36) (i32.const 40)))
          (local.set $length (i32.load (i32.const 36)))
          {body})
        (i32.const 0)))
steps:
- request: {{ expect: {{ upstream: {{ headers: {{ x-tag: {{ absent: true }} }} }}, response: {{ status: 200 }} }} }}
- shared_data: {{ key: flagged, value: "yes" }}
- request: {{ expect: {{ upstream: {{ headers: {{ x-tag: "yes" }} }} }} }}
"#,
        body = body.replace('\n', "\n    ")
    );
    let path = written(name, &text);
    let ran = host_test(&[&["fault", &path.display().to_string()], arguments].concat());
    std::fs::remove_file(&path).unwrap();
    (path, ran)
}

#[test]
fn a_sound_guest_has_no_violations() {
    let (path, ran) = sweep("sound", SOUND, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let said = format!(
        "{}: 62 faults, 0 did not happen, 0 ended at the start, 0 with violations; host calls \
         without a fault: proxy_add_header_map_value 1, proxy_get_shared_data 2\n",
        path.display()
    );
    assert!(ran.stdout.starts_with(&said), "{ran:?}");
}

#[test]
fn a_guest_that_traps_is_found_and_the_fault_injected_again() {
    let (path, ran) = sweep("traps", &also_sound(TRAPS), &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let fault = "proxy_get_shared_data#1=BadArgument";
    let trapped = format!("{fault}: the guest trapped on worker 0: ");
    assert!(ran.stdout.contains(&trapped), "{ran:?}");
    let again = format!("again: host-test fault {} --only '{fault}'", path.display());
    assert!(ran.stdout.contains(&again), "{ran:?}");
    let (_, ran) = sweep("traps-again", &also_sound(TRAPS), &["--only", fault]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stdout.contains(": 1 faults, 0 did not happen"),
        "{ran:?}"
    );
}

#[test]
fn a_guest_that_condemns_without_a_verdict_is_found() {
    let (_, ran) = sweep("condemns", CONDEMNS, &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let wrong = "proxy_get_shared_data#1=InternalFailure: upstream header x-tag: ";
    assert!(ran.stdout.contains(wrong), "{ran:?}");
    // What it does once it has a verdict is right, with and without a fault.
    assert!(
        !ran.stdout.contains("proxy_get_shared_data#2=Internal"),
        "{ran:?}"
    );
}

#[test]
fn a_guest_that_asks_for_ever_is_found() {
    let (_, ran) = sweep(
        "insists",
        &also_sound(INSISTS),
        &["--only", "proxy_get_shared_data#*=Empty"],
    );
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let hangs = "proxy_get_shared_data#*=Empty: the guest trapped on worker 0: ";
    assert!(ran.stdout.contains(hangs), "{ran:?}");
}

#[test]
fn what_is_no_fault_is_told() {
    let (_, ran) = sweep("no-fault", SOUND, &["--only", "proxy_fly#1=Ok"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.stderr
            .contains("\"proxy_fly#1=Ok\" is no fault: expected"),
        "{ran:?}"
    );
}

#[test]
fn the_readme_says_what_is_said() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let (_, faults) = text.split_once("### Faults\n").unwrap();
    let block = |kind: &str| {
        let (_, block) = faults.split_once(&format!("```{kind}\n")).unwrap();
        block.split_once("```").unwrap().0
    };
    let guests = folder.join("tests/guests").display().to_string();
    let path = written("readme", &block("yaml").replace("tests/guests", &guests));
    let file = path.display().to_string();
    let all = host_test(&["fault", &file]);
    let fault = "proxy_get_shared_data#1=CasMismatch";
    let one = host_test(&["fault", &file, "--only", fault]);
    std::fs::remove_file(&path).unwrap();
    let commands: Vec<&str> = block("console").split("$ host-test").collect();
    for (ran, command) in [(all, commands[1]), (one, commands[2])] {
        assert_eq!(ran.code, Some(1), "{ran:?}");
        // Without the command, and the last line, which says how long it took.
        let said = command.split_once('\n').unwrap().1.trim_end();
        let said = said.rsplit_once('\n').unwrap().0;
        let stdout = ran.stdout.replace(&file, "scenario.yaml");
        assert!(stdout.contains(said), "{stdout}");
    }
}
