//! Where a client logs in: sessions that are short and many are guesses then.

use super::{Protocol, Protocols};

impl Protocol {
    /// Whether a client that speaks this logs in before it can do anything else.
    ///
    /// SMTP and HTTP are not among them: their first bytes do not tell whether a login follows, and
    /// a mail server with an old MX record tries again for days.
    pub fn is_login(self) -> bool {
        const LOGIN: Protocols = Protocols::of(&[
            Protocol::Ssh,
            Protocol::Rdp,
            Protocol::Smb,
            Protocol::Vnc,
            Protocol::Telnet,
            Protocol::Imap,
            Protocol::Ftp,
            Protocol::Pop3,
            Protocol::Redis,
            Protocol::MySql,
            Protocol::Postgres,
            Protocol::MongoDb,
        ]);
        LOGIN.has(self)
    }
}

/// Ports where clients log in, in rising order: those that IANA assigns to the protocols of
/// [`Protocol::is_login`], their forms in TLS, rexec, rlogin, rsh, mail submission (RFC 6409 and
/// RFC 8314), SQL Server and Oracle, the first displays of VNC, and the habitual second places of
/// SSH and telnet.
pub const LOGIN_PORTS: [u16; 31] = [
    21, 22, 23, 110, 139, 143, 445, 465, 512, 513, 514, 587, 990, 992, 993, 995, 1433, 1521, 2222,
    2323, 3306, 3389, 5432, 5900, 5901, 5902, 5903, 6379, 6380, 27017, 27018,
];

/// Whether clients of `port` log in there.
pub fn is_login_port(port: u16) -> bool {
    LOGIN_PORTS.binary_search(&port).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_ports_are_found() {
        assert!(LOGIN_PORTS.is_sorted_by(|one, next| one < next));
        for port in [21, 22, 23, 110, 143, 3306, 3389, 5432, 5900, 6379, 27017] {
            assert!(is_login_port(port), "{port}");
        }
        for port in [0, 25, 80, 443, 8080, 65_535] {
            assert!(!is_login_port(port), "{port}");
        }
    }

    #[test]
    fn mail_and_web_are_no_login_by_their_first_bytes() {
        for protocol in Protocol::NAMED {
            let is_no_login = matches!(
                protocol,
                Protocol::Tls
                    | Protocol::Socks
                    | Protocol::Http2
                    | Protocol::Crlf
                    | Protocol::Sip
                    | Protocol::Rtsp
                    | Protocol::Http1
                    | Protocol::Smtp
                    | Protocol::Text
            );
            assert_eq!(protocol.is_login(), !is_no_login, "{protocol:?}");
        }
        assert!(!Protocol::Other.is_login());
    }
}
