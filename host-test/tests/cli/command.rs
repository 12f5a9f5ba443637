//! Runs the command.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `host-test` in a folder of its tests.
pub(crate) fn host_test(arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-test"));
    let output = command
        .args(arguments)
        .current_dir(folder())
        .output()
        .unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Where the files of these tests lie.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli")
}

/// Compares a text with a file next to the tests. With `UPDATE=1` the file is written instead.
#[track_caller]
pub(crate) fn assert_is_file(text: &str, path: &Path) {
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(path, text).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        text == expected,
        "{} differs; run this test with UPDATE=1 and look at what changes. It would be:\n{text}",
        path.display()
    );
}
