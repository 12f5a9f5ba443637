//! What host calls were made, in order.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::abi::{Callback, HostCall, Status};
use crate::shared::{Bounded, ThreadId, lock};

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
        /// Why it ended the guest.
        trap: Option<String>,
    },
}

impl TraceEvent {
    /// Bytes of all values.
    fn len_bytes(&self) -> usize {
        let Self::HostCall { values, .. } = self else {
            return 0;
        };
        let len = |(_, value): &(&str, Value)| match value {
            Value::Number(_) => 0,
            Value::Bytes(bytes) => bytes.len(),
        };
        values.iter().map(len).sum()
    }
}

/// Bytes of a text that are shown, and of what is none.
const TEXT_MAX: usize = 80;
const BINARY_MAX: usize = 16;

impl fmt::Display for Value {
    /// A number; bytes as a text where they are one, else in hexadecimal digits; of many the first
    /// ones, and how many there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = match self {
            Self::Number(number) => return write!(f, "{number}"),
            Self::Bytes(bytes) => bytes,
        };
        let first = |max: usize| bytes.get(..max).unwrap_or(bytes);
        // Paths of properties are held apart by zeros.
        let is_word = |word: &str| !word.is_empty() || bytes.is_empty();
        let shown = match std::str::from_utf8(first(TEXT_MAX)) {
            Ok(text) if text.split('\0').all(is_word) => {
                write!(f, "{:?}", text.replace('\0', "."))?;
                text.len()
            }
            _ => {
                let shown = first(BINARY_MAX);
                shown.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                shown.len()
            }
        };
        match bytes.len() {
            len if len > shown => write!(f, "… ({len} bytes)"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for TraceEvent {
    /// One line: callbacks with their arguments; host calls, indented, with names, values, status.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Callback {
                callback,
                arguments,
            } => {
                let numbers: Vec<String> = arguments.iter().map(u32::to_string).collect();
                write!(f, "{}({})", callback.name(), numbers.join(", "))
            }
            Self::Returned { callback, result } => match result {
                Some(result) => write!(f, "{} -> {result}", callback.name()),
                None => write!(f, "{} returned", callback.name()),
            },
            Self::Trapped { callback, reason } => {
                write!(f, "{} trapped: {reason}", callback.name())
            }
            Self::HostCall {
                call,
                values,
                status,
                trap,
            } => {
                write!(f, "  {}", call.name())?;
                for (name, value) in values {
                    write!(f, " {name}={value}")?;
                }
                if let Some(reason) = trap {
                    return write!(f, " -> trap: {reason}");
                }
                let Some(code) = *status else { return Ok(()) };
                match Status::from_code(code) {
                    Some(status) => write!(f, " -> {code} {status:?}"),
                    None => write!(f, " -> {code}"),
                }
            }
        }
    }
}

/// The trace of one process; off until it is switched on. Of more than a million entries, or 256
/// MiB of values, the first ones.
#[derive(Debug, Default)]
pub struct Trace {
    is_on: AtomicBool,
    kept: Mutex<Bounded<TraceEntry>>,
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
        let len_bytes = entry.event.len_bytes();
        lock(&self.kept).push(entry, len_bytes);
    }

    /// The entries from number `start` on.
    #[must_use]
    pub fn since(&self, start: usize) -> Vec<TraceEntry> {
        lock(&self.kept).since(start)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.kept).len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entries that did not fit.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        lock(&self.kept).dropped()
    }

    /// A line that says how many did not fit; none where everything is there.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let dropped = self.dropped();
        (dropped > 0).then(|| format!("… and {dropped} entries more, which did not fit"))
    }

    /// Forgets them.
    pub fn clear(&self) {
        lock(&self.kept).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Trace, TraceEntry, TraceEvent, Value};
    use crate::abi::HostCall;
    use crate::shared::ThreadId;

    #[test]
    fn a_guest_that_never_stops_does_not_fill_the_memory_of_the_machine() {
        let trace = Trace::default();
        for _ in 0..3 {
            trace.push(TraceEntry {
                thread: ThreadId::Main,
                vm: 0,
                monotonic_nanos: 0,
                event: TraceEvent::HostCall {
                    call: HostCall::Log,
                    values: vec![("text", Value::Bytes(vec![0; 100 << 20]))],
                    status: Some(0),
                    trap: None,
                },
            });
        }
        assert_eq!((trace.len(), trace.dropped()), (2, 1));
    }

    #[test]
    fn values_are_shown_as_what_they_are() {
        let long = "a".repeat(100);
        for (bytes, shown) in [
            (&b""[..], "\"\"".to_owned()),
            (b"source\0address", "\"source.address\"".to_owned()),
            (b"\x17\x09\0\0\0\0\0\0", "1709000000000000".to_owned()),
            (&[0xff; 20], format!("{}… (20 bytes)", "ff".repeat(16))),
            (long.as_bytes(), format!("{:?}… (100 bytes)", &long[..80])),
        ] {
            assert_eq!(Value::Bytes(bytes.to_vec()).to_string(), shown);
        }
        assert_eq!(Value::Number(7).to_string(), "7");
    }
}
