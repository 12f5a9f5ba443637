//! An upstream that answers with exactly what reached it, over HTTP/1.1 and HTTP/2.

use std::{
    collections::VecDeque,
    io::{BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result};
use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use tokio::runtime;

use super::{
    Echo,
    body::{Framing, read_body, read_fields, read_line},
    http2::texts,
};

/// A server on a thread of its own; it stops listening on drop.
///
/// It answers every request with 200 and the text of an [`Echo`], and remembers the last
/// 10,000 requests. One port speaks both HTTP/1.1 (keep-alive) and HTTP/2 in clear text.
#[derive(Debug)]
pub struct EchoUpstream {
    addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    seen: Mutex<VecDeque<Echo>>,
}

impl EchoUpstream {
    /// Listens on a free port of 127.0.0.1. Fails when there is none.
    pub fn start() -> Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Listens on `addr`; port 0 means a free one. Fails when it is taken.
    pub fn start_at(addr: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(addr).with_context(|| format!("listen on {addr}"))?;
        Self::serve(listener)
    }

    /// Serves a listener that was bound elsewhere, for example inside a namespace.
    pub fn serve(listener: TcpListener) -> Result<Self> {
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        let acceptor = thread::Builder::new()
            .name("echo upstream".into())
            .spawn(move || accept(&listener, &for_thread))?;
        Ok(Self {
            addr,
            shared,
            acceptor: Some(acceptor),
        })
    }

    /// The address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// The requests so far, oldest first.
    #[must_use]
    pub fn seen(&self) -> Vec<Echo> {
        let seen = self.shared.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}

impl Drop for EchoUpstream {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the acceptor; where that is not possible (another namespace) it is left alone
        // and ends with the process.
        let woken = TcpStream::connect_timeout(&self.addr, Duration::from_millis(200)).is_ok();
        if let Some(acceptor) = self.acceptor.take().filter(|_| woken) {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn remember(&self, echo: &Echo) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() == SEEN_MAX {
            seen.pop_front();
        }
        seen.push_back(echo.clone());
    }
}

const SEEN_MAX: usize = 10_000;

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stop.load(Ordering::SeqCst) {
            return;
        }
        if let Ok(stream) = stream {
            let shared = Arc::clone(shared);
            // A peer that breaks off is no concern of the others, nor of the test.
            thread::spawn(move || answer(stream, &shared));
        }
    }
}

fn answer(stream: TcpStream, shared: &Arc<Shared>) -> Result<()> {
    stream.set_nodelay(true)?;
    // HTTP/2 starts with a line that no HTTP/1.1 request starts with; every request is longer.
    let mut start = [0; 4];
    loop {
        match stream.peek(&mut start)? {
            0 => return Ok(()),
            4.. => break,
            _ => thread::yield_now(),
        }
    }
    if start == *b"PRI " {
        answer_http2(stream, shared)
    } else {
        answer_http1(stream, shared)
    }
}

fn answer_http1(mut stream: TcpStream, shared: &Shared) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(line) = read_line(&mut reader)? {
        let headers = read_fields(&mut reader)?;
        let framing = Framing::of(&headers)?.unwrap_or(Framing::Length(0));
        let trailers = read_body(&mut reader, framing)?.trailers;
        let echo = Echo {
            line,
            headers,
            trailers,
        };
        shared.remember(&echo);
        let body = echo.to_string();
        let mut text = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if !echo.line.starts_with("HEAD ") {
            text.push_str(&body);
        }
        stream.write_all(text.as_bytes())?;
    }
    Ok(())
}

fn answer_http2(stream: TcpStream, shared: &Arc<Shared>) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        stream.set_nonblocking(true)?;
        let stream = tokio::net::TcpStream::from_std(stream)?;
        let mut connection = h2::server::handshake(stream).await?;
        while let Some(request) = connection.accept().await {
            let (request, respond) = request?;
            // `accept` drives the whole connection, so bodies are read beside it.
            tokio::spawn(answer_stream(request, respond, Arc::clone(shared)));
        }
        Ok(())
    })
}

async fn answer_stream(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    shared: Arc<Shared>,
) -> Result<()> {
    let (head, mut body) = request.into_parts();
    while let Some(chunk) = body.data().await {
        body.flow_control().release_capacity(chunk?.len())?;
    }
    let trailers = body.trailers().await?.unwrap_or_default();
    let target = head.uri.path_and_query().map_or("*", |path| path.as_str());
    let echo = Echo {
        line: format!("{} {target} HTTP/2", head.method),
        headers: texts(&head.headers),
        trailers: texts(&trailers),
    };
    shared.remember(&echo);
    let answer = http::Response::builder()
        .header("content-type", "text/plain")
        .body(())?;
    let mut stream = respond.send_response(answer, false)?;
    stream.send_data(Bytes::from(echo.to_string()), true)?;
    Ok(())
}
