//! Connections whose ends are no IP addresses: counted, passed on, judged never.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use anyhow::Context;
use real_envoy::{
    Result, Scratch,
    http::{Echo, Source},
};

use crate::edge::{self, Edge, PATIENCE, stranger};

#[test]
fn a_connection_over_a_pipe_is_passed_on_unjudged() -> Result<()> {
    for file in ["edge.yaml", "edge-inspect.yaml", "block.yaml"] {
        let scratch = Scratch::new()?;
        let (service, decoy) = (scratch.path("service"), scratch.path("decoy"));
        let edge = Edge::start_with(file, |builder| {
            builder
                .replace(&v6(10_000), &pipe(&service))
                .replace(&v6(10_022), &pipe(&decoy))
        })?;
        assert_eq!(over_pipe(&service, REQUEST)?, Some(None), "{file}");
        for _ in 0..2 {
            assert_eq!(over_pipe(&decoy, b"SSH-2.0-x\r\n")?, None, "{file}");
        }
        // No verdict on one pipe says anything of another.
        assert_eq!(over_pipe(&service, REQUEST)?, Some(None), "{file}");
        edge.wait_for_metric("address_errors_total", 4)?;
        // Everybody else is judged as ever.
        let scanner = Source::loopback(25, 0, 1);
        edge::knock(&scanner, edge.decoy(1))?;
        assert!(edge.wait_for_tag(&scanner)?.starts_with("kind=probe"));
        edge.wait_for_metric("sources_tracked", 1)?;
        assert_eq!(edge.counted("host_errors_total")?, 0, "{file}");
        assert_eq!(edge.metric("address_errors_total")?, 4, "{file}");
    }
    Ok(())
}

#[test]
fn a_connection_inside_envoy_is_passed_on_unjudged() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| {
        builder
            .replace(EXTENSIONS, &format!("{EXTENSIONS}{INTERNAL_EXTENSION}"))
            .replace("  listeners:\n", &format!("  listeners:\n{FRONT}"))
            .replace(
                &format!(
                    "    address: {{ socket_address: {{ address: 0.0.0.0, port_value: 10000 }} }}\n{}",
                    v6(10_000)
                ),
                "    internal_listener: {}\n",
            )
            .replace("  clusters:\n", &format!("  clusters:\n{INSIDE}"))
    })?;
    let front = edge.envoy.addr(10_001);
    let client = Source::loopback(25, 1, 1);
    for round in 1..=3 {
        assert_eq!(edge::tag(&client.send(front, &stranger())?)?, None);
        edge.wait_for_metric("address_errors_total", round)?;
    }
    // Nothing in front of the inner listener says who that is, so a verdict does not reach it.
    edge::knock(&client, edge.decoy(0))?;
    edge.wait_for_metric("sources_flagged", 1)?;
    assert_eq!(edge::tag(&client.send(front, &stranger())?)?, None);
    edge.wait_for_metric("address_errors_total", 4)?;
    edge.wait_for_metric("sources_tracked", 1)?;
    assert_eq!(edge.metric("host_errors_total")?, 0);
    Ok(())
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// The lines of the configurations that listen on `port` with IPv6.
fn v6(port: u16) -> String {
    let address = format!("address: \"::\", port_value: {port}");
    format!("    additional_addresses:\n    - address: {{ socket_address: {{ {address} }} }}\n")
}

/// The lines that listen on a pipe instead.
fn pipe(path: &Path) -> String {
    let path = path.display();
    format!("    additional_addresses:\n    - address: {{ pipe: {{ path: \"{path}\" }} }}\n")
}

/// Writes `bytes` into the pipe and reads to the end: nothing, or the tag of the request.
fn over_pipe(path: &Path, bytes: &[u8]) -> Result<Option<Option<String>>> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(bytes)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    if answer.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8(answer)?;
    let (_, body) = text.split_once("\r\n\r\n").context("an answer")?;
    let seen = Echo::parse(body).context("an echo")?;
    let tag = seen
        .values("x-portscan")
        .first()
        .map(|tag| (*tag).to_owned());
    Ok(Some(tag))
}

const EXTENSIONS: &str = "bootstrap_extensions:\n";

const INTERNAL_EXTENSION: &str = "\
- name: envoy.bootstrap.internal_listener
  typed_config:
    \"@type\": type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener
";

/// A plain listener that passes bytes on to the service inside.
const FRONT: &str = "
  - name: front
    address: { socket_address: { address: 127.0.0.1, port_value: 10001 } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.tcp_proxy
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: front
          cluster: inside
";

const INSIDE: &str = "
  - name: inside
    connect_timeout: 2s
    load_assignment:
      cluster_name: inside
      endpoints:
      - lb_endpoints:
        - endpoint: { address: { envoy_internal_address: { server_listener_name: service } } }
";
