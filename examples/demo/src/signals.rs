//! Ctrl-C and its kin: Envoy ends first, then the demo clears away and ends too.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
    thread,
};

use anyhow::{Context, Result, ensure};
use nix::{
    sys::signal::{SigSet, Signal, kill},
    unistd::Pid,
};

/// What a shell reports of a program that Ctrl-C has ended.
pub(crate) const EXIT_CODE: u8 = 130;

/// Watches for signals.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    came: AtomicBool,
    /// 0 while there is none.
    envoy: AtomicI32,
}

/// Takes SIGINT, SIGTERM and SIGHUP from the threads of this process, to be called before there
/// are any. Programs that it starts get them as usual.
pub(crate) fn watch() -> Result<Arc<Signals>> {
    let wanted: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]
        .into_iter()
        .collect();
    wanted.thread_block().context("block signals")?;
    let signals = Arc::new(Signals::default());
    let for_thread = Arc::clone(&signals);
    thread::spawn(move || {
        while wanted.wait().is_ok() {
            for_thread.stop();
        }
    });
    Ok(signals)
}

impl Signals {
    /// From now on a signal ends this Envoy, and with it what the demo waits for. Fails when
    /// there was one already.
    pub(crate) fn pass_on_to(&self, envoy: u32) -> Result<()> {
        let pid = i32::try_from(envoy).context("a process id")?;
        self.envoy.store(pid, Ordering::SeqCst);
        ensure!(!self.came(), "stopped");
        Ok(())
    }

    /// Whether there was one.
    pub(crate) fn came(&self) -> bool {
        self.came.load(Ordering::SeqCst)
    }

    fn stop(&self) {
        let is_repeated = self.came.swap(true, Ordering::SeqCst);
        match self.envoy.load(Ordering::SeqCst) {
            // Envoy is just starting: soon it has started, or has been ended by Ctrl-C too.
            0 if !is_repeated => {}
            0 => process::exit(EXIT_CODE.into()),
            // Fails when Ctrl-C at the terminal has reached it already.
            envoy => drop(kill(Pid::from_raw(envoy), Signal::SIGTERM)),
        }
    }
}
