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
}
