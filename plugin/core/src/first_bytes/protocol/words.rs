//! First words of protocols that speak in lines.

use super::{Protocol, Protocols, Says, begins};

pub(super) const SIP: Protocols = Protocols::of(&[Protocol::Sip]);
pub(super) const RTSP: Protocols = Protocols::of(&[Protocol::Rtsp]);
pub(super) const IMAP: Protocols = Protocols::of(&[Protocol::Imap]);
pub(super) const HTTP: Protocols = Protocols::of(&[Protocol::Http1]);
pub(super) const FTP: Protocols = Protocols::of(&[Protocol::Ftp]);
pub(super) const SMTP: Protocols = Protocols::of(&[Protocol::Smtp]);
pub(super) const POP3: Protocols = Protocols::of(&[Protocol::Pop3]);
pub(super) const REDIS: Protocols = Protocols::of(&[Protocol::Redis]);
pub(super) const TEXT: Protocols = Protocols::of(&[Protocol::Text]);
/// Protocols with request lines of the form that HTTP gave them.
pub(super) const REQUESTS: Protocols = HTTP.or(SIP).or(RTSP);

/// The protocols that begin with this word, in any capitals.
pub(super) fn known(word: &[u8]) -> Option<Protocols> {
    let found = WORDS.iter().find(|(_, words)| is_among(words, word));
    found.map(|(protocols, _)| *protocols)
}

/// The protocols whose first word may begin so.
pub(super) fn might_be(word: &[u8]) -> Protocols {
    let mut protocols = HTTP;
    if word.len() <= TAG_LEN_MAX {
        protocols = protocols.or(IMAP);
    }
    for (known, words) in WORDS {
        if may_be_among(words, word) {
            protocols = protocols.or(*known);
        }
    }
    protocols
}

#[inline(never)] // Copies would cost the module more than calls cost time.
pub(super) fn is_among(words: &[&str], word: &[u8]) -> bool {
    let is_word = |known: &&str| known.as_bytes().eq_ignore_ascii_case(word);
    words.iter().any(is_word)
}

#[inline(never)] // Copies would cost the module more than calls cost time.
pub(super) fn may_be_among(words: &[&str], start: &[u8]) -> bool {
    let is_start = |known: &&str| begins(start, known.as_bytes()) != Says::No;
    words.iter().any(is_start)
}

/// Longest tag that is taken for one; clients count with a letter and a few digits.
pub(super) const TAG_LEN_MAX: usize = 16;

/// First words, each once, with all protocols that have it. The most frequent ones come first.
///
/// HTTP: RFC 9110 section 9 and RFC 5789; other methods are told by what follows them. FTP: RFC 959,
/// 2228, 2389, 3659, 7151. SMTP: RFC 5321, 1985, 2033, 3030, 3207, 4954. POP3: RFC 1939, 2449, 2595,
/// 5034. SIP: RFC 3261, 3262, 3265, 3311, 3428, 3515, 3903, 6086. RTSP: RFC 2326, RFC 7826. Redis:
/// its inline commands, as people and probes type them.
const WORDS: &[(Protocols, &[&str])] = &[
    (HTTP.or(REDIS), &["GET"]),
    (
        HTTP,
        &["POST", "HEAD", "PUT", "DELETE", "CONNECT", "TRACE", "PATCH"],
    ),
    (HTTP.or(SIP).or(RTSP), &["OPTIONS"]),
    (
        SMTP,
        &[
            "EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "VRFY", "EXPN", "ETRN", "STARTTLS",
            "BDAT", "XCLIENT",
        ],
    ),
    (
        FTP.or(POP3),
        &["USER", "PASS", "LIST", "RETR", "DELE", "STAT", "LANG"],
    ),
    (
        FTP,
        &[
            "FEAT", "SYST", "HOST", "OPTS", "CLNT", "ACCT", "ADAT", "PBSZ", "PROT", "CWD", "PWD",
            "NLST", "STOR", "PORT", "PASV", "EPRT", "EPSV", "SITE", "REIN",
        ],
    ),
    (POP3, &["CAPA", "STLS", "APOP", "UIDL", "TOP"]),
    (FTP.or(SMTP).or(POP3).or(REDIS), &["AUTH", "QUIT"]),
    (FTP.or(SMTP).or(POP3), &["NOOP"]),
    (FTP.or(SMTP), &["HELP"]),
    (SMTP.or(POP3), &["RSET"]),
    (FTP.or(REDIS), &["TYPE"]),
    (
        REDIS,
        &[
            "PING",
            "SET",
            "CONFIG",
            "CLIENT",
            "COMMAND",
            "SELECT",
            "ECHO",
            "KEYS",
            "EXISTS",
            "DEL",
            "DBSIZE",
            "SCAN",
            "SAVE",
            "BGSAVE",
            "FLUSHALL",
            "FLUSHDB",
            "SLAVEOF",
            "REPLICAOF",
            "MONITOR",
            "PSUBSCRIBE",
            "EVAL",
            "MODULE",
            "ACL",
            "CLUSTER",
            "ROLE",
            "SYNC",
            "PSYNC",
            "INCR",
            "TIME",
        ],
    ),
    (SIP.or(REDIS), &["INFO", "PUBLISH"]),
    (HTTP.or(SIP).or(REDIS), &["SUBSCRIBE"]),
    (HTTP.or(SIP), &["NOTIFY", "UPDATE"]),
    (
        SIP,
        &[
            "INVITE", "REGISTER", "ACK", "BYE", "CANCEL", "PRACK", "REFER", "MESSAGE",
        ],
    ),
    (
        RTSP,
        &[
            "DESCRIBE",
            "SETUP",
            "PLAY",
            "PAUSE",
            "TEARDOWN",
            "ANNOUNCE",
            "RECORD",
            "REDIRECT",
            "GET_PARAMETER",
            "SET_PARAMETER",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::super::WINDOW;
    use super::*;

    #[test]
    fn each_word_stands_once_in_capitals_and_in_the_window() {
        let words = || WORDS.iter().flat_map(|(_, words)| *words);
        for word in words() {
            assert_eq!(words().filter(|other| *other == word).count(), 1, "{word}");
            assert!(
                !word.bytes().any(|byte| byte.is_ascii_lowercase()),
                "{word}"
            );
            assert!(word.len() < WINDOW / 2, "{word}");
        }
    }
}
