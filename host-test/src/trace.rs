//! What host calls were made, in order.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::abi::{Callback, HostCall, Status};
use crate::shared::{ThreadId, lock};

/// An argument or result of a host call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// One step of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEntry {
    /// Where.
    pub thread: ThreadId,
    /// The VM, by its number in the process.
    pub vm: usize,
    /// Nanoseconds since the process began.
    pub monotonic_nanos: u64,
    /// What happened.
    pub event: TraceEvent,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceEvent {
    /// The host called the guest.
    Callback {
        /// What.
        callback: Callback,
        /// With these numbers.
        arguments: Vec<u32>,
    },
    /// The guest returned.
    Returned {
        /// From what.
        callback: Callback,
        /// What it returned.
        result: Option<u32>,
    },
    /// The guest trapped.
    Trapped {
        /// In what.
        callback: Callback,
        /// Why.
        reason: String,
    },
    /// The guest called the host.
    HostCall {
        /// What.
        call: HostCall,
        /// Arguments and results by name.
        values: Vec<(&'static str, Value)>,
        /// The answer; none where the call returns nothing.
        status: Option<u32>,
    },
}

/// Bytes of a value that are shown.
const SHOWN_MAX: usize = 60;

impl fmt::Display for Value {
    /// Bytes as a text where they are a short one, else how many there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = match self {
            Self::Number(number) => return write!(f, "{number}"),
            Self::Bytes(bytes) => bytes,
        };
        // Paths of properties are held apart by zeros.
        let is_word = |word: &str| !word.is_empty() && !word.contains(char::is_control);
        match std::str::from_utf8(bytes) {
            Ok(text) if text.len() <= SHOWN_MAX && text.split('\0').all(is_word) => {
                write!(f, "\"{}\"", text.replace('\0', "."))
            }
            _ => write!(f, "{} bytes", bytes.len()),
        }
    }
}

impl fmt::Display for TraceEvent {
    /// One line: callbacks with their arguments, host calls with names, values and status.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Callback {
                callback,
                arguments,
            } => {
                let arguments: Vec<String> = arguments.iter().map(u32::to_string).collect();
                write!(f, "{}({})", callback.name(), arguments.join(", "))
            }
            Self::Returned { callback, result } => {
                write!(f, "{} returned", callback.name())?;
                result.map_or(Ok(()), |result| write!(f, " {result}"))
            }
            Self::Trapped { callback, reason } => {
                write!(f, "{} trapped: {reason}", callback.name())
            }
            Self::HostCall {
                call,
                values,
                status,
            } => {
                let values: Vec<String> = values
                    .iter()
                    .map(|(name, value)| format!("{name} {value}"))
                    .collect();
                write!(f, "  {}: {}", call.name(), values.join(", "))?;
                let Some(code) = *status else { return Ok(()) };
                match Status::from_code(code) {
                    Some(status) => write!(f, " -> {status:?}"),
                    None => write!(f, " -> {code}"),
                }
            }
        }
    }
}

/// Entries that are kept; the first ones.
const ENTRIES_MAX: usize = 1_000_000;

/// The trace of one process; off until it is switched on.
#[derive(Debug, Default)]
pub struct Trace {
    is_on: AtomicBool,
    entries: Mutex<Vec<TraceEntry>>,
}

impl Trace {
    /// Switches it on or off.
    pub fn switch(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Relaxed);
    }

    /// Whether it is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    pub(crate) fn push(&self, entry: TraceEntry) {
        let mut entries = lock(&self.entries);
        if entries.len() < ENTRIES_MAX {
            entries.push(entry);
        }
    }

    /// The entries from number `start` on.
    #[must_use]
    pub fn since(&self, start: usize) -> Vec<TraceEntry> {
        let entries = lock(&self.entries);
        entries.get(start..).unwrap_or_default().to_vec()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.entries).len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets them.
    pub fn clear(&self) {
        lock(&self.entries).clear();
    }
}
