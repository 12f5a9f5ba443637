//! What the connection manager does to the headers of a request before the filters see it
//! (`ConnectionManagerUtility::mutateRequestHeaders`).

use std::net::{IpAddr, SocketAddr};

use super::headers::HeaderMap;
use crate::config::HttpConnectionManager;
use crate::shared::Random;

/// The connection that a request came on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop {
    /// The peer.
    pub(super) remote: SocketAddr,
    /// The address of this side, which stands in X-Forwarded-For for a peer on the same machine.
    pub(super) own_ip: IpAddr,
    /// Whether the client speaks TLS.
    pub(super) is_tls: bool,
}

/// Cleans and completes the headers. The source of the request as filters see it.
pub(super) fn mutate(
    headers: &mut HeaderMap,
    config: &HttpConnectionManager,
    hop: Hop,
    random: &Random,
) -> SocketAddr {
    clean(headers);
    let scheme: &[u8] = if hop.is_tls { b"https" } else { b"http" };
    let hops = usize::try_from(config.xff_num_trusted_hops).unwrap_or(usize::MAX);
    let detected = if config.use_remote_address {
        let believed = hops
            .checked_sub(1)
            .and_then(|skip| last_address(headers, skip));
        if !config.skip_xff_append {
            let ip = if hop.remote.ip().is_loopback() {
                hop.own_ip
            } else {
                hop.remote.ip()
            };
            append(headers, b"x-forwarded-for", &ip.to_string());
        }
        if hops == 0 || headers.get(b"x-forwarded-proto").is_none() {
            headers.overwrite(b"x-forwarded-proto", scheme);
        }
        believed.or(Some(hop.remote))
    } else {
        last_address(headers, hops)
    };
    if headers.get(b"x-forwarded-proto").is_none() {
        headers.overwrite(b"x-forwarded-proto", scheme);
    }
    if headers.get(b":scheme").is_none() {
        let forwarded = headers.get(b"x-forwarded-proto").unwrap_or_default();
        let is_scheme = matches!(forwarded, b"http" | b"https");
        let scheme = if is_scheme {
            forwarded.to_vec()
        } else {
            scheme.to_vec()
        };
        headers.add(b":scheme", &scheme);
    }
    let remote = detected.unwrap_or(hop.remote);
    clean_internal(headers, config.use_remote_address);
    if config.use_remote_address {
        let ip = remote.ip().to_string();
        headers.overwrite(b"x-envoy-external-address", ip.as_bytes());
    }
    if config.generate_request_id
        && (config.use_remote_address || headers.get(b"x-request-id").is_none())
    {
        headers.overwrite(b"x-request-id", uuid(random).as_bytes());
    }
    remote
}

/// Takes away what belongs to one hop only, or only Envoy may say.
fn clean(headers: &mut HeaderMap) {
    if !is_upgrade(headers) {
        headers.remove(b"connection");
        headers.remove(b"upgrade");
    }
    for name in [
        "x-envoy-internal",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
    ] {
        headers.remove(name.as_bytes());
    }
    headers.remove(b"x-forwarded-client-cert");
}

/// Whether the request wants another protocol.
pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    let connection = headers.joined(b"connection").unwrap_or_default();
    let mut tokens = connection.split(|byte| *byte == b',');
    let wants = tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"));
    wants && headers.get(b"upgrade").is_some()
}

/// Takes away what only proxies of the same operator may say.
fn clean_internal(headers: &mut HeaderMap, is_edge: bool) {
    const EDGE: [&str; 3] = [
        "x-envoy-decorator-operation",
        "x-envoy-downstream-service-cluster",
        "x-envoy-downstream-service-node",
    ];
    const ALWAYS: [&str; 14] = [
        "x-envoy-retriable-status-codes",
        "x-envoy-retriable-header-names",
        "x-envoy-retry-on",
        "x-envoy-retry-grpc-on",
        "x-envoy-max-retries",
        "x-envoy-upstream-alt-stat-name",
        "x-envoy-upstream-rq-timeout-ms",
        "x-envoy-upstream-rq-per-try-timeout-ms",
        "x-envoy-upstream-rq-timeout-alt-response",
        "x-envoy-expected-rq-timeout-ms",
        "x-envoy-force-trace",
        "x-envoy-ip-tags",
        "x-envoy-original-url",
        "x-envoy-hedge-on-per-try-timeout",
    ];
    for name in EDGE.iter().filter(|_| is_edge).chain(&ALWAYS) {
        headers.remove(name.as_bytes());
    }
}

/// The address in X-Forwarded-For that stands `skip` places before the last one; none if there
/// are fewer, or if there stands no address. Its port is 0.
fn last_address(headers: &HeaderMap, skip: usize) -> Option<SocketAddr> {
    let value = headers.get(b"x-forwarded-for")?;
    let text = std::str::from_utf8(value).ok()?;
    let ip: IpAddr = text.rsplit(',').nth(skip)?.trim().parse().ok()?;
    Some(SocketAddr::new(ip, 0))
}

fn append(headers: &mut HeaderMap, name: &[u8], value: &str) {
    let joined = match headers.get(name) {
        Some(old) if !old.is_empty() => [old, b",", value.as_bytes()].concat(),
        _ => value.as_bytes().to_vec(),
    };
    headers.overwrite(name, &joined);
}

/// A random UUID of version 4.
fn uuid(random: &Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}
