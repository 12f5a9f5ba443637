//! A worker: a thread with connections.

use crate::process::Thread;

/// A worker thread of Envoy. It can be moved to a thread of its own.
pub struct Worker {
    pub(crate) thread: Thread,
}

impl Worker {
    pub(crate) fn new(thread: Thread) -> Self {
        Self { thread }
    }

    /// Does what callbacks have asked for.
    pub(crate) fn settle(&mut self) {
        self.thread.take_deferred();
    }

    /// Runs the tick of each root context that has a timer, due or not. Time stands still.
    pub fn tick(&mut self) {
        self.thread.tick_all();
    }
}
