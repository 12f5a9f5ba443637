//! Accept traces: accepted connections, one a line, as NDJSON or CSV, plain or gzipped.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::net::IpAddr;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

/// Most contacts of a trace: what fits into the memory of an ordinary machine.
pub const CONTACTS_MAX: usize = 100_000_000;

/// Microseconds since 1970 or, for a duration, from the beginning of a contact.
pub type Micros = u64;

const MICROS_PER_SEC: f64 = 1e6;

/// An accepted connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// When it was accepted.
    pub at: Micros,
    /// The peer.
    pub src: IpAddr,
    /// The peer's port; 0 if it is not known.
    pub sport: u16,
    /// The local address; none if it is not known.
    pub dst: Option<IpAddr>,
    /// The local port.
    pub dport: u16,
    /// How long it was open; 0 if that is not known.
    pub duration: Micros,
    /// How many bytes came from the client, if that is known.
    pub bytes: Option<u64>,
    /// The first of them, as far as they are known.
    pub first: Box<[u8]>,
    /// Whether a request or session was answered normally, if that is known.
    pub served: Option<bool>,
}

/// What is wrong with a trace.
#[derive(Debug)]
pub struct TraceError {
    /// The line, from 1; none if it is about the whole file.
    pub line: Option<u64>,
    /// The field, the value, and what is allowed.
    pub message: String,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for TraceError {}

/// Reads the trace in the file at `path`: gzip is told by its magic number, NDJSON by the brace at
/// the beginning.
///
/// # Errors
/// The file cannot be read, or the first line that is no contact.
pub fn read_file(path: &Path) -> Result<Vec<Contact>, TraceError> {
    let failed = |error: io::Error| TraceError {
        line: None,
        message: format!("{}: {error}", path.display()),
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut file = BufReader::new(file);
    let is_gzip = file.fill_buf().map_err(failed)?.starts_with(&[0x1f, 0x8b]);
    let contacts = if is_gzip {
        read(MultiGzDecoder::new(file))
    } else {
        read(file)
    };
    contacts.map_err(|error| TraceError {
        line: error.line,
        message: match error.line {
            Some(_) => error.message,
            None => format!("{}: {}", path.display(), error.message),
        },
    })
}

/// Reads a trace.
///
/// # Errors
/// The first line that is no contact.
pub fn read(trace: impl Read) -> Result<Vec<Contact>, TraceError> {
    let mut trace = BufReader::new(trace);
    let start = trace.fill_buf().map_err(|error| TraceError {
        line: None,
        message: error.to_string(),
    })?;
    match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Ok(Vec::new()),
        Some(b'{') => read_ndjson(trace),
        Some(_) => read_csv(trace),
    }
}

fn read_csv(trace: impl Read) -> Result<Vec<Contact>, TraceError> {
    let mut contacts = Vec::new();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(trace);
    for line in reader.deserialize::<Line>() {
        let line = line.map_err(|error| TraceError {
            line: error.position().map(csv::Position::line),
            message: csv_message(&error),
        })?;
        // The header is line 1.
        let number = u64::try_from(contacts.len()).unwrap_or(u64::MAX) + 2;
        push(&mut contacts, line, number)?;
    }
    Ok(contacts)
}

fn csv_message(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        _ => error.to_string(),
    }
}

fn read_ndjson(trace: impl BufRead) -> Result<Vec<Contact>, TraceError> {
    let mut contacts = Vec::new();
    for (line, number) in trace.lines().zip(1..) {
        let failed = |message: String| TraceError {
            line: Some(number),
            message,
        };
        let line = line.map_err(|error| failed(error.to_string()))?;
        if line.trim().is_empty() {
            continue;
        }
        let line = serde_json::from_str(&line).map_err(|error| failed(error.to_string()))?;
        push(&mut contacts, line, number)?;
    }
    Ok(contacts)
}

fn push(contacts: &mut Vec<Contact>, line: Line, number: u64) -> Result<(), TraceError> {
    let failed = |message: String| TraceError {
        line: Some(number),
        message,
    };
    if contacts.len() >= CONTACTS_MAX {
        return Err(failed(format!("more than {CONTACTS_MAX} contacts")));
    }
    contacts.push(line.checked().map_err(failed)?);
    Ok(())
}

/// A line as it is written; columns that are absent or empty are unknown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    ts: f64,
    src: IpAddr,
    #[serde(default)]
    sport: Option<u16>,
    #[serde(default)]
    dst: Option<Maybe<IpAddr>>,
    dport: u16,
    #[serde(default)]
    dur: Option<f64>,
    #[serde(default)]
    bytes: Option<u64>,
    /// How a connection closed is no evidence: the module cannot tell FIN from RST.
    #[serde(default, rename = "close")]
    _close: Option<String>,
    #[serde(default)]
    first: Option<String>,
    #[serde(default)]
    served: Option<Served>,
}

/// A value, or an empty text for an unknown one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Maybe<T> {
    Known(T),
    Unknown(String),
}

/// `1` or `0`, as numbers or texts, or an empty text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Served {
    Number(u64),
    Bool(bool),
    Text(String),
}

impl Line {
    fn checked(self) -> Result<Contact, String> {
        let dst = match self.dst {
            None => None,
            Some(Maybe::Known(dst)) => Some(dst),
            Some(Maybe::Unknown(text)) if text.is_empty() => None,
            Some(Maybe::Unknown(text)) => {
                return Err(format!("dst: {text:?}: must be an address, or empty"));
            }
        };
        if self.dport == 0 {
            return Err("dport: 0: must be a port from 1 to 65535".to_owned());
        }
        let served = match self.served {
            None => None,
            Some(Served::Number(0) | Served::Bool(false)) => Some(false),
            Some(Served::Number(1) | Served::Bool(true)) => Some(true),
            Some(Served::Text(text)) if text.is_empty() => None,
            Some(Served::Text(text)) if text == "0" => Some(false),
            Some(Served::Text(text)) if text == "1" => Some(true),
            Some(Served::Number(number)) => {
                return Err(format!("served: {number}: must be 1, 0 or empty"));
            }
            Some(Served::Text(text)) => {
                return Err(format!("served: {text:?}: must be 1, 0 or empty"));
            }
        };
        Ok(Contact {
            at: micros(self.ts, "ts")?,
            src: self.src,
            sport: self.sport.unwrap_or(0),
            dst,
            dport: self.dport,
            duration: micros(self.dur.unwrap_or(0.0), "dur")?,
            bytes: self.bytes,
            first: hex(self.first.as_deref().unwrap_or_default())?,
            served,
        })
    }
}

/// Seconds in microseconds.
fn micros(secs: f64, field: &str) -> Result<Micros, String> {
    let max = f64::from(u32::MAX);
    if !(0.0..=max).contains(&secs) {
        return Err(format!("{field}: {secs}: must be seconds from 0 to {max}"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked"
    )]
    let micros = (secs * MICROS_PER_SEC).round() as u64;
    Ok(micros)
}

fn hex(text: &str) -> Result<Box<[u8]>, String> {
    let wrong = || format!("first: {text:?}: must be pairs of hexadecimal digits");
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(wrong());
    }
    let digits = text.as_bytes();
    let pairs = digits.chunks_exact(2);
    pairs
        .map(|pair| {
            let text = str::from_utf8(pair).map_err(|_| wrong())?;
            u8::from_str_radix(text, 16).map_err(|_| wrong())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const CSV: &str = "ts,src,sport,dst,dport,dur,bytes,close,first,served\n\
                       1.5,192.0.2.7,4000,198.51.100.1,23,0.25,2,fin,0d0a,1\n\
                       2,2001:db8::7,,,443,,,,,\n";
    const NDJSON: &str = "{\"ts\":1.5,\"src\":\"192.0.2.7\",\"sport\":4000,\"dst\":\"198.51.100.1\",\
                          \"dport\":23,\"dur\":0.25,\"bytes\":2,\"close\":\"fin\",\"first\":\"0d0a\",\"served\":1}\n\
                          {\"ts\":2,\"src\":\"2001:db8::7\",\"dport\":443}\n";

    #[test]
    fn csv_and_ndjson_plain_and_gzipped_say_the_same() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(CSV.as_bytes()).unwrap();
        let file = std::env::temp_dir().join(format!("trace-{}.csv.gz", std::process::id()));
        std::fs::write(&file, gzip.finish().unwrap()).unwrap();
        let zipped = read_file(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let csv = read(CSV.as_bytes()).unwrap();
        assert_eq!(csv, read(NDJSON.as_bytes()).unwrap());
        assert_eq!(csv, zipped);
        assert_eq!(csv[0].at, 1_500_000);
        assert_eq!((csv[0].duration, csv[0].bytes), (250_000, Some(2)));
        assert_eq!((&*csv[0].first, csv[0].served), (&b"\r\n"[..], Some(true)));
        assert_eq!((csv[1].bytes, csv[1].served), (None, None));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let wrong = [
            ("ts,src,dport,colour\n1,192.0.2.1,1,red\n", "colour"),
            ("ts,src,dport\n1,192.0.2.1,1\nx,192.0.2.1,1\n", "line 3"),
            ("ts,src,dport\n-1,192.0.2.1,1\n", "ts: -1"),
            ("ts,src,dport\n1,192.0.2.1,0\n", "dport: 0"),
            ("ts,src,dport\n1,192.0.2.1,65536\n", "line 2"),
            ("ts,src,dport,first\n1,192.0.2.1,1,abc\n", "first: \"abc\""),
            ("ts,src,dport,served\n1,192.0.2.1,1,2\n", "served: 2"),
            ("ts,src\n1,192.0.2.1\n", "dport"),
            (
                "{\"ts\":1,\"src\":\"192.0.2.1\",\"dport\":1,\"color\":1}",
                "color",
            ),
            ("{\"ts\":1}\n", "line 1"),
        ];
        for (text, said) in wrong {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
        assert_eq!(read(&b""[..]).unwrap(), []);
    }
}
