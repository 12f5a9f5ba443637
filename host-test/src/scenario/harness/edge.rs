//! Where clients connect: a host, or one of its workers while several are raced.

use crate::{Host, Worker};

/// Workers that clients reach.
pub(super) trait Edge {
    /// Does something on a worker, and all that follows from it. `None` if it is out of reach.
    fn on<T>(&mut self, worker: usize, act: impl FnOnce(&mut Worker) -> T) -> Option<T>;

    /// A worker, to look at it.
    fn at(&self, worker: usize) -> Option<&Worker>;
}

impl Edge for Host {
    fn on<T>(&mut self, worker: usize, act: impl FnOnce(&mut Worker) -> T) -> Option<T> {
        let done = act(self.workers_mut().get_mut(worker)?);
        self.settle();
        Some(done)
    }

    fn at(&self, worker: usize) -> Option<&Worker> {
        self.worker(worker)
    }
}

/// The worker alone. What follows on other threads waits until the race is over.
impl Edge for Worker {
    fn on<T>(&mut self, worker: usize, act: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (worker == self.number()).then(|| act(self))
    }

    fn at(&self, worker: usize) -> Option<&Worker> {
        (worker == self.number()).then_some(self)
    }
}
