//! The library against the real Envoy, without any module.

mod http;
mod lifecycle;
mod namespace;
mod validation;
mod virtual_time;

use real_envoy::{Envoy, Result, Scratch, envoy::Builder, http::EchoUpstream};

/// A proxy in front of an upstream: port 10000 for HTTP/1.1 and HTTP/2, 10001 behind a PROXY
/// header, 9000 the upstream.
const PROXY: &str = include_str!("proxy.yaml");

/// An upstream, and an Envoy in front of it.
struct Setup {
    upstream: EchoUpstream,
    envoy: Envoy,
    // The configuration lies here.
    _scratch: Scratch,
}

fn start() -> Result<Setup> {
    start_with(|builder| builder)
}

fn start_with(choose: impl FnOnce(Builder) -> Builder) -> Result<Setup> {
    let upstream = EchoUpstream::start()?;
    let scratch = Scratch::new()?;
    let yaml = scratch.write("proxy.yaml", PROXY)?;
    let builder = Envoy::builder(yaml).map_port(9000, upstream.port());
    let envoy = choose(builder).start()?;
    Ok(Setup {
        upstream,
        envoy,
        _scratch: scratch,
    })
}
