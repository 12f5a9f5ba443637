//! Shared queues. Whoever registers last is called back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use super::{ThreadId, lock};
use crate::abi::Status;

/// A callback that waits on a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueReady {
    /// The thread of the registrar.
    pub thread: ThreadId,
    /// The VM of the registrar.
    pub vm: usize,
    /// Its root context.
    pub context: u32,
    /// The queue.
    pub token: u32,
}

/// Queues of the process.
#[derive(Debug, Default)]
pub struct Queues(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    tokens: BTreeMap<(String, Vec<u8>), u32>,
    queues: BTreeMap<u32, Queue>,
    posted: VecDeque<QueueReady>,
    last_token: u32,
    len_bytes: usize,
}

/// Bytes of all names and values, and how many of each; what is beyond is refused. Envoy has no
/// limit, and dies of a guest that never stops.
const BYTES_MAX: usize = 256 << 20;
const ENTRIES_MAX: usize = 1_000_000;

#[derive(Debug)]
struct Queue {
    values: VecDeque<Vec<u8>>,
    registrar: QueueReady,
}

impl All {
    fn has_room_for(&self, bytes: &[u8]) -> bool {
        self.len_bytes.saturating_add(bytes.len()) <= BYTES_MAX
    }
}

impl Queues {
    /// Makes the queue, or takes it over: from now on `registrar` is called back. Its token; what
    /// is in the queue stays.
    ///
    /// Fails when there are too many.
    pub fn register(
        &self,
        vm_id: &str,
        name: &[u8],
        mut registrar: QueueReady,
    ) -> Result<u32, Status> {
        let mut all = lock(&self.0);
        if all.queues.len() >= ENTRIES_MAX || !all.has_room_for(name) {
            return Err(Status::InternalFailure);
        }
        let All {
            tokens,
            queues,
            last_token,
            len_bytes,
            ..
        } = &mut *all;
        let token = *tokens
            .entry((vm_id.to_owned(), name.to_vec()))
            .or_insert_with(|| {
                *len_bytes += name.len();
                *last_token = last_token.wrapping_add(1).max(1);
                *last_token
            });
        registrar.token = token;
        queues
            .entry(token)
            .and_modify(|queue| queue.registrar = registrar)
            .or_insert(Queue {
                values: VecDeque::new(),
                registrar,
            });
        Ok(token)
    }

    /// The token of a queue.
    #[must_use]
    pub fn resolve(&self, vm_id: &str, name: &[u8]) -> Option<u32> {
        let all = lock(&self.0);
        all.tokens.get(&(vm_id.to_owned(), name.to_vec())).copied()
    }

    /// Takes the first value out.
    pub fn dequeue(&self, token: u32) -> Result<Vec<u8>, Status> {
        let mut all = lock(&self.0);
        let queue = all.queues.get_mut(&token).ok_or(Status::NotFound)?;
        let value = queue.values.pop_front().ok_or(Status::Empty)?;
        all.len_bytes -= value.len();
        Ok(value)
    }

    /// Puts a value in, and posts the callback.
    pub fn enqueue(&self, token: u32, value: &[u8]) -> Status {
        let mut all = lock(&self.0);
        let has_room = all.has_room_for(value) && all.posted.len() < ENTRIES_MAX;
        let Some(queue) = all.queues.get_mut(&token) else {
            return Status::NotFound;
        };
        if !has_room || queue.values.len() >= ENTRIES_MAX {
            return Status::InternalFailure;
        }
        queue.values.push_back(value.to_vec());
        let registrar = queue.registrar;
        all.len_bytes += value.len();
        all.posted.push_back(registrar);
        Status::Ok
    }

    /// Takes the next callback that waits.
    pub fn next_posted(&self) -> Option<QueueReady> {
        lock(&self.0).posted.pop_front()
    }
}
