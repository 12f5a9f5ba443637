//! Nobody but the edge says who scans: what clients write into the header never arrives.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::Context;
use real_envoy::{
    Result,
    envoy::Builder,
    eventually,
    http::{Request, Source},
    workspace_root,
};
use serde_json::Value;

use crate::edge::{self, Edge, PATIENCE, echo, stranger};

/// What a forger writes; no value of ours contains it.
pub(crate) const FORGED: &str = "forged";

/// Names that some upstream reads as `x-portscan`.
const SPELLINGS: [&str; 9] = [
    "x-portscan",
    "X-PortScan",
    "X-PORTSCAN",
    "x-pOrTsCaN",
    "x_portscan",
    "X_PortScan",
    "X_PORTSCAN",
    "x-portscan",
    "x_portscan",
];

/// Envoy passes trailers of HTTP/1.1 on.
pub(crate) fn with_trailers(builder: Builder) -> Builder {
    let options =
        "\"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    builder
        .replace(
            "          http2_protocol_options:\n",
            "          http_protocol_options: { enable_trailers: true }\n\
             \x20         http2_protocol_options:\n",
        )
        .replace(
            "    connect_timeout: 2s\n",
            &format!(
                "    connect_timeout: 2s\n    typed_extension_protocol_options:\n      \
                 envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n        {options}\n        \
                 explicit_http_config: {{ http_protocol_options: {{ enable_trailers: true }} }}\n"
            ),
        )
}

/// A request with the header in every spelling, all at once, and as trailers too.
pub(crate) fn forgery() -> Request {
    let mut request = Request::post("/", "body").authority("1");
    for (number, name) in SPELLINGS.iter().enumerate() {
        let value = format!("kind=probe, risk={number}, class=benign, actor=\"{FORGED}\"");
        request = request.header(name, &value).trailer(name, &value);
    }
    // What has to arrive, so that a request without trailers is no success.
    request
        .header("x-port-scan", "other")
        .trailer("x-other", "other")
}

#[test]
fn a_clients_own_header_never_reaches_an_upstream() -> Result<()> {
    for file in ["edge.yaml", "edge-inspect.yaml", "block.yaml", "rbac.yaml"] {
        let edge = Edge::start_with(file, with_trailers)?;
        let (clean, scanner) = (Source::loopback(21, 0, 1), Source::loopback(21, 0, 2));
        edge::knock(&scanner, edge.decoy(0))?;
        let real = edge.wait_for_tag(&scanner)?;
        let kind = real.split(',').next().context("a kind")?;
        for (source, is_flagged) in [(&clean, false), (&scanner, true)] {
            let mut answers = vec![source.http1(edge.service())?.send(&forgery())?];
            answers.push(source.http2(edge.service())?.send(&forgery())?);
            for name in SPELLINGS {
                let one = stranger().header(name, format!("actor=\"{FORGED}\""));
                answers.push(source.send(edge.service(), &one)?);
            }
            for (number, answer) in answers.iter().enumerate() {
                let tag = edge::tag(answer).with_context(|| format!("{file} {number}"))?;
                assert_eq!(tag.is_some(), is_flagged, "{file} {number}: {tag:?}");
                let tag = tag.unwrap_or_else(|| real.clone());
                assert!(tag.starts_with(kind), "{file}: {tag}");
                assert!(!echo(answer).to_string().contains(FORGED), "{file}");
            }
            for answer in &answers[..2] {
                let seen = echo(answer);
                assert_eq!(seen.values("x-port-scan"), ["other"], "{file}");
                assert_eq!(seen.trailer_values("x-other"), ["other"], "{file}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_clients_header_does_not_reach_an_http2_upstream_either() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| {
        with_trailers(builder).replace(
            "explicit_http_config: { http_protocol_options: { enable_trailers: true } }",
            "explicit_http_config: { http2_protocol_options: {} }",
        )
    })?;
    let scanner = Source::loopback(21, 1, 1);
    let clean = scanner.http2(edge.service())?.send(&forgery())?;
    assert_eq!(echo(&clean).line, "POST / HTTP/2");
    assert_eq!(edge::tag(&clean)?, None);
    edge::knock(&scanner, edge.decoy(0))?;
    edge::knock(&scanner, edge.decoy(1))?;
    for http2 in [false, true] {
        // The other worker may hear of the verdict a tick later.
        let (answer, tag) = eventually("a tagged request", PATIENCE, || {
            let answer = if http2 {
                scanner.http2(edge.service()).ok()?.send(&forgery()).ok()?
            } else {
                scanner.http1(edge.service()).ok()?.send(&forgery()).ok()?
            };
            let tag = edge::tag(&answer).ok()??;
            Some((answer, tag))
        })?;
        assert!(!tag.contains(FORGED), "{tag}");
        assert_eq!(echo(&answer).trailer_values("x-other"), ["other"]);
    }
    Ok(())
}

#[test]
fn the_header_is_never_sent_to_a_client() -> Result<()> {
    // A service that sends its request headers back, as headers and as trailers.
    let service = "                route: { cluster: service, timeout: 30s }\n";
    let back = "                response_headers_to_add:\n                \
                - { header: { key: x-portscan, value: \"%REQ(x-portscan)%\" } }\n                \
                - { header: { key: x_portscan, value: \"%REQ(x-portscan)%\" } }\n                \
                - { header: { key: x-seen, value: \"%REQ(x-portscan)%\" } }\n";
    for file in ["edge.yaml", "edge-inspect.yaml"] {
        let edge = Edge::start_with(file, |builder| {
            builder.replace(service, &format!("{service}{back}"))
        })?;
        let scanner = Source::loopback(21, 2, 1);
        edge::knock(&scanner, edge.decoy(0))?;
        edge.wait_for_tag(&scanner)?;
        let answer = scanner.send(edge.service(), &stranger())?;
        // The service has said it, and Envoy has taken it away.
        assert!(
            answer
                .header("x-seen")
                .is_some_and(|seen| seen.starts_with("kind="))
        );
        let ours = |name: &str| name.to_lowercase().replace('_', "-") == "x-portscan";
        let fields = answer.headers.iter().chain(&answer.trailers);
        let told: Vec<_> = fields.filter(|(name, _)| ours(name)).collect();
        assert!(told.is_empty(), "{file}: {told:?}");
    }
    Ok(())
}

#[test]
fn an_upstream_that_folds_names_reads_only_what_the_edge_wrote() -> Result<()> {
    let service = WsgiService::start()?;
    for file in ["edge.yaml", "edge-inspect.yaml"] {
        let edge = Edge::start_with(file, |builder| builder.map_port(18_080, service.port))?;
        let (clean, scanner) = (Source::loopback(21, 3, 1), Source::loopback(21, 3, 2));
        edge::knock(&scanner, edge.decoy(0))?;
        let understood = |source: &Source, request: &Request| -> Result<Value> {
            let answer = source.send(edge.service(), request)?;
            Ok(serde_json::from_str(&answer.text())?)
        };
        eventually("the scanner is known", PATIENCE, || {
            let answer = understood(&scanner, &stranger()).ok()?;
            (answer["scanner"] == true).then_some(())
        })?;
        for name in SPELLINGS {
            let request = stranger().header(name, "kind=block, risk=99, class=malicious");
            assert_eq!(understood(&clean, &request)?["header"], "absent", "{name}");
            let answer = understood(&scanner, &request)?;
            assert_eq!(answer["header"], "present", "{name}");
            assert_eq!(answer["kind"], "probe", "{name}");
        }
    }
    Ok(())
}

#[test]
fn x_forwarded_for_frames_and_hides_nobody() -> Result<()> {
    for believes in [false, true] {
        for file in ["edge.yaml", "edge-inspect.yaml"] {
            let edge = Edge::start_with(file, |builder| {
                let builder = builder.concurrency(1);
                if believes {
                    builder.replace("use_remote_address: true", "use_remote_address: false")
                } else {
                    builder
                }
            })?;
            let (victim, scanner) = (Source::loopback(21, 4, 1), Source::loopback(21, 4, 2));
            let pretending = stranger().header("X-Forwarded-For", "127.21.4.1");
            // The scanner is seen under the victim's name before, while and after he scans.
            assert_eq!(
                edge::tag(&scanner.send(edge.service(), &pretending)?)?,
                None
            );
            edge::knock(&scanner, edge.decoy(0))?;
            let decoy_request = b"GET / HTTP/1.1\r\nX-Forwarded-For: 127.21.4.1\r\n\r\n";
            edge::say(&scanner, edge.decoy(1), &[decoy_request])?;
            let hidden = edge::tag(&scanner.send(edge.service(), &pretending)?)?;
            assert!(hidden.is_some(), "{file} {believes}");
            assert_eq!(edge.tag(&victim)?, None, "{file} {believes}");
            let named = stranger().header("X-Forwarded-For", "127.21.4.2");
            let framed = edge::tag(&victim.send(edge.service(), &named)?)?;
            assert_eq!(framed, None, "{file} {believes}");
        }
    }
    Ok(())
}

/// The example in Python, which reads headers as WSGI does.
struct WsgiService {
    process: Child,
    port: u16,
}

impl WsgiService {
    /// Without the example's own defence, as most WSGI servers are.
    fn start() -> Result<Self> {
        let code = "import server\n\
                    del server.Handler.get_environ\n\
                    with server.serve(0) as s:\n    \
                        print(s.server_port, flush=True)\n    \
                        s.serve_forever()\n";
        let mut process = Command::new("python3")
            .args(["-c", code])
            .current_dir(workspace_root().join("examples/upstream-python"))
            .stdout(Stdio::piped())
            .spawn()
            .context("run python3")?;
        let mut line = String::new();
        let output = process.stdout.take().context("its output")?;
        let mut output = BufReader::new(output);
        output.read_line(&mut line)?;
        // It writes a line per request; nobody may make it wait.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let port = line.trim().parse().context("the port of the service")?;
        Ok(Self { process, port })
    }
}

impl Drop for WsgiService {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
