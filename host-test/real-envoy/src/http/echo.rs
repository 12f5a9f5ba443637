//! What an upstream saw, as a value and as the text of its answer.

use std::fmt;

use super::message::values;

/// One request as it reached an upstream.
///
/// Its text, which is the body of [`EchoUpstream`](super::EchoUpstream)'s answer:
/// ```text
/// GET /path HTTP/1.1
/// Host: localhost
/// x-request-id: 7
///
/// x-trailer: 1
/// ```
/// The request line, one header a line as spelled on the wire, an empty line, one trailer a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Echo {
    /// Method, target and version.
    pub line: String,
    /// Header names and values in the order of the wire (HTTP/2: grouped by name).
    pub headers: Vec<(String, String)>,
    /// Trailer names and values.
    pub trailers: Vec<(String, String)>,
}

impl Echo {
    /// Reads the text of an answer back; `None` when it is no such text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (line, rest) = text.split_once('\n')?;
        let (headers, trailers) = rest.split_once("\n\n").or_else(|| {
            // A request without headers.
            rest.strip_prefix('\n').map(|trailers| ("", trailers))
        })?;
        Some(Self {
            line: line.into(),
            headers: fields(headers)?,
            trailers: fields(trailers)?,
        })
    }

    /// The values of every header `name` (in any spelling), in order.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&str> {
        values(&self.headers, name)
    }

    /// The values of every trailer `name` (in any spelling), in order.
    #[must_use]
    pub fn trailer_values(&self, name: &str) -> Vec<&str> {
        values(&self.trailers, name)
    }
}

impl fmt::Display for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.line)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        writeln!(f)?;
        for (name, value) in &self.trailers {
            writeln!(f, "{name}: {value}")?;
        }
        Ok(())
    }
}

fn fields(text: &str) -> Option<Vec<(String, String)>> {
    text.lines()
        .map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn text_reads_back() {
        for (headers, trailers) in [
            (&[("Host", "a"), ("x", "")][..], &[("T", "1: 2")][..]),
            (&[("Host", "a")], &[]),
            (&[], &[("T", "1")]),
            (&[], &[]),
        ] {
            let echo = Echo {
                line: "GET / HTTP/1.1".into(),
                headers: pairs(headers),
                trailers: pairs(trailers),
            };
            assert_eq!(Echo::parse(&echo.to_string()), Some(echo));
        }
    }

    #[test]
    fn other_text_is_no_echo() {
        assert_eq!(Echo::parse("upstream connect error"), None);
    }
}
