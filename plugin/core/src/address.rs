//! Addresses as Envoy writes them: `192.0.2.7:443`, `[2001:db8::1]:443`.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Longest text that can be an address with a port: a bracketed IPv6 address with a zone.
const ADDRESS_TEXT_MAX: usize = 80;

/// The address and port in `text`.
///
/// A zone (`%eth0`) is dropped: it names an interface of this host, not the peer. IPv4 addresses
/// written as IPv6 (`::ffff:0:0/96`, and `64:ff9b::/96` of RFC 6052) come out as IPv4.
///
/// # Errors
/// Pipes, internal listeners, names and empty text are no addresses.
pub fn parse_endpoint(text: &[u8]) -> Result<SocketAddr, InvalidAddress> {
    if text.len() > ADDRESS_TEXT_MAX {
        return Err(InvalidAddress);
    }
    let text = core::str::from_utf8(text).map_err(|_| InvalidAddress)?;
    let (address, port) = text.rsplit_once(':').ok_or(InvalidAddress)?;
    let port = port.parse().map_err(|_| InvalidAddress)?;
    let address = match address.strip_prefix('[') {
        Some(rest) => parse_v6(rest.strip_suffix(']').ok_or(InvalidAddress)?)?,
        None => IpAddr::V4(address.parse().map_err(|_| InvalidAddress)?),
    };
    Ok(SocketAddr::new(address, port))
}

fn parse_v6(text: &str) -> Result<IpAddr, InvalidAddress> {
    let without_zone = text.split('%').next().unwrap_or(text);
    let address = without_zone.parse().map_err(|_| InvalidAddress)?;
    Ok(embedded_v4(IpAddr::V6(address)))
}

/// `address`, as IPv4 where it is one in IPv6 clothes.
pub fn embedded_v4(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.segments() {
            // RFC 4291 section 2.5.5.2 and RFC 6052 section 2.1.
            [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                let [a, b] = high.to_be_bytes();
                let [c, d] = low.to_be_bytes();
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            _ => address,
        },
    }
}

/// The text is no IP address with a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAddress;

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an IP address with a port")
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let parsed = parse_endpoint(text.as_bytes()).map(|endpoint| endpoint.to_string());
        assert_eq!(parsed.unwrap_or_else(|e| e.to_string()), expected);
    }

    #[test]
    fn envoy_address_text_is_understood() {
        check("192.0.2.7:443", "192.0.2.7:443");
        check("[2001:db8::1]:65535", "[2001:db8::1]:65535");
        check("[fe80::1%eth0]:80", "[fe80::1]:80");
    }

    #[test]
    fn ipv4_in_ipv6_clothes_is_ipv4() {
        check("[::ffff:192.0.2.7]:80", "192.0.2.7:80");
        check("[64:ff9b::192.0.2.7]:80", "192.0.2.7:80");
        check("[64:ff9b:1::192.0.2.7]:80", "[64:ff9b:1::c000:207]:80");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":",
            "/run/envoy.sock",
            "envoy://internal/1",
            "192.0.2.7",
            "192.0.2.7:65536",
            "192.0.2.7:-1",
            "2001:db8::1:80",
            "[2001:db8::1:80",
            "[]:80",
            "example.org:80",
            "[192.0.2.7]:80",
            "127.1:80",
        ] {
            check(text, "not an IP address with a port");
        }
        assert_eq!(parse_endpoint(&[0xff; 9]), Err(InvalidAddress));
        assert_eq!(parse_endpoint(&[b'1'; 5000]), Err(InvalidAddress));
    }
}
