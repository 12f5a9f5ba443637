//! Protocols that begin with a line of text.

use super::words::{
    FTP, HTTP, IMAP, POP3, REDIS, REQUESTS, RTSP, SIP, SMTP, TAG_LEN_MAX, TEXT, is_among, known,
    may_be_among, might_be,
};
use super::{Protocol, Protocols, Reading, Says, WINDOW, begins};
use crate::first_bytes::http::{is_token, is_visible};

/// Protocols that begin with text.
const ANY: Protocols = REQUESTS
    .or(IMAP)
    .or(FTP)
    .or(SMTP)
    .or(POP3)
    .or(REDIS)
    .or(TEXT);

/// Reads the first line that says anything: RFC 9112 section 2.2, RFC 3261 section 7.5 and Redis
/// pass over empty lines before it.
pub(super) fn read(window: &[u8], reading: &mut Reading) {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let start = window.iter().take_while(|byte| is_end(byte)).count();
    if start > 0 {
        reading.is.add(Protocol::Crlf);
    }
    let bytes = window.get(start..).unwrap_or_default();
    if bytes.is_empty() {
        reading.may = reading.may.or(ANY);
        if start == 0 {
            reading.may.add(Protocol::Crlf);
        }
        return;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let line = Line {
        bytes: end.and_then(|end| bytes.get(..end)).unwrap_or(bytes),
        is_ended: end.is_some() || window.len() == WINDOW,
    };
    let (is, may) = line.commands();
    let (is_text, may_text) = line.text();
    reading.is = reading.is.or(is).or(is_text);
    reading.may = reading.may.or(may.without(is)).or(may_text);
}

struct Line<'a> {
    bytes: &'a [u8],
    /// Its end came, or as much of it as is looked at.
    is_ended: bool,
}

/// What it is, and what it may become.
type Found = (Protocols, Protocols);

const NOTHING: Found = (Protocols::NONE, Protocols::NONE);

impl Line<'_> {
    /// Which protocols have such a line.
    fn commands(&self) -> Found {
        let word_len = self
            .bytes
            .iter()
            .take_while(|byte| is_token(**byte))
            .count();
        let Some((word, rest)) = self.bytes.split_at_checked(word_len) else {
            return NOTHING;
        };
        if rest.is_empty() && !self.is_ended {
            return (Protocols::NONE, might_be(word));
        }
        let target = match rest {
            [b' ' | b'\t' | b'\r' | b'/', target @ ..] => target,
            [] => rest,
            _ => return self.by_version(),
        };
        if let Some(protocols) = known(word) {
            return self.known(word, protocols, target);
        }
        if word.is_empty() || !rest.starts_with(b" ") {
            return self.by_version();
        }
        let (is_imap, may_be_imap) = self.imap(word, target);
        let (is_http, may_be_http) = self.http(target);
        (is_imap.or(is_http), may_be_imap.or(may_be_http))
    }

    /// A first word that these protocols have, and what follows it. SIP and RTSP took theirs from
    /// HTTP, and Redis has keys where HTTP has paths: the form of what is asked for tells them
    /// apart, or the version, or the capitals that methods have (RFC 9110 section 9.1).
    #[inline(never)] // Copies would cost the module more than calls cost time.
    fn known(&self, word: &[u8], protocols: Protocols, target: &[u8]) -> Found {
        const TARGETS: &[(&[u8], Protocols)] = &[
            (b"/", HTTP.or(RTSP)),
            (b"http", HTTP),
            (b"rtsp", RTSP),
            (b"sip:", SIP),
            (b"sips:", SIP),
            (b"tel:", SIP),
        ];
        if protocols.is_one() || protocols.and(REQUESTS).is_empty() {
            return (protocols, Protocols::NONE);
        }
        let is_method = !word.iter().any(u8::is_ascii_lowercase);
        let mut narrowed = protocols.without(if is_method { SIP } else { REQUESTS });
        for (start, speakers) in TARGETS.iter().copied() {
            let speakers = speakers.and(protocols);
            if speakers.is_empty() {
                continue;
            }
            match begins(target, start) {
                Says::Yes => {
                    narrowed = speakers;
                    break;
                }
                Says::More if !self.is_ended => return (Protocols::NONE, protocols),
                Says::More | Says::No => {}
            }
        }
        if narrowed != HTTP.or(RTSP) {
            (narrowed, Protocols::NONE)
        } else if contains(self.bytes, b" RTSP/") {
            (RTSP, Protocols::NONE)
        } else if self.is_ended {
            (HTTP, Protocols::NONE)
        } else {
            (Protocols::NONE, narrowed)
        }
    }

    /// RFC 9051 section 2.2.1: a tag, and one of the commands before a login.
    #[inline(never)] // Copies would cost the module more than calls cost time.
    fn imap(&self, tag: &[u8], rest: &[u8]) -> Found {
        let len = rest.iter().take_while(|byte| is_token(**byte)).count();
        let command = rest.get(..len).unwrap_or_default();
        let is_complete = len < rest.len() || self.is_ended;
        if tag.len() > TAG_LEN_MAX {
            NOTHING
        } else if is_complete && is_among(IMAP_COMMANDS, command) {
            (IMAP, Protocols::NONE)
        } else if !is_complete && may_be_among(IMAP_COMMANDS, command) {
            (Protocols::NONE, IMAP)
        } else {
            NOTHING
        }
    }

    /// A method that is not known here, RFC 9110 section 9.1, with a path or an address.
    fn http(&self, target: &[u8]) -> Found {
        if target.starts_with(b"/") || begins(target, b"http") == Says::Yes {
            (HTTP, Protocols::NONE)
        } else {
            self.by_version()
        }
    }

    /// A request that is wrong, but says what it wants to be.
    #[inline(never)] // Copies would cost the module more than calls cost time.
    fn by_version(&self) -> Found {
        let visible = self.visible();
        if contains(visible, b"HTTP/") {
            (HTTP, Protocols::NONE)
        } else if visible.len() == self.bytes.len() && !self.is_ended {
            (Protocols::NONE, HTTP)
        } else {
            NOTHING
        }
    }

    /// Whether it is text at all.
    fn text(&self) -> Found {
        if self.visible().len() < self.bytes.len() || !self.bytes.is_ascii() {
            NOTHING
        } else if self.is_ended {
            (TEXT, Protocols::NONE)
        } else {
            (Protocols::NONE, TEXT)
        }
    }

    #[inline(never)] // Copies would cost the module more than calls cost time.
    fn visible(&self) -> &[u8] {
        let is_shown = |byte: &&u8| is_visible(**byte) || matches!(byte, b'\t' | b'\r');
        let len = self.bytes.iter().take_while(is_shown).count();
        self.bytes.get(..len).unwrap_or_default()
    }
}

#[inline(never)] // Copies would cost the module more than calls cost time.
fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// RFC 9051 sections 6.1 and 6.2, RFC 2971, and what old clients try.
const IMAP_COMMANDS: &[&str] = &[
    "CAPABILITY",
    "LOGIN",
    "AUTHENTICATE",
    "STARTTLS",
    "NOOP",
    "LOGOUT",
    "ID",
    "ENABLE",
];
