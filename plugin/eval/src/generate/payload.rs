//! First bytes that clients send.

/// A request of HTTP/1.1 (RFC 9112 section 3).
pub fn http(host: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n")
        .into_bytes()
}

/// A ClientHello (RFC 8446 section 4.1.2), with a server name (RFC 6066 section 3) or without one.
pub fn client_hello(name: Option<&str>) -> Vec<u8> {
    let extension = name.map(server_name).unwrap_or_default();
    let mut body = vec![3, 3];
    body.extend([0x5a; 32]);
    // No session; two cipher suites; no compression.
    body.extend([0, 0, 4, 0x13, 0x01, 0x13, 0x02, 1, 0]);
    body.extend(length(&extension));
    body.extend(extension);
    let mut handshake = vec![1, 0];
    handshake.extend(length(&body));
    handshake.extend(body);
    let mut record = vec![22, 3, 1];
    record.extend(length(&handshake));
    record.extend(handshake);
    record
}

fn server_name(name: &str) -> Vec<u8> {
    let mut entry = vec![0];
    entry.extend(length(name.as_bytes()));
    entry.extend(name.as_bytes());
    let mut list = length(&entry).to_vec();
    list.extend(entry);
    let mut extension = vec![0, 0];
    extension.extend(length(&list));
    extension.extend(list);
    extension
}

#[expect(clippy::cast_possible_truncation, reason = "all of it is short")]
fn length(bytes: &[u8]) -> [u8; 2] {
    (bytes.len() as u16).to_be_bytes()
}

/// RFC 4253 section 4.2.
pub const SSH: &[u8] = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";

/// A connection request in TPKT (RFC 1006, MS-RDPBCGR 2.2.1.1).
pub const RDP: &[u8] =
    b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00";

/// The version that a VNC client answers with (RFC 6143 section 7.1.1).
pub const VNC: &[u8] = b"RFB 003.008\n\x01";

/// A startup message of version 3.0 (PostgreSQL, "Message Formats").
pub const POSTGRES: &[u8] = b"\x00\x00\x00\x1a\x00\x03\x00\x00user\x00app\x00database\x00";

/// CONNECT (MQTT 3.1.1 section 3.1).
pub const MQTT: &[u8] = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04cam1";

/// A greeting with one method (RFC 1928 section 3).
pub const SOCKS: &[u8] = &[5, 1, 0];

/// A negotiate request of SMB1 (MS-CIFS 2.2.4.52), its beginning.
pub const SMB: &[u8] = b"\x00\x00\x00\x2f\xffSMB\x72\x00\x00\x00\x00\x18\x53\xc8";

/// What nothing named here speaks.
pub const BINARY: &[u8] = &[0x01, 0x00, 0x00, 0x00, 0xde, 0xad, 0xbe, 0xef, 0x00, 0x42];
