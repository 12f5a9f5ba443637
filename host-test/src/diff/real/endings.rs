//! What Envoy says at the end of streams and connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

/// Ends by the client's address.
#[derive(Debug, Default)]
pub(super) struct Endings {
    /// Streams of a connection, in the order in which they ended.
    streams: BTreeMap<SocketAddr, Vec<Stream>>,
    /// Filter state at the end of connections.
    states: BTreeMap<SocketAddr, BTreeMap<String, String>>,
}

/// A stream that is over.
#[derive(Debug)]
struct Stream {
    path: Option<String>,
    details: Option<String>,
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
            let owned = |key: &str| text(key).map(str::to_owned);
            let (path, details) = (owned("path"), owned("details"));
            let streams = self.streams.entry(client).or_default();
            streams.push(Stream { path, details });
        } else if let Some(Value::Object(state)) = line.get("state") {
            let state = state
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            self.states.insert(client, state.collect());
        }
    }

    /// `%RESPONSE_CODE_DETAILS%` of a client's stream number `place`, once it is over; of those with
    /// this path, if one is given.
    pub(super) fn details(
        &self,
        client: SocketAddr,
        place: usize,
        path: Option<&str>,
    ) -> Option<&str> {
        let streams = self.streams.get(&client)?.iter();
        let mut wanted = streams.filter(|stream| path.is_none() || stream.path.as_deref() == path);
        wanted.nth(place)?.details.as_deref()
    }

    /// Filter state of a client's connection, once it is over.
    pub(super) fn state(&self, client: SocketAddr) -> Option<&BTreeMap<String, String>> {
        self.states.get(&client)
    }
}
