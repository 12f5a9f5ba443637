//! Compiles the library that is preloaded into Envoy; this crate carries it as bytes.

use std::{env, path::PathBuf, process::Command};

fn main() {
    println!("cargo:rerun-if-changed=preload");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("preload.so");
    let mut rustc = Command::new(env::var_os("RUSTC").expect("cargo sets it"));
    rustc
        .args([
            "--edition",
            "2024",
            "--crate-name",
            "preload",
            "--crate-type",
            "cdylib",
        ])
        .args([
            "-C",
            "opt-level=2",
            "-C",
            "panic=abort",
            "-C",
            "strip=symbols",
        ])
        .args(["-D", "warnings"])
        .arg("--target")
        .arg(env::var_os("TARGET").expect("cargo sets it"))
        .arg("-o")
        .arg(&out)
        .arg("preload/lib.rs");
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={}", linker.display()));
    }
    let status = rustc.status().expect("rustc starts");
    assert!(status.success(), "preload/lib.rs does not compile");
}
