//! Clients and upstream, with an Envoy between them.

use std::{io::Write, net::SocketAddr, time::Duration};

use real_envoy::{
    Result,
    envoy::free_port,
    http::{
        Echo, EchoUpstream, Http1, Request, Response, Source, proxy_v1, proxy_v2, read_until_close,
    },
};

use super::{start, start_with};

fn echo(response: &Response) -> Echo {
    assert_eq!(response.status, 200, "{}", response.text());
    Echo::parse(&response.text()).unwrap()
}

#[test]
fn the_upstream_repeats_names_as_spelled_and_every_copy() {
    let upstream = EchoUpstream::start().unwrap();
    let request = Request::post("/a?b", "body")
        .header("X-PortScan", "1")
        .header("x_portscan", "2")
        .header("x-pORTscan", "3")
        .trailer("X-Trailer", "4");
    let seen = echo(&Source::any().send(upstream.addr(), &request).unwrap());
    assert_eq!(seen.line, "POST /a?b HTTP/1.1");
    let names: Vec<_> = seen.headers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        [
            "Host",
            "X-PortScan",
            "x_portscan",
            "x-pORTscan",
            "Transfer-Encoding"
        ]
    );
    assert_eq!(seen.values("x-portscan"), ["1", "3"]);
    assert_eq!(seen.trailers, [("X-Trailer".to_owned(), "4".to_owned())]);
    assert_eq!(upstream.seen(), [seen]);
}

#[test]
fn http1_through_envoy_keeps_the_connection_and_the_trailers() {
    let setup = start().unwrap();
    let mut client = Source::loopback(1, 2, 3)
        .http1(setup.envoy.addr(10_000))
        .unwrap();
    for number in 0..3 {
        let request = Request::post(&format!("/{number}"), "abc")
            .header("X-Odd", "v")
            .trailer("X-Trailer", "t");
        let seen = echo(&client.send(&request).unwrap());
        assert_eq!(seen.line, format!("POST /{number} HTTP/1.1"));
        assert_eq!(seen.values("x-odd"), ["v"]);
        assert_eq!(seen.trailer_values("x-trailer"), ["t"]);
    }
    let connections = setup.envoy.counter("http.plain.downstream_cx_total");
    assert_eq!(connections.unwrap(), 1);
    let line = setup.envoy.wait_for_stdout("/2", Duration::from_secs(5));
    assert_eq!(line.unwrap(), "127.1.2.3 /2");
}

#[test]
fn http2_through_envoy_keeps_the_connection_and_the_trailers() {
    let setup = start().unwrap();
    let mut client = Source::loopback(1, 2, 4)
        .http2(setup.envoy.addr(10_000))
        .unwrap();
    for number in 0..3 {
        let request = Request::post(&format!("/{number}"), "abc")
            .authority("example.org")
            .header("x-odd", "1")
            .header("x-odd", "2")
            .trailer("x-trailer", "t");
        let seen = echo(&client.send(&request).unwrap());
        assert_eq!(seen.line, format!("POST /{number} HTTP/1.1"));
        assert_eq!(seen.values("host"), ["example.org"]);
        assert_eq!(seen.values("x-odd"), ["1", "2"]);
        assert_eq!(seen.trailer_values("x-trailer"), ["t"]);
    }
    assert_eq!(
        setup
            .envoy
            .counter("http.plain.downstream_cx_http2_total")
            .unwrap(),
        1
    );
}

#[test]
fn an_http2_upstream_repeats_headers_and_trailers() {
    let setup = start_with(|builder| {
        builder.replace(
            "explicit_http_config: { http_protocol_options: { enable_trailers: true } }",
            "explicit_http_config: { http2_protocol_options: {} }",
        )
    });
    let setup = setup.unwrap();
    let request = Request::post("/h2", "x".repeat(200_000))
        .header("X-Odd", "1")
        .trailer("X-Trailer", "2");
    let to = setup.envoy.addr(10_000);
    let mut client = Source::any().http2(to).unwrap();
    for answer in [client.send(&request), Source::any().send(to, &request)] {
        let seen = echo(&answer.unwrap());
        assert_eq!(seen.line, "POST /h2 HTTP/2");
        assert_eq!(seen.values("x-odd"), ["1"]);
        assert_eq!(seen.trailer_values("x-trailer"), ["2"]);
    }
}

#[test]
fn a_head_request_and_an_error_answer_end_without_a_body() {
    let setup = start().unwrap();
    let mut client = Source::any().http1(setup.envoy.addr(10_000)).unwrap();
    let head = client.send(&Request::new("HEAD", "/")).unwrap();
    assert_eq!((head.status, head.body.len()), (200, 0));
    // HTTP/1.1 asks for a host.
    let refused = client.send(&Request::get("/").without_authority()).unwrap();
    assert_eq!(refused.status, 400);
}

#[test]
fn a_source_is_what_the_proxy_sees() {
    let setup = start().unwrap();
    let port = setup.envoy.port(10_000);
    let from_v6 = Source::loopback_v6().get(SocketAddr::new("::1".parse().unwrap(), port), "/v6");
    assert_eq!(from_v6.unwrap().status, 200);
    let line = setup.envoy.wait_for_stdout("/v6", Duration::from_secs(5));
    assert_eq!(line.unwrap(), "::1 /v6");
    let foreign = Source::ip([198, 51, 100, 1]).connect(setup.envoy.addr(10_000));
    let error = format!("{:#}", foreign.unwrap_err());
    assert!(
        error.contains("198.51.100.1 is no address of this host"),
        "{error}"
    );
}

#[test]
fn both_proxy_headers_carry_a_source() -> Result<()> {
    let setup = start()?;
    let to = setup.envoy.addr(10_001);
    let v6: SocketAddr = "[2001:db8::9]:999".parse()?;
    let v4: SocketAddr = "203.0.113.9:999".parse()?;
    for (header, target, line) in [
        (proxy_v1(v4, to), "/v1", "203.0.113.9 /v1"),
        (
            proxy_v2(v6, "[2001:db8::1]:80".parse()?),
            "/v2",
            "2001:db8::9 /v2",
        ),
    ] {
        let mut stream = Source::any().connect(to)?;
        stream.write_all(&header)?;
        let seen = echo(&Http1::over(stream)?.get(target)?);
        assert_eq!(seen.line, format!("GET {target} HTTP/1.1"));
        let logged = setup
            .envoy
            .wait_for_stdout(target, Duration::from_secs(5))?;
        assert_eq!(logged, line);
    }
    Ok(())
}

#[test]
fn a_connection_that_envoy_closes_is_seen_and_an_open_one_too() -> Result<()> {
    let setup = start()?;
    let mut refused = Source::any().connect(setup.envoy.addr(10_000))?;
    refused.write_all(b"\0\0\0\0\r\n\r\n")?;
    let answer = read_until_close(&mut refused, Duration::from_secs(5))?;
    assert!(answer.starts_with(b"HTTP/1.1 400 "));
    let mut open = Source::any().connect(setup.envoy.addr(10_000))?;
    let error = read_until_close(&mut open, Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.to_string(), "the connection is still open after 50ms");
    Ok(())
}

#[test]
fn nobody_listening_is_an_error_that_names_the_address() {
    let lease = free_port().unwrap();
    let to = SocketAddr::from(([127, 0, 0, 1], lease.port()));
    let error = Source::any().touch(to).unwrap_err();
    assert_eq!(error.to_string(), format!("connect to {to}"));
}
