//! Which protocol the first bytes of a client speak.
//!
//! Every protocol has a rule of its own that says yes, no or "more bytes, please", and keeps to
//! what it said as bytes come. A client fits its listener when the listener's own rule says yes:
//! first commands that protocols share (`USER`, `QUIT`, `GET`) fit each of them. Where one name is
//! wanted, the first protocol in the order of [`Protocol`] has it.

mod forms;
mod login;
mod speaks;
mod text;
mod words;

pub use login::{LOGIN_PORTS, is_login_port};
pub use speaks::{Fit, Speaks};

/// Bytes that are looked at: enough for the preface of HTTP/2 (24), for the zeros of a MySQL
/// login (20), and for the longest method or command with the start of what follows it.
pub const WINDOW: usize = 32;

/// What the first bytes of a client speak. Where bytes fit several, the first one here is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Protocol {
    /// TLS, RFC 8446; also SSL 3.0 and the hello of SSL 2.0.
    Tls,
    /// SSH, RFC 4253.
    Ssh,
    /// Remote Desktop, MS-RDPBCGR.
    Rdp,
    /// SMB 1 to 3, MS-CIFS and MS-SMB2, also in a NetBIOS session, RFC 1002.
    Smb,
    /// SOCKS 4, 4a and 5, RFC 1928.
    Socks,
    /// VNC, RFC 6143; the server speaks first.
    Vnc,
    /// Telnet that negotiates, RFC 854.
    Telnet,
    /// HTTP/2 without TLS, RFC 9113.
    Http2,
    /// Ends of lines with nothing before them.
    Crlf,
    /// SIP, RFC 3261.
    Sip,
    /// RTSP, RFC 7826.
    Rtsp,
    /// IMAP, RFC 9051.
    Imap,
    /// HTTP/1 and before, RFC 9112.
    Http1,
    /// FTP, RFC 959.
    Ftp,
    /// SMTP, RFC 5321.
    Smtp,
    /// POP3, RFC 1939.
    Pop3,
    /// Redis, RESP or inline commands.
    Redis,
    /// MySQL, protocol 4.1.
    MySql,
    /// PostgreSQL, protocol 3.
    Postgres,
    /// MongoDB's wire protocol.
    MongoDb,
    /// A line of ASCII text of no protocol above, or so much of it that it is one.
    Text,
    /// Nothing above.
    Other,
}

/// What is told by the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// This protocol, whatever follows.
    Is(Protocol),
    /// Too early to tell; never with [`WINDOW`] bytes or more.
    More,
}

/// The protocol that `bytes`, all that came so far from the client, are the beginning of.
pub fn spoken(bytes: &[u8]) -> Spoken {
    read(bytes).spoken()
}

/// What each protocol's rule said of the first bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Those that said yes.
    is: Protocols,
    /// Those that want more bytes.
    may: Protocols,
}

/// Reads `bytes`, all that came so far from the client.
pub fn read(bytes: &[u8]) -> Reading {
    let window = bytes.get(..WINDOW).unwrap_or(bytes);
    let mut reading = Reading::default();
    forms::read(window, &mut reading);
    text::read(window, &mut reading);
    if window.len() == WINDOW {
        reading.may = Protocols::NONE;
    }
    reading
}

impl Reading {
    /// The first protocol that the bytes speak.
    ///
    /// It waits for those before it only: each rule keeps to its word, so nothing can come before
    /// it later.
    pub fn spoken(self) -> Spoken {
        let first = self.is.or(self.may).first();
        match first {
            Some(protocol) if self.is.has(protocol) => Spoken::Is(protocol),
            Some(_) => Spoken::More,
            None => Spoken::Is(Protocol::Other),
        }
    }

    /// What they were when nothing more came.
    pub fn at_end(self) -> Protocol {
        let text = self.may.and(Protocols::of(&[Protocol::Text]));
        self.is.or(text).first().unwrap_or(Protocol::Other)
    }
}

/// What a rule says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Yes,
    No,
    More,
}

/// Whether `bytes` begin with `start`, in any capitals, or may do so with more of them.
#[inline(never)] // Copies would cost the module more than calls cost time.
fn begins(bytes: &[u8], start: &[u8]) -> Says {
    let is_same = |(one, other): (&u8, &u8)| one.eq_ignore_ascii_case(other);
    if !bytes.iter().zip(start).all(is_same) {
        Says::No
    } else if bytes.len() < start.len() {
        Says::More
    } else {
        Says::Yes
    }
}

/// A set of protocols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Protocols(u32);

impl Protocols {
    const NONE: Self = Self(0);

    const fn of(protocols: &[Protocol]) -> Self {
        let (mut bits, mut rest) = (0, protocols);
        while let [protocol, others @ ..] = rest {
            bits |= 1 << *protocol as u8;
            rest = others;
        }
        Self(bits)
    }

    const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn add(&mut self, protocol: Protocol) {
        *self = self.or(Self::of(&[protocol]));
    }

    fn has(self, protocol: Protocol) -> bool {
        self.0 & (1 << protocol as u8) != 0
    }

    const fn is_one(self) -> bool {
        self.0.is_power_of_two()
    }

    const fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn first(self) -> Option<Protocol> {
        let at = usize::try_from(self.0.trailing_zeros()).ok()?;
        Protocol::NAMED.get(at).copied()
    }
}

impl Protocol {
    /// All but [`Protocol::Other`], in their order.
    pub const NAMED: [Self; 21] = [
        Self::Tls,
        Self::Ssh,
        Self::Rdp,
        Self::Smb,
        Self::Socks,
        Self::Vnc,
        Self::Telnet,
        Self::Http2,
        Self::Crlf,
        Self::Sip,
        Self::Rtsp,
        Self::Imap,
        Self::Http1,
        Self::Ftp,
        Self::Smtp,
        Self::Pop3,
        Self::Redis,
        Self::MySql,
        Self::Postgres,
        Self::MongoDb,
        Self::Text,
    ];
}

#[cfg(test)]
mod tests;
