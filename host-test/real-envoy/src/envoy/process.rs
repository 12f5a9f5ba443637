//! The process: spawned, its output captured, killed on drop.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
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
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = start(command, namespace)?;
        let stdout = Capture::of(child.stdout.take());
        let stderr = Capture::of(child.stderr.take());
        Ok(Self {
            child,
            stdout,
            stderr,
        })
    }

    /// Starts `command` with both outputs in files of `folder`: what was written can be read at
    /// once.
    pub(crate) fn spawn_into(command: &mut Command, folder: &Path) -> Result<Self> {
        let (stdout, stderr) = (folder.join("stdout"), folder.join("stderr"));
        let file = |path: &Path| {
            let options = File::options().create(true).append(true).open(path);
            options.with_context(|| format!("make {}", path.display()))
        };
        command.stdout(file(&stdout)?).stderr(file(&stderr)?);
        Ok(Self {
            child: start(command, None)?,
            stdout: Capture::File(stdout),
            stderr: Capture::File(stderr),
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

    pub(crate) fn stdout_since(&self, start: usize) -> Vec<u8> {
        self.stdout.since(start)
    }

    pub(crate) fn stderr_since(&self, start: usize) -> Vec<u8> {
        self.stderr.since(start)
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }
}

fn start(command: &mut Command, namespace: Option<&Netns>) -> Result<Child> {
    command.stdin(Stdio::null());
    // A child belongs to the namespace of the thread that starts it.
    let spawned = match namespace {
        Some(namespace) => namespace.enter(|| hearing_signals(|| command.spawn()))?,
        None => hearing_signals(|| command.spawn()),
    };
    spawned.with_context(|| format!("start {}", command.get_program().to_string_lossy()))
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

/// What was written so far.
#[derive(Clone, Debug)]
enum Capture {
    /// Through a pipe, at most [`CAPTURE_MAX`] bytes of it.
    Pipe(Arc<Mutex<Vec<u8>>>),
    /// Into a file.
    File(PathBuf),
}

impl Capture {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bytes);
        if let Some(mut pipe) = pipe {
            // Ends with the pipe, that is with the process.
            thread::spawn(move || {
                let mut chunk = [0; 16 * 1024];
                while let Ok(length @ 1..) = pipe.read(&mut chunk) {
                    let mut bytes = lock(&sink);
                    let room = CAPTURE_MAX.saturating_sub(bytes.len());
                    bytes.extend_from_slice(&chunk[..length.min(room)]);
                }
            });
        }
        Self::Pipe(bytes)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.since(0)).into_owned()
    }

    /// The bytes from number `start` on.
    fn since(&self, start: usize) -> Vec<u8> {
        match self {
            Self::Pipe(bytes) => lock(bytes).get(start..).unwrap_or_default().to_vec(),
            // A file that cannot be read any more has nothing new.
            Self::File(path) => read_since(path, start).unwrap_or_default(),
        }
    }
}

fn read_since(path: &Path, start: usize) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start as u64))?;
    let mut bytes = Vec::new();
    file.take(CAPTURE_MAX as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn lock(bytes: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}

const CAPTURE_MAX: usize = 256 * 1024 * 1024;
