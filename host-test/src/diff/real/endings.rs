//! What Envoy says at the end of streams and connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

/// Ends by the client's address.
#[derive(Debug, Default)]
pub(super) struct Endings {
    /// Details of the responses, in the order of the streams of a connection.
    streams: BTreeMap<SocketAddr, Vec<Option<String>>>,
    /// Filter state at the end of connections.
    states: BTreeMap<SocketAddr, BTreeMap<String, String>>,
}

impl Endings {
    /// Takes a line.
    pub(super) fn take(&mut self, line: &str) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return;
        };
        let text = |key: &str| line.get(key).and_then(Value::as_str);
        let Some(client) = text("client").and_then(|client| client.parse().ok()) else {
            return;
        };
        if text("kind") == Some("stream") {
            let details = text("details").map(str::to_owned);
            self.streams.entry(client).or_default().push(details);
        } else if let Some(Value::Object(state)) = line.get("state") {
            let state = state
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            self.states.insert(client, state.collect());
        }
    }

    /// `%RESPONSE_CODE_DETAILS%` of a client's stream number `place`, once it is over.
    pub(super) fn details(&self, client: SocketAddr, place: usize) -> Option<&str> {
        self.streams.get(&client)?.get(place)?.as_deref()
    }

    /// Filter state of a client's connection, once it is over.
    pub(super) fn state(&self, client: SocketAddr) -> Option<&BTreeMap<String, String>> {
        self.states.get(&client)
    }
}
