//! A worker: a thread with connections.

use std::sync::Arc;

use crate::connection::{Listeners, Traffic};
use crate::process::Thread;
use crate::shared::ThreadId;

/// A worker thread of Envoy. It can be moved to a thread of its own.
pub struct Worker {
    pub(crate) thread: Thread,
    pub(crate) traffic: Traffic,
}

impl Worker {
    pub(crate) fn new(thread: Thread, listeners: Arc<Listeners>) -> Self {
        let index = match thread.id {
            ThreadId::Worker(index) => index,
            ThreadId::Main => 0,
        };
        Self {
            thread,
            traffic: Traffic::new(index, listeners),
        }
    }

    /// Its number, from 0.
    #[must_use]
    pub fn number(&self) -> usize {
        match self.thread.id {
            ThreadId::Worker(number) => number,
            ThreadId::Main => 0,
        }
    }

    /// Runs the tick of each root context that has a timer, due or not. Time stands still.
    pub fn tick(&mut self) {
        self.thread.tick_all();
    }
}
