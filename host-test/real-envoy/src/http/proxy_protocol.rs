//! The header that a load balancer puts in front of a connection, versions 1 and 2 of HAProxy's
//! "The PROXY protocol".

use std::net::{IpAddr, SocketAddr};

/// The text form (section 2.1): `source` connected to `destination`.
///
/// # Panics
/// When one address is IPv4 and the other IPv6: the protocol cannot say that.
#[must_use]
pub fn proxy_v1(source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
    assert_same_family(source, destination);
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    format!(
        "PROXY {family} {} {} {} {}\r\n",
        source.ip(),
        destination.ip(),
        source.port(),
        destination.port()
    )
    .into_bytes()
}

/// The binary form (section 2.2), command PROXY over TCP; panics like [`proxy_v1`].
/// ```text
/// ┌──────────────┬─────────┬────────────┬────────┬──────────────────────────────────────┐
/// │ signature 12 │ 0x21  1 │ 0x11|21  1 │ len  2 │ source, destination, two ports 12|36 │
/// └──────────────┴─────────┴────────────┴────────┴──────────────────────────────────────┘
/// ```
#[must_use]
pub fn proxy_v2(source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
    assert_same_family(source, destination);
    let mut addresses = Vec::new();
    for ip in [source.ip(), destination.ip()] {
        match ip {
            IpAddr::V4(ip) => addresses.extend_from_slice(&ip.octets()),
            IpAddr::V6(ip) => addresses.extend_from_slice(&ip.octets()),
        }
    }
    addresses.extend_from_slice(&source.port().to_be_bytes());
    addresses.extend_from_slice(&destination.port().to_be_bytes());
    let family = if source.is_ipv4() { 0x11 } else { 0x21 };
    // 12 or 36 bytes.
    let length = addresses.len() as u16;
    let mut header = SIGNATURE.to_vec();
    header.extend_from_slice(&[0x21, family]);
    header.extend_from_slice(&length.to_be_bytes());
    header.extend_from_slice(&addresses);
    header
}

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

#[track_caller]
fn assert_same_family(source: SocketAddr, destination: SocketAddr) {
    assert_eq!(
        source.is_ipv4(),
        destination.is_ipv4(),
        "a PROXY header needs two addresses of one family"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_is_a_line() {
        let header = proxy_v1(
            "198.51.100.7:4000".parse().unwrap(),
            "198.51.100.1:80".parse().unwrap(),
        );
        assert_eq!(header, b"PROXY TCP4 198.51.100.7 198.51.100.1 4000 80\r\n");
    }

    #[test]
    fn version_2_has_the_length_of_its_addresses() {
        let header = proxy_v2(
            "[2001:db8::7]:4000".parse().unwrap(),
            "[2001:db8::1]:80".parse().unwrap(),
        );
        assert_eq!(header.len(), 16 + 36);
        assert_eq!(header[12..16], [0x21, 0x21, 0, 36]);
        assert_eq!(header[48..], [0x0f, 0xa0, 0, 80]);
    }
}
