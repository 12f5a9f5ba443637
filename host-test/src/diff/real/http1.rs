//! HTTP/1.1 messages out of bytes, as far as they have come.

use crate::scenario::MessageSeen;

/// A message, as far as it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// The first line, in its words.
    pub(super) first_line: Vec<String>,
    /// Headers, body and trailers; the status of a response.
    pub(super) message: MessageSeen,
    /// How many bytes it has, if it is whole.
    pub(super) length: Option<usize>,
}

/// What has a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    /// A response.
    Response {
        /// To a request that wants no body.
        to_head: bool,
        /// Nothing more comes.
        at_end: bool,
    },
}

/// Reads the message at the start of `bytes`; none before its headers are whole.
pub(super) fn read(bytes: &[u8], kind: Kind) -> Option<Read> {
    let head_end = find(bytes, b"\r\n\r\n")? + 4;
    let (head, rest) = bytes.split_at_checked(head_end)?;
    let mut lines = head.split(|byte| *byte == b'\n').map(line_text);
    let first_line: Vec<String> = lines.next()?.splitn(3, ' ').map(str::to_owned).collect();
    let headers: Vec<(String, String)> = lines.filter_map(|line| field(&line)).collect();
    let mut read = Read {
        first_line,
        ..Read::default()
    };
    let mut framing = framing(&headers);
    if let Kind::Response { to_head, at_end } = kind {
        let status = read.first_line.get(1).and_then(|word| word.parse().ok());
        read.message.status = status;
        if status.is_some_and(|status| (100..200).contains(&status)) {
            // The answer follows.
            let mut next = self::read(rest, kind)?;
            next.length = next.length.map(|length| length + head_end);
            return Some(next);
        }
        if to_head || matches!(status, Some(204 | 304)) {
            framing = Framing::Length(0);
        } else if framing == Framing::None {
            framing = Framing::UntilEnd { at_end };
        }
    }
    read.message.headers = headers;
    let end = match framing {
        Framing::None => Some(0),
        Framing::Length(length) => {
            let body = rest.get(..length);
            read.message.body = body.unwrap_or(rest).to_vec();
            body.map(<[u8]>::len)
        }
        Framing::UntilEnd { at_end } => {
            read.message.body = rest.to_vec();
            at_end.then_some(rest.len())
        }
        Framing::Chunks => chunks(rest, &mut read.message),
    };
    read.length = end.map(|end| head_end + end);
    Some(read)
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    None,
    Length(usize),
    Chunks,
    UntilEnd { at_end: bool },
}

fn framing(headers: &[(String, String)]) -> Framing {
    let value = |wanted: &str| {
        let mut found = headers.iter();
        found.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    if value("transfer-encoding").is_some_and(|(_, value)| value.ends_with("chunked")) {
        return Framing::Chunks;
    }
    let length = value("content-length").and_then(|(_, value)| value.parse().ok());
    length.map_or(Framing::None, Framing::Length)
}

/// Reads chunks and trailers; says where they end, if they do.
fn chunks(bytes: &[u8], message: &mut MessageSeen) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..)?;
        let line_end = find(rest, b"\r\n")?;
        let digits = line_text(rest.get(..line_end)?);
        let digits = digits.split(';').next().unwrap_or_default().trim();
        let length = usize::from_str_radix(digits, 16).ok()?;
        at += line_end + 2;
        if length == 0 {
            break;
        }
        let rest = bytes.get(at..)?;
        let Some(chunk) = rest.get(..length) else {
            message.body.extend_from_slice(rest);
            return None;
        };
        message.body.extend_from_slice(chunk);
        at = at.checked_add(length)?.checked_add(2)?;
    }
    loop {
        let rest = bytes.get(at..)?;
        let line_end = find(rest, b"\r\n")?;
        at += line_end + 2;
        match field(&line_text(rest.get(..line_end)?)) {
            Some(trailer) => message.trailers.push(trailer),
            None => return Some(at),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

fn line_text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: Kind = Kind::Response {
        to_head: false,
        at_end: false,
    };

    #[test]
    fn a_message_is_whole_with_its_last_byte() {
        for (text, kind) in [
            ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", Kind::Request),
            (
                "PUT / HTTP/1.1\r\ncontent-length: 2\r\n\r\nab",
                Kind::Request,
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\nt: 1\r\n\r\n",
                RESPONSE,
            ),
            ("HTTP/1.1 204 No Content\r\n\r\n", RESPONSE),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
                RESPONSE,
            ),
        ] {
            for length in 0..text.len() {
                let part = read(&text.as_bytes()[..length], kind);
                assert!(
                    part.is_none_or(|part| part.length.is_none()),
                    "{length} of {text}"
                );
            }
            let longer = format!("{text}GET");
            assert_eq!(
                read(longer.as_bytes(), kind).unwrap().length,
                Some(text.len())
            );
        }
    }

    #[test]
    fn chunks_and_trailers_are_taken_apart() {
        let text = b"HTTP/1.1 200 OK\r\na: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nt: 1\r\n\r\n";
        let message = read(text, RESPONSE).unwrap().message;
        assert_eq!(message.status, Some(200));
        assert_eq!(message.body, b"abc");
        assert_eq!(message.headers[0], ("a".to_owned(), "1".to_owned()));
        assert_eq!(message.trailers, [("t".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_body_without_length_ends_with_the_connection() {
        let text = b"HTTP/1.1 200 OK\r\n\r\nabc";
        let (to_head, at_end) = (false, true);
        assert_eq!(read(text, RESPONSE).unwrap().length, None);
        let whole = read(text, Kind::Response { to_head, at_end }).unwrap();
        assert_eq!(whole.length, Some(text.len()));
        assert_eq!(whole.message.body, b"abc");
    }
}
