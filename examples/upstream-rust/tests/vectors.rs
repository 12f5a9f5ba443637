//! The shared vectors over real HTTP, and the bounds of the parser.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use upstream_rust::{InvalidPortScan, PortScan, VALUE_BYTES_MAX, router};

#[test]
fn every_vector_is_understood_and_answered() {
    let shared = shared();
    let server = serve(router());
    let vectors = shared["vectors"].as_array().unwrap();
    assert!(vectors.len() > 40);
    for vector in vectors {
        let understood = &vector["understood"];
        let decision = &understood["decision"];
        let expected = &shared["decisions"][decision.as_str().unwrap()];
        let headers = headers_of(vector);
        assert_eq!(
            ask(server, "GET", "/", &headers),
            (
                expected["root_status"].as_u64().unwrap(),
                understood.clone()
            ),
            "{}",
            vector["name"]
        );
        assert_eq!(
            ask(server, "GET", "/login", &headers),
            (
                expected["login_status"].as_u64().unwrap(),
                json!({ "decision": decision, "login": expected["login"] }),
            ),
            "{}",
            vector["name"]
        );
    }
}

#[test]
fn another_path_is_not_found_and_stays_forbidden_for_malicious_sources() {
    let server = serve(router());
    let malicious = [("x-portscan".to_owned(), "class=malicious".to_owned())];
    assert_eq!(ask(server, "GET", "/x", &[]).0, 404);
    assert_eq!(ask(server, "GET", "/x", &malicious).0, 403);
}

#[test]
fn head_has_no_body() {
    assert_eq!(ask(serve(router()), "HEAD", "/", &[]), (200, Value::Null));
}

#[test]
fn optional_extractor_answers_none_for_absent_and_malformed() {
    let tell = get(async |scan: Option<PortScan>| format!("{}", scan.is_some()));
    let server = serve(Router::new().route("/", tell));
    for (value, expected) in [("", false), ("risk=101", false), ("risk=100", true)] {
        let headers = [("x-portscan".to_owned(), value.to_owned())];
        assert_eq!(
            ask(server, "GET", "/", &headers),
            (200, json!(expected)),
            "{value:?}"
        );
    }
}

#[test]
fn longest_value_is_read_and_one_byte_more_is_malformed() {
    let mut value = b"class=benign".to_vec();
    value.resize(VALUE_BYTES_MAX, b' ');
    assert!(matches!(PortScan::parse(&value), Ok(Some(_))));
    value.push(b' ');
    assert!(matches!(
        PortScan::parse(&value),
        Err(InvalidPortScan::TooLong)
    ));
}

#[test]
fn no_cut_of_a_value_panics() {
    for vector in shared()["vectors"].as_array().unwrap() {
        for (_, value) in headers_of(vector) {
            for end in 0..value.len() {
                let _ = PortScan::parse(&value.as_bytes()[..end]);
            }
        }
    }
}

fn shared() -> Value {
    serde_json::from_str(include_str!("../../vectors.json")).unwrap()
}

fn headers_of(vector: &Value) -> Vec<(String, String)> {
    serde_json::from_value(vector["headers"].clone()).unwrap()
}

/// Serves on a free port until the test process ends.
fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    address
}

fn ask(server: SocketAddr, method: &str, path: &str, headers: &[(String, String)]) -> (u64, Value) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    stream
        .write_all(format!("{request}\r\n").as_bytes())
        .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}
