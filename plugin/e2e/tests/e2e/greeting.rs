//! The first bytes of clients that are sent to a decoy, and of those that are not.

/// What browsers say that a web page has sent to the wrong port, with the name that they ask for.
pub(crate) fn lured(name: &str) -> [(&'static str, Vec<u8>); 4] {
    [
        ("HTTP/1.1", http(name)),
        ("HTTP/1.1 with a port", http(&format!("{name}:5432"))),
        ("TLS", client_hello(Some(name))),
        // Preface and empty SETTINGS, RFC 9113 section 3.4; the name follows, compressed.
        (
            "HTTP/2",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
        ),
    ]
}

/// What scanners say, who know no name.
pub(crate) fn nameless() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("an address", http("198.51.100.1")),
        ("an address with a port", http("198.51.100.1:5432")),
        ("an IPv6 address", http("[2001:db8::1]:5432")),
        ("an empty host", http("")),
        ("a number", http("3325256705")),
        ("no host", b"GET / HTTP/1.0\r\n\r\n".to_vec()),
        ("no header", b"GET /\r\n\r\n".to_vec()),
        ("TLS without a name", client_hello(None)),
        ("TLS with an address", client_hello(Some("198.51.100.1"))),
        ("half a request", b"GET / HTTP/1.1\r\nHo".to_vec()),
        ("SSH", b"SSH-2.0-x\r\n".to_vec()),
        ("zeros", vec![0; 64]),
    ]
}

fn http(host: &str) -> Vec<u8> {
    let accept = "Accept: text/html\r\nUser-Agent: Mozilla/5.0";
    format!("GET /a?b=c HTTP/1.1\r\n{accept}\r\nHost: {host}\r\n\r\n").into_bytes()
}

/// A ClientHello of RFC 8446 section 4.1.2, as far as it is of interest here.
pub(crate) fn client_hello(server_name: Option<&str>) -> Vec<u8> {
    let vector = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
    let mut extensions = [&[0, 43][..], &vector(&[2, 3, 4])].concat();
    if let Some(name) = server_name {
        // RFC 6066 section 3: a list with one entry of the type host_name.
        let entry = [&[0][..], &vector(name.as_bytes())].concat();
        extensions.extend([&[0, 0][..], &vector(&vector(&entry))].concat());
    }
    let hello = [
        &[3; 34][..],
        &[0],
        &vector(&[0x13, 1]),
        &[1, 0],
        &vector(&extensions),
    ]
    .concat();
    let handshake = [&[1, 0][..], &vector(&hello)].concat();
    [&[22, 3, 1][..], &vector(&handshake)].concat()
}
