//! What guests and host did, entry by entry.

use serde_json::{Map, Value as Json, json};

use crate::trace::{TraceEntry, TraceEvent, Value};

/// An entry as a line: time since the process began, thread, what happened.
///
/// ```text
/// +0.400 worker 0 proxy_on_tick(2)
/// +0.400 worker 0   proxy_get_shared_data key="seed" value="…" -> 0 Ok
/// ```
#[must_use]
pub fn trace_line(entry: &TraceEntry) -> String {
    let at = seconds(entry.monotonic_nanos);
    format!("+{at} {} {}", entry.thread, entry.event)
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
            trap,
        } => {
            put("event", json!("host_call"));
            put("name", json!(call.name()));
            let pairs: Map<String, Json> = values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), as_json(value)))
                .collect();
            put("values", Json::Object(pairs));
            put("status", json!(status));
            if let Some(reason) = trap {
                put("trap", json!(reason));
            }
        }
    }
    Json::Object(object)
}

fn seconds(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1_000_000_000, nanos / 1_000_000 % 1_000)
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
