//! The upstream behind the HTTP filters, and for the calls of guests.

use std::{
    io::{BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::Result;

use super::super::{
    Answer,
    wire::{body, fields, line, quoted, shown, value},
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
            Some(answer) => stream.write_all(answer.wire().as_bytes())?,
            None => stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")?,
        }
    }
    Ok(())
}
