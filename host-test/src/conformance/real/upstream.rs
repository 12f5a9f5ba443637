//! The upstream behind the HTTP filters, and for the calls of guests.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context, Result, bail};

use super::{
    super::Answer,
    client::{quoted, shown},
};

/// A server on threads of its own, which end with the process.
pub(super) struct Upstream {
    port: u16,
    // The host that was asked, and the line of the transcript.
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Upstream {
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let for_threads = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&for_threads);
                // A peer that breaks off is no concern of the others.
                thread::spawn(move || serve(stream, &seen));
            }
        });
        Ok(Self { port, seen })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The requests for `host` so far, as lines of the transcript.
    pub(super) fn seen(&self, host: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter()
            .filter(|(asked, _)| asked == host)
            .map(|(_, line)| line.clone())
            .collect()
    }
}

type Fields = Vec<(String, String)>;

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<(String, String)>>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(first) = line(&mut reader)? {
        let headers = fields(&mut reader)?;
        let (body, trailers) = body(&mut reader, &headers)?;
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let text = format!(
            "upstream {method} {path} {} body={} trailers={}",
            shown(&headers),
            quoted(&body),
            shown(&trailers)
        );
        let host = value(&headers, "host").unwrap_or_default().to_owned();
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((host, text));
        match Answer::of_path(path) {
            Some(Answer::Reset) => return Ok(()),
            Some(Answer::Silent) => continue,
            Some(answer) => stream.write_all(wire(answer).as_bytes())?,
            None => stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")?,
        }
    }
    Ok(())
}

fn wire(answer: Answer) -> &'static str {
    match answer {
        Answer::Plain => {
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\r\nanswer"
        }
        Answer::Full => {
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Twice: 1\r\nX-Other: o\r\n\
             x-twice: 2\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nanswer\r\n0\r\n\
             X-Trailer: t\r\n\r\n"
        }
        Answer::Empty => "HTTP/1.1 204 No Content\r\n\r\n",
        Answer::Reset | Answer::Silent => "",
    }
}

fn line(reader: &mut impl BufRead) -> Result<Option<String>> {
    let mut text = String::new();
    let length = reader.take(LINE_MAX).read_line(&mut text)?;
    Ok((length > 0).then(|| text.trim_end().to_owned()))
}

fn fields(reader: &mut impl BufRead) -> Result<Fields> {
    let mut out = Vec::new();
    loop {
        let text = line(reader)?.context("closed within headers")?;
        if text.is_empty() {
            return Ok(out);
        }
        let (name, value) = text.split_once(':').context("a header without a colon")?;
        out.push((name.to_owned(), value.trim().to_owned()));
    }
}

fn body(reader: &mut impl BufRead, headers: &Fields) -> Result<(Vec<u8>, Fields)> {
    let mut bytes = Vec::new();
    if let Some(length) = value(headers, "content-length") {
        reader.take(length.parse()?).read_to_end(&mut bytes)?;
    } else if value(headers, "transfer-encoding").is_some() {
        loop {
            let length = line(reader)?.context("closed between chunks")?;
            let length = u64::from_str_radix(&length, 16)?;
            if length == 0 {
                return Ok((bytes, fields(reader)?));
            }
            if reader.take(length).read_to_end(&mut bytes)? as u64 != length {
                bail!("closed within a chunk");
            }
            line(reader)?;
        }
    }
    Ok((bytes, Vec::new()))
}

fn value<'a>(fields: &'a Fields, wanted: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_str())
}

const LINE_MAX: u64 = 64 * 1024;
