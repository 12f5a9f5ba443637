//! What the clients of a listener must speak.

use super::{Protocol, Protocols, Reading};

/// What the clients of a listener must speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Speaks {
    /// HTTP/1 or HTTP/2 in plain, after empty lines too (RFC 9112 section 2.2).
    Http,
    /// TLS, whatever is in it.
    Tls,
    /// SSH.
    Ssh,
    /// Remote Desktop, negotiated or directly in TLS (MS-RDPBCGR section 5.4.2.2).
    Rdp,
    /// SMB, directly or in a NetBIOS session.
    Smb,
    /// SOCKS 4 or 5.
    Socks,
    /// Redis in plain.
    Redis,
    /// MySQL or MariaDB; TLS is asked for within.
    Mysql,
    /// PostgreSQL; TLS asked for within, or directly from version 17 on.
    Postgres,
    /// MongoDB in plain.
    Mongodb,
    /// FTP, also with `AUTH TLS`.
    Ftp,
    /// SMTP, also with STARTTLS.
    Smtp,
    /// POP3, also with STLS.
    Pop3,
    /// IMAP, also with STARTTLS.
    Imap,
    /// SIP in plain.
    Sip,
    /// RTSP in plain.
    Rtsp,
    /// Telnet; a client that does not negotiate sends plain lines.
    Telnet,
    /// VNC.
    Vnc,
}

/// Whether a client speaks what it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It does, whatever follows.
    Yes,
    /// It does not, whatever follows.
    No,
    /// Too early to tell; never with [`WINDOW`](super::WINDOW) bytes or more. A client that stops
    /// there has not spoken anything else.
    More,
}

impl Speaks {
    /// Everything that can be asked for.
    pub const ALL: [Self; 18] = [
        Self::Http,
        Self::Tls,
        Self::Ssh,
        Self::Rdp,
        Self::Smb,
        Self::Socks,
        Self::Redis,
        Self::Mysql,
        Self::Postgres,
        Self::Mongodb,
        Self::Ftp,
        Self::Smtp,
        Self::Pop3,
        Self::Imap,
        Self::Sip,
        Self::Rtsp,
        Self::Telnet,
        Self::Vnc,
    ];

    /// The word in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tls => "tls",
            Self::Ssh => "ssh",
            Self::Rdp => "rdp",
            Self::Smb => "smb",
            Self::Socks => "socks",
            Self::Redis => "redis",
            Self::Mysql => "mysql",
            Self::Postgres => "postgres",
            Self::Mongodb => "mongodb",
            Self::Ftp => "ftp",
            Self::Smtp => "smtp",
            Self::Pop3 => "pop3",
            Self::Imap => "imap",
            Self::Sip => "sip",
            Self::Rtsp => "rtsp",
            Self::Telnet => "telnet",
            Self::Vnc => "vnc",
        }
    }

    /// Whether first bytes that were [read](super::read) are what clients must speak here.
    pub const fn fits(self, reading: Reading) -> Fit {
        let fitting = self.protocols();
        if !reading.is.and(fitting).is_empty() {
            Fit::Yes
        } else if !reading.may.and(fitting).is_empty() {
            Fit::More
        } else {
            Fit::No
        }
    }

    /// The protocols that fit.
    pub(super) const fn protocols(self) -> Protocols {
        match self {
            Self::Http => Protocols::of(&[Protocol::Http1, Protocol::Http2]),
            Self::Tls => Protocols::of(&[Protocol::Tls]),
            Self::Ssh => Protocols::of(&[Protocol::Ssh]),
            Self::Rdp => Protocols::of(&[Protocol::Rdp, Protocol::Tls]),
            Self::Smb => Protocols::of(&[Protocol::Smb]),
            Self::Socks => Protocols::of(&[Protocol::Socks]),
            Self::Redis => Protocols::of(&[Protocol::Redis]),
            Self::Mysql => Protocols::of(&[Protocol::MySql]),
            Self::Postgres => Protocols::of(&[Protocol::Postgres, Protocol::Tls]),
            Self::Mongodb => Protocols::of(&[Protocol::MongoDb]),
            Self::Ftp => Protocols::of(&[Protocol::Ftp]),
            Self::Smtp => Protocols::of(&[Protocol::Smtp]),
            Self::Pop3 => Protocols::of(&[Protocol::Pop3]),
            Self::Imap => Protocols::of(&[Protocol::Imap]),
            Self::Sip => Protocols::of(&[Protocol::Sip]),
            Self::Rtsp => Protocols::of(&[Protocol::Rtsp]),
            Self::Telnet => Protocols::of(&[Protocol::Telnet, Protocol::Text, Protocol::Crlf]),
            Self::Vnc => Protocols::of(&[Protocol::Vnc]),
        }
    }
}
