//! The plugin, as its users meet it, without a proxy.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use host_test::config::{Bootstrap, Code, Plugin};
use host_test::guest::Engine;
use host_test::{Connect, Host, Request, Response, StreamView};

#[test]
fn a_request_with_a_key_reaches_the_upstream() {
    let request = Request::new("GET", "/menu", "shop.example").header("X-API-Key", "secret");
    let seen = answer_to(&request);
    assert_eq!(seen.response_code, Some(200));
    let upstream = seen.upstream.expect("the upstream should have got it");
    assert_eq!(upstream.headers.get(b":path"), Some(&b"/menu"[..]));
}

#[test]
fn a_request_without_a_key_is_refused() {
    let seen = answer_to(&Request::new("GET", "/menu", "shop.example"));
    assert_eq!(seen.response_code, Some(401));
    assert_eq!(seen.response_body, b"who are you?\n");
    assert_eq!(seen.upstream, None);
}

#[test]
fn every_worker_has_a_plugin_of_its_own() {
    let mut host = host(4);
    for worker in host.workers_mut() {
        let client = "203.0.113.7:40000".parse().unwrap();
        let connection = worker
            .connect(Connect::new(client, Bootstrap::ADDRESS))
            .unwrap();
        let stream = worker
            .request(connection, &Request::new("GET", "/", "shop.example"))
            .unwrap();
        assert_eq!(worker.stream(stream).unwrap().response_code, Some(401));
    }
}

fn answer_to(request: &Request) -> StreamView {
    let mut host = host(1);
    let worker = &mut host.workers_mut()[0];
    worker.set_default_response(Some(Response::new(200)));
    let client = "203.0.113.7:40000".parse().unwrap();
    let connection = worker
        .connect(Connect::new(client, Bootstrap::ADDRESS))
        .unwrap();
    let stream = worker.request(connection, request).unwrap();
    worker.stream(stream).unwrap()
}

fn host(workers: usize) -> Host {
    // Compiled once for all tests of this process.
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| Engine::new().unwrap());
    let plugin = Plugin::new("gate", Code::File(module()));
    Host::builder(Bootstrap::http_filter(plugin))
        .workers(workers)
        .engine(engine)
        .build()
        .unwrap()
}

/// The plugin as wasm, built by cargo into a folder of its own, so that it does not wait for the
/// cargo that runs this test.
fn module() -> PathBuf {
    static MODULE: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = here.join("../../target/embed-the-harness");
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--release",
                "--target",
                "wasm32-unknown-unknown",
            ])
            .arg("--manifest-path")
            .arg(here.join("plugin/Cargo.toml"))
            .arg("--target-dir")
            .arg(&folder)
            .status()
            .unwrap();
        assert!(built.success(), "the plugin does not build: see above");
        folder.join("wasm32-unknown-unknown/release/embed_plugin.wasm")
    };
    MODULE.get_or_init(build).clone()
}
