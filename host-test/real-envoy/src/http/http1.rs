//! An HTTP/1.1 client that sends its headers byte by byte as told.

use std::{
    io::{BufReader, Write},
    net::TcpStream,
};

use anyhow::{Context, Result, bail};

use super::{
    Request, Response,
    body::{Framing, chunked, read_body, read_fields, read_line, write_fields},
};

/// A connection that takes one request after the other (keep-alive).
#[derive(Debug)]
pub struct Http1 {
    reader: BufReader<TcpStream>,
}

impl Http1 {
    /// Uses a stream that is connected already, for example after a PROXY header was written.
    pub fn over(stream: TcpStream) -> Result<Self> {
        Ok(Self {
            reader: BufReader::new(stream),
        })
    }

    /// Sends `request` and reads the whole answer.
    ///
    /// Fails when the connection closes before the answer is complete, when it is not HTTP/1.1,
    /// or when nothing comes for as long as the stream's read time-out, 10 s unless changed.
    pub fn send(&mut self, request: &Request) -> Result<Response> {
        self.write(&wire(request))?;
        self.read(&request.method)
    }

    /// Sends a GET request for `localhost`. Fails like [`Http1::send`].
    pub fn get(&mut self, target: &str) -> Result<Response> {
        self.send(&Request::get(target))
    }

    /// Writes bytes as they are, such as half a request or no HTTP at all.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.reader
            .get_mut()
            .write_all(bytes)
            .context("send the request")
    }

    /// Reads the next answer to a request with the method `method`. Fails like [`Http1::send`].
    pub fn read(&mut self, method: &str) -> Result<Response> {
        loop {
            let line = read_line(&mut self.reader)
                .context("read the answer")?
                .context("the connection closed without an answer")?;
            let status = status(&line)?;
            let headers = read_fields(&mut self.reader)?;
            if (100..200).contains(&status) {
                continue;
            }
            let framing = if method == "HEAD" || status == 204 || status == 304 {
                Framing::Length(0)
            } else {
                Framing::of(&headers)?.unwrap_or(Framing::UntilClose)
            };
            let body = read_body(&mut self.reader, framing)?;
            return Ok(Response {
                status,
                headers,
                body: body.bytes,
                trailers: body.trailers,
            });
        }
    }

    /// The stream, for what HTTP cannot say: half-closing, its own address, its time-outs.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }
}

fn status(line: &str) -> Result<u16> {
    let mut words = line.split(' ');
    let (version, status) = (words.next(), words.next());
    match (version, status.and_then(|status| status.parse().ok())) {
        (Some("HTTP/1.1" | "HTTP/1.0"), Some(status)) => Ok(status),
        _ => bail!("not the first line of an HTTP/1.1 answer: {line:?}"),
    }
}

fn wire(request: &Request) -> Vec<u8> {
    let has = |wanted: &str| {
        request
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    let mut out = format!("{} {} HTTP/1.1\r\n", request.method, request.target).into_bytes();
    let mut fields = request.headers.clone();
    if let Some(host) = request.authority.as_ref().filter(|_| !has("host")) {
        fields.insert(0, (b"Host".to_vec(), host.clone().into_bytes()));
    }
    let in_chunks = request.chunked || !request.trailers.is_empty();
    if in_chunks {
        if !has("transfer-encoding") {
            fields.push((b"Transfer-Encoding".to_vec(), b"chunked".to_vec()));
        }
    } else if !request.body.is_empty() && !has("content-length") {
        let length = request.body.len().to_string();
        fields.push((b"Content-Length".to_vec(), length.into_bytes()));
    }
    write_fields(&mut out, &fields);
    if in_chunks {
        out.extend_from_slice(&chunked(&request.body, &request.trailers));
    } else {
        out.extend_from_slice(&request.body);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_go_out_in_the_given_order_and_spelling() {
        let request = Request::get("/a")
            .header("X-PortScan", "1")
            .header("x-pOrTsCaN", "2")
            .header("hOsT", "h");
        assert_eq!(
            String::from_utf8(wire(&request)).unwrap(),
            "GET /a HTTP/1.1\r\nX-PortScan: 1\r\nx-pOrTsCaN: 2\r\nhOsT: h\r\n\r\n"
        );
    }

    #[test]
    fn trailers_make_the_body_chunked() {
        let request = Request::post("/", "ab").trailer("T", "v");
        assert_eq!(
            String::from_utf8(wire(&request)).unwrap(),
            "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\
             1\r\na\r\n1\r\nb\r\n0\r\nT: v\r\n\r\n"
        );
    }
}
