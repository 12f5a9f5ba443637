//! The sensor in front of TLS: what is not encrypted yet, and what never gets there.

use std::{io::Write, net::SocketAddr, process::Command, sync::OnceLock};

use anyhow::{Context, ensure};
use real_envoy::{
    Result, eventually,
    http::{Echo, Source, read_until_close},
    workspace_root,
};

use crate::{
    edge::{self, Edge, PATIENCE},
    greeting::client_hello,
};

#[test]
fn a_failed_handshake_is_a_contact_and_no_silence() -> Result<()> {
    let edge = start()?;
    let service = edge.envoy.addr(10_443);
    let wrong = [
        &b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"[..],
        &old_client_hello(),
        b"SSH-2.0-x\r\n",
    ];
    for (bytes, number) in wrong.into_iter().zip(1..) {
        let mut stream = Source::loopback(24, 0, number).connect(service)?;
        stream.write_all(bytes)?;
        read_until_close(&mut stream, PATIENCE)?;
    }
    edge.wait_for_metric("connections_total.listener.real", 3)?;
    edge.wait_for_metric("evidence_total.kind.handshake", 3)?;
    // Someone who says nothing, for comparison.
    Source::loopback(24, 0, 9).touch(service)?;
    edge.wait_for_metric("connections_total.listener.real", 4)?;
    edge.wait_for_metric("evidence_total.kind.silent", 1)?;
    let failed = format!("listener.0.0.0.0_{}.ssl.connection_error", service.port());
    assert_eq!(edge.envoy.counter(&failed)?, 3);
    Ok(())
}

/// What the README says of it: the sensor sees no byte before the handshake is done.
#[test]
fn half_a_greeting_counts_as_silence() -> Result<()> {
    let edge = start()?;
    let mut stream = Source::loopback(24, 3, 1).connect(edge.envoy.addr(10_443))?;
    let greeting = client_hello(Some("shop.example"));
    stream.write_all(&greeting[..greeting.len() / 2])?;
    drop(stream);
    edge.wait_for_metric("connections_total.listener.real", 1)?;
    edge.wait_for_metric("evidence_total.kind.silent", 1)
}

#[test]
fn a_silent_connection_to_a_tls_service_is_seen() -> Result<()> {
    let edge = start()?;
    for number in 1..=5 {
        Source::loopback(24, 1, number).touch(edge.envoy.addr(10_443))?;
    }
    edge.wait_for_metric("connections_total.listener.real", 5)?;
    edge.wait_for_metric("evidence_total.kind.silent", 5)?;
    // Silence at a real port, once, is what health checks do too.
    edge.wait_for_metric("sources_tracked", 5)?;
    // A scanner, for comparison.
    edge::knock(&Source::loopback(24, 1, 9), edge.decoy(0))?;
    edge.wait_for_metric("sources_tracked", 6)?;
    edge.wait_for_metric("sources_flagged", 1)
}

#[test]
fn requests_over_tls_are_tagged() -> Result<()> {
    let edge = start()?;
    let service = edge.envoy.addr(10_443);
    assert_eq!(tag_over_tls("127.24.2.1", service)?, None);
    edge::knock(&Source::loopback(24, 2, 2), edge.decoy(0))?;
    let tag = eventually("a tagged request", PATIENCE, || {
        tag_over_tls("127.24.2.2", service).ok().flatten()
    })?;
    assert!(tag.starts_with("kind=probe, "), "{tag}");
    Ok(())
}

fn start() -> Result<Edge> {
    make_certificate()?;
    Edge::start("tls.yaml")
}

/// Makes the certificate that the configurations name, unless it is there.
pub(crate) fn make_certificate() -> Result<()> {
    static CERTIFICATE: OnceLock<bool> = OnceLock::new();
    let is_there = CERTIFICATE.get_or_init(|| {
        let made = Command::new(workspace_root().join("envoy/make-test-cert")).status();
        made.is_ok_and(|status| status.success())
    });
    ensure!(is_there, "envoy/make-test-cert has failed");
    Ok(())
}

/// The tag of a request of the address `from` for no name.
fn tag_over_tls(from: &str, service: SocketAddr) -> Result<Option<String>> {
    let code = "import socket, ssl, sys\n\
        context = ssl._create_unverified_context()\n\
        to = (sys.argv[2], int(sys.argv[3]))\n\
        plain = socket.create_connection(to, 10, (sys.argv[1], 0))\n\
        with context.wrap_socket(plain) as tls:\n    \
            tls.sendall(b'GET / HTTP/1.1\\r\\nHost: 1\\r\\nConnection: close\\r\\n\\r\\n')\n    \
            while part := tls.recv(4096):\n        \
                sys.stdout.buffer.write(part)\n";
    let (ip, port) = (service.ip().to_string(), service.port().to_string());
    let output = Command::new("python3")
        .args(["-c", code, from, &ip, &port])
        .output()
        .context("run python3")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "python3: {errors}");
    let answer = String::from_utf8(output.stdout)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer")?;
    ensure!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let seen = Echo::parse(body).context("an echo")?;
    let tags = seen.values("x-portscan");
    ensure!(tags.len() <= 1, "{tags:?}");
    Ok(tags.first().map(|tag| (*tag).to_owned()))
}

/// A ClientHello of TLS 1.0, RFC 2246 section 7.4.1.2, which this edge does not speak.
fn old_client_hello() -> Vec<u8> {
    // Version, random, no session, one cipher suite, no compression.
    let body = [&[3, 1][..], &[7; 32], &[0], &[0, 2, 0, 0x2f], &[1, 0]].concat();
    let length = body.len() as u8;
    [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat()
}
