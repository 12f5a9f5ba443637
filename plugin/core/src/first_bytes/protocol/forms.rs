//! Protocols that are told by bytes at fixed places.

use super::{Protocol, Reading, Says, begins};
use crate::first_bytes::http::PREFACE;

pub(super) fn read(bytes: &[u8], reading: &mut Reading) {
    for (protocol, least, most) in FORMS {
        reading.note(*protocol, compare(bytes, least, most));
    }
    reading.note(Protocol::Socks, socks5(bytes));
    reading.note(Protocol::Redis, resp(bytes));
}

impl Reading {
    fn note(&mut self, protocol: Protocol, says: Says) {
        match says {
            Says::Yes => self.is.add(protocol),
            Says::More => self.may.add(protocol),
            Says::No => {}
        }
    }
}

#[inline(never)] // Copies would cost the module more than calls cost time.
fn compare(bytes: &[u8], least: &[u8], most: &[u8]) -> Says {
    let mut places = bytes.iter().zip(least.iter().zip(most));
    if !places.all(|(byte, (least, most))| (least..=most).contains(&byte)) {
        Says::No
    } else if bytes.len() < least.len() {
        Says::More
    } else {
        Says::Yes
    }
}

/// RFC 1928 section 3: version, number of methods, and the methods that the client offers.
///
/// Few are assigned, and DCE/RPC and DNP3 begin with the same number, so every method is looked at.
fn socks5(bytes: &[u8]) -> Says {
    const VERSION: u8 = 5;
    const METHODS_MAX: u8 = 16;
    let is_method = |method: &u8| matches!(method, 0..=9 | 0x80..=0xfe);
    match bytes {
        [] | [VERSION] => Says::More,
        [VERSION, count @ 1..=METHODS_MAX, offered @ ..] => {
            let count = usize::from(*count);
            if !offered.iter().take(count).all(is_method) {
                Says::No
            } else if offered.len() < count {
                Says::More
            } else {
                Says::Yes
            }
        }
        _ => Says::No,
    }
}

/// A command in RESP: an array of so many strings, which Redis bounds by 1,048,576.
fn resp(bytes: &[u8]) -> Says {
    const DIGITS_MAX: usize = 7;
    let [b'*', rest @ ..] = bytes else {
        return begins(bytes, b"*");
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > DIGITS_MAX {
        return Says::No;
    }
    match rest.get(digits..) {
        None | Some([]) => Says::More,
        Some(end) if digits > 0 => begins(end, b"\r\n"),
        Some(_) => Says::No,
    }
}

/// A protocol, and the least and the most that each of its first bytes can be.
type Form = (Protocol, &'static [u8], &'static [u8]);

/// None is longer than [`WINDOW`](super::WINDOW).
#[rustfmt::skip] // The least stands above the most.
const FORMS: &[Form] = &[
    // RFC 8446 section 5.1: a record of type handshake (22), version 3.x, at most 2^14 bytes long,
    // that begins with a ClientHello (1, section 4).
    (Protocol::Tls, b"\x16\x03\x00\x00\x00\x01",
                    b"\x16\x03\x04\x40\xff\x01"),
    // RFC 5246 appendix E.2, "Version 2.0 Client Hello": length with the highest bit set, type 1,
    // version, lengths of cipher specifications, session and challenge. No client that ever used
    // it had 512 bytes to say.
    (Protocol::Tls, b"\x80\x00\x01\x03\x00\x00\x00\x00\x00",
                    b"\x81\xff\x01\x03\x04\x01\xff\x00\x20"),
    (Protocol::Tls, b"\x80\x00\x01\x00\x02\x00\x00\x00\x00",
                    b"\x81\xff\x01\x00\x02\x01\xff\x00\x20"),
    // RFC 4253 section 4.2: a client has no lines before its version.
    (Protocol::Ssh, b"SSH-", b"SSH-"),
    // RFC 6143 section 7.1.1.
    (Protocol::Vnc, b"RFB 0", b"RFB 0"),
    // MS-RDPBCGR section 2.2.1.1: a TPKT header of RFC 1006 and the connection request of X.224
    // (code 0xe0) with both references and the class zero. Others on TPKT, industrial controllers
    // for one, give themselves a reference.
    (Protocol::Rdp, b"\x03\x00\x00\x00\x00\xe0\x00\x00\x00\x00\x00",
                    b"\x03\x00\xff\xff\xff\xe0\x00\x00\x00\x00\x00"),
    // MS-SMB2 section 2.1 and MS-CIFS section 2.2.3.1: length, then 0xff or 0xfe and "SMB".
    (Protocol::Smb, b"\x00\x00\x00\x00\xfeSMB",
                    b"\x00\xff\xff\xff\xffSMB"),
    // RFC 1002 section 4.3.2: a session request, and an encoded name of RFC 1001 section 14.1.
    (Protocol::Smb, b"\x81\x00\x00\x00\x20A",
                    b"\x81\x01\xff\xff\x20P"),
    // SOCKS 4 (Y.-D. Lee): version, connect or bind, port, address, and a user name that may be
    // empty. Port 1 is left to MySQL, whose logins of 260 and 516 bytes begin like it.
    (Protocol::Socks, b"\x04\x01\x01\x00\x00\x00\x00\x00\x00",
                      b"\x04\x02\xff\xff\xff\xff\xff\xff~"),
    (Protocol::Socks, b"\x04\x01\x00\x02\x00\x00\x00\x00\x00",
                      b"\x04\x02\x00\xff\xff\xff\xff\xff~"),
    // RFC 854, "TELNET COMMAND STRUCTURE": IAC and a command.
    (Protocol::Telnet, b"\xff\xf1", b"\xff\xfe"),
    (Protocol::Http2, PREFACE, PREFACE),
    // MySQL's HandshakeResponse41 and SSLRequest: length (24 bits), sequence 1, capabilities
    // (PROTOCOL_41 is 0x200), greatest packet, character set, zeros.
    (Protocol::MySql, b"\x00\x00\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
                      b"\xff\xff\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00"),
    // PostgreSQL's StartupMessage: length (at most 10,000), version 3.x, the name of a parameter.
    // Kafka's requests have a small number where the name is.
    (Protocol::Postgres, b"\x00\x00\x00\x00\x00\x03\x00\x00A",
                         b"\x00\x00\x27\xff\x00\x03\xff\xffz"),
    // Its CancelRequest, SSLRequest and GSSENCRequest: length, 80877102, 80877103, 80877104.
    (Protocol::Postgres, b"\x00\x00\x00\x00\x04\xd2\x16\x2e",
                         b"\x00\x00\x01\xff\x04\xd2\x16\x30"),
    // MongoDB's MsgHeader, all little-endian: length (at most 48,000,000), request, response to,
    // and the codes from OP_UPDATE (2001) to OP_MSG (2013).
    (Protocol::MongoDb, b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xd1\x07\x00\x00",
                        b"\xff\xff\xff\x02\xff\xff\xff\xff\xff\xff\xff\xff\xdd\x07\x00\x00"),
];

#[cfg(test)]
mod tests {
    use super::super::WINDOW;
    use super::*;

    #[test]
    fn every_form_is_decided_in_the_window() {
        for (protocol, least, most) in FORMS {
            assert_eq!(least.len(), most.len(), "{protocol:?}");
            assert!(least.len() <= WINDOW, "{protocol:?}");
            assert!(least.iter().zip(*most).all(|(least, most)| least <= most));
        }
    }
}
