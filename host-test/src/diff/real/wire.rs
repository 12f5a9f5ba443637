//! A socket that is written to and read from without waiting.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use socket2::SockRef;

/// One end of a connection with Envoy.
#[derive(Debug)]
pub(super) struct Wire {
    /// None when this end has closed or reset the connection.
    stream: Option<TcpStream>,
    /// What the other end has still to take.
    outbound: Vec<u8>,
    /// Nothing more is sent after that.
    is_finishing: bool,
    has_finished: bool,
    end: Option<End>,
}

/// How the other end has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It sends nothing more.
    Finished,
    /// It knows nothing of the connection any more.
    Reset,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> std::io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: Some(stream),
            outbound: Vec::new(),
            is_finishing: false,
            has_finished: false,
            end: None,
        })
    }

    /// How the other end has stopped, if it has.
    pub(super) fn end(&self) -> Option<End> {
        self.end
    }

    /// Whether this end has reset the connection.
    pub(super) fn is_reset(&self) -> bool {
        self.stream.is_none()
    }

    /// Sends these bytes as soon as the other end takes them.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.outbound.extend_from_slice(bytes);
        self.write();
    }

    /// Sends nothing more after what was sent.
    pub(super) fn finish(&mut self) {
        self.is_finishing = true;
        self.write();
    }

    /// Breaks the connection off: the other end is told, and nothing in between arrives.
    pub(super) fn reset(&mut self) {
        if let Some(stream) = self.stream.take() {
            // Fails when the other end was quicker.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
    }

    /// Moves what can be moved, what has come to the end of `into`; says whether anything was.
    pub(super) fn pump(&mut self, into: &mut Vec<u8>) -> bool {
        let written = self.write();
        self.read(into) || written
    }

    fn write(&mut self) -> bool {
        let Some(stream) = &mut self.stream else {
            return false;
        };
        let mut taken = 0;
        while let Some(rest) = self.outbound.get(taken..).filter(|rest| !rest.is_empty()) {
            match stream.write(rest) {
                Ok(length) => taken += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    // What comes back says how the other end has stopped.
                    taken = self.outbound.len();
                }
            }
        }
        self.outbound.drain(..taken.min(self.outbound.len()));
        if self.outbound.is_empty() && self.is_finishing && !self.has_finished {
            self.has_finished = true;
            // Fails when the other end was quicker.
            let _ = stream.shutdown(Shutdown::Write);
            return true;
        }
        taken > 0
    }

    fn read(&mut self, into: &mut Vec<u8>) -> bool {
        let Some(stream) = self.stream.as_mut().filter(|_| self.end.is_none()) else {
            return false;
        };
        let mut chunk = [0; 64 * 1024];
        let mut moved = false;
        loop {
            match stream.read(&mut chunk) {
                Ok(0) => self.end = Some(End::Finished),
                Ok(length) => {
                    into.extend_from_slice(chunk.get(..length).unwrap_or_default());
                    moved = true;
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return moved,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => self.end = Some(End::Reset),
            }
            return true;
        }
    }
}
