//! The process: spawned, its output captured, killed on drop.

use std::{
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use anyhow::{Context, Result};
use nix::sys::signal::{SigSet, SigmaskHow};

use crate::Netns;

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdout: Capture,
    stderr: Capture,
}

impl Process {
    /// Starts `command` with both outputs captured; inside `namespace` when one is given.
    pub(crate) fn spawn(command: &mut Command, namespace: Option<&Netns>) -> Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A child belongs to the namespace of the thread that starts it.
        let spawned = match namespace {
            Some(namespace) => namespace.enter(|| hearing_signals(|| command.spawn()))?,
            None => hearing_signals(|| command.spawn()),
        };
        let mut child = spawned
            .with_context(|| format!("start {}", command.get_program().to_string_lossy()))?;
        let stdout = Capture::of(child.stdout.take());
        let stderr = Capture::of(child.stderr.take());
        Ok(Self {
            child,
            stdout,
            stderr,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How the process ended; `None` while it runs.
    pub(crate) fn exit(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().context("wait for envoy")
    }

    pub(crate) fn kill(&mut self) {
        // Both fail only when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }
}

/// A child inherits which signals its parent's thread has blocked; Envoy must hear those that end
/// it, the one at the end of that thread included.
fn hearing_signals<T>(start: impl FnOnce() -> T) -> T {
    let usual = SigSet::empty().thread_swap_mask(SigmaskHow::SIG_SETMASK);
    let started = start();
    if let Ok(usual) = usual {
        // Cannot fail: this is the mask that the thread had.
        let _ = usual.thread_set_mask();
    }
    started
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a pipe has delivered so far, at most [`CAPTURE_MAX`] bytes of it.
#[derive(Clone, Debug, Default)]
struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Capture {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let capture = Self::default();
        let sink = capture.clone();
        if let Some(mut pipe) = pipe {
            // Ends with the pipe, that is with the process.
            thread::spawn(move || {
                let mut chunk = [0; 16 * 1024];
                while let Ok(length @ 1..) = pipe.read(&mut chunk) {
                    let mut bytes = sink.lock();
                    let room = CAPTURE_MAX.saturating_sub(bytes.len());
                    bytes.extend_from_slice(&chunk[..length.min(room)]);
                }
            });
        }
        capture
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock()).into_owned()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const CAPTURE_MAX: usize = 256 * 1024 * 1024;
