//! What guests and host did, entry by entry.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use crate::abi::Status;
use crate::trace::{TraceEntry, TraceEvent, Value};

/// An entry as a line: time since the process began, thread, what happened.
///
/// ```text
/// +0.400 worker 0 proxy_on_tick(2)
/// +0.400 worker 0   proxy_get_shared_data key="seed" value="…" -> 0 Ok
/// ```
#[must_use]
pub fn trace_line(entry: &TraceEntry) -> String {
    let mut line = format!("+{} {} ", seconds(entry.monotonic_nanos), entry.thread);
    // Writing to a text cannot fail.
    let _ = match &entry.event {
        TraceEvent::Callback {
            callback,
            arguments,
        } => {
            let numbers: Vec<String> = arguments.iter().map(u32::to_string).collect();
            write!(line, "{}({})", callback.name(), numbers.join(", "))
        }
        TraceEvent::Returned { callback, result } => match result {
            Some(result) => write!(line, "{} -> {result}", callback.name()),
            None => write!(line, "{} returned", callback.name()),
        },
        TraceEvent::Trapped { callback, reason } => {
            write!(line, "{} trapped: {reason}", callback.name())
        }
        TraceEvent::HostCall {
            call,
            values,
            status,
        } => {
            let _ = write!(line, "  {}", call.name());
            for (name, value) in values {
                let _ = write!(line, " {name}={}", in_words(value));
            }
            match status {
                Some(status) => write!(line, " -> {status} {}", status_name(*status)),
                None => Ok(()),
            }
        }
    };
    line
}

/// An entry as JSON: `time` in seconds, `thread`, `vm`, `event` (`callback`, `returned`, `trapped`,
/// `host_call`), `name`, and what belongs to the event. Bytes are texts, or `{ "hex": … }` where
/// they are no UTF-8.
#[must_use]
pub fn trace_json(entry: &TraceEntry) -> Json {
    let mut object = Map::new();
    let mut put = |key: &str, value: Json| object.insert(key.to_owned(), value);
    put("nanos", json!(entry.monotonic_nanos));
    put("thread", json!(entry.thread.to_string()));
    put("vm", json!(entry.vm));
    match &entry.event {
        TraceEvent::Callback {
            callback,
            arguments,
        } => {
            put("event", json!("callback"));
            put("name", json!(callback.name()));
            put("arguments", json!(arguments));
        }
        TraceEvent::Returned { callback, result } => {
            put("event", json!("returned"));
            put("name", json!(callback.name()));
            put("result", json!(result));
        }
        TraceEvent::Trapped { callback, reason } => {
            put("event", json!("trapped"));
            put("name", json!(callback.name()));
            put("reason", json!(reason));
        }
        TraceEvent::HostCall {
            call,
            values,
            status,
        } => {
            put("event", json!("host_call"));
            put("name", json!(call.name()));
            let pairs: Map<String, Json> = values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), as_json(value)))
                .collect();
            put("values", Json::Object(pairs));
            put("status", json!(status));
        }
    }
    Json::Object(object)
}

fn seconds(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1_000_000_000, nanos / 1_000_000 % 1_000)
}

fn in_words(value: &Value) -> String {
    let bytes = match value {
        Value::Number(number) => return number.to_string(),
        Value::Bytes(bytes) => bytes,
    };
    let shown = bytes.get(..BYTES_MAX).unwrap_or(bytes);
    let mut text = match std::str::from_utf8(shown) {
        Ok(text) if !text.contains('\0') => format!("{text:?}"),
        _ => hexadecimal(shown),
    };
    if shown.len() < bytes.len() {
        let _ = write!(text, "… ({} bytes)", bytes.len());
    }
    text
}

fn as_json(value: &Value) -> Json {
    match value {
        Value::Number(number) => json!(number),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => json!(text),
            Err(_) => json!({ "hex": hexadecimal(bytes) }),
        },
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn status_name(code: u32) -> String {
    match Status::from_code(code) {
        Some(status) => format!("{status:?}"),
        None => "unknown".to_owned(),
    }
}

const BYTES_MAX: usize = 80;
