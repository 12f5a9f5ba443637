//! The virtual time of an Envoy: it stands still, and goes by when told to.
//!
//! A small library is preloaded into the process; see `preload/lib.rs`.

use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    process::Command,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{eventually, workspace::Scratch};

/// Lets time go by in one Envoy, and waits until it has nothing left to do.
#[derive(Debug)]
pub struct Clock {
    stream: Mutex<UnixStream>,
}

impl Clock {
    /// Waits until Envoy has done everything that is to be done at its present time: no thread
    /// runs, none has an event to look at, every access log is written.
    ///
    /// Fails when Envoy is gone, or still busy after 60 s.
    pub fn rest(&self) -> Result<()> {
        self.ask(REST, 0).map(drop)
    }

    /// Lets `by` go by: each timer runs at its time, one after the other; at the same time first
    /// those of the main thread, then those of the workers in their order. Says how often a thread
    /// had its turn. Fails like [`Clock::rest`], for all of it together.
    pub fn advance(&self, by: Duration) -> Result<u64> {
        self.ask(PASS, u64::try_from(by.as_nanos())?)
    }

    /// Sets the wall clock forwards or backwards by so many nanoseconds; no timer runs because of
    /// it. Fails like [`Clock::rest`].
    pub fn shift(&self, by_nanos: i64) -> Result<()> {
        self.ask(SHIFT, by_nanos.cast_unsigned()).map(drop)
    }

    fn ask(&self, what: u64, argument: u64) -> Result<u64> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answer = [0; 8];
        let asked = stream
            .write_all(&what.to_le_bytes())
            .and_then(|()| stream.write_all(&argument.to_le_bytes()))
            .and_then(|()| stream.read_exact(&mut answer));
        match asked {
            Ok(()) => Ok(u64::from_le_bytes(answer)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                bail!("envoy is still busy after {BUSY_MAX:?}")
            }
            Err(_) => bail!("envoy has ended"),
        }
    }
}

const REST: u64 = 0;
const PASS: u64 = 1;
const SHIFT: u64 = 2;
/// A minute of real time: a guest that loops for ever, or far too many timers.
const BUSY_MAX: Duration = Duration::from_secs(60);

/// What waits for an Envoy to ask for its time.
pub(super) struct Waiting {
    listener: UnixListener,
    socket: PathBuf,
    library: PathBuf,
}

impl Waiting {
    pub(super) fn new(scratch: &Scratch) -> Result<Self> {
        let socket = scratch.path("clock");
        let listener = UnixListener::bind(&socket)
            .with_context(|| format!("listen at {}", socket.display()))?;
        listener.set_nonblocking(true)?;
        let library = scratch.path("preload.so");
        std::fs::write(&library, PRELOAD)
            .with_context(|| format!("write {}", library.display()))?;
        Ok(Self {
            listener,
            socket,
            library,
        })
    }

    /// Gives `command` what makes its time begin at `start_nanos` since 1970.
    pub(super) fn prepare(&self, command: &mut Command, start_nanos: u64) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("REAL_ENVOY_CLOCK", &self.socket)
            .env("REAL_ENVOY_CLOCK_START", start_nanos.to_string());
    }

    /// The clock of the process that was started; `ended` says whether it is gone.
    pub(super) fn clock(self, mut ended: impl FnMut() -> bool) -> Result<Clock> {
        let stream = eventually("envoy asks for its time", CONNECT_WITHIN, || {
            match self.listener.accept() {
                Ok((stream, _)) => Some(Ok(stream)),
                Err(_) => ended().then(|| Err(anyhow::anyhow!("envoy has ended"))),
            }
        })??;
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(BUSY_MAX))?;
        Ok(Clock {
            stream: Mutex::new(stream),
        })
    }
}

const PRELOAD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/preload.so"));
const CONNECT_WITHIN: Duration = Duration::from_secs(20);

/// What Envoy is told beside the configuration `text`: where its admin interface is, and that
/// nothing happens by itself that no filter wants, because in virtual time every timer costs a turn.
pub(super) fn beside(text: &str) -> String {
    // Envoy refuses this without the rest of it.
    let overload = match text.contains("overload_manager") {
        true => "overload_manager: { refresh_interval: 100000000s }\n",
        false => "",
    };
    format!("{ADMIN_AND_QUIET}{overload}")
}

const ADMIN_AND_QUIET: &str = "\
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
stats_flush_on_admin: true
watchdogs:
  main_thread_watchdog: { miss_timeout: 100000000s, megamiss_timeout: 100000000s }
  worker_watchdog: { miss_timeout: 100000000s, megamiss_timeout: 100000000s }
";
/// Access logs are written line by line, and never because of a timer.
pub(super) const QUIET_ARGUMENTS: [&str; 4] = [
    "--file-flush-min-size-kb",
    "0",
    "--file-flush-interval-msec",
    "2000000000",
];
