//! What the host shows, in the words of a scenario.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::connection::{ConnectionView, StreamView};
use crate::http::HeaderMap;
use crate::network::ClosedBy;
use crate::scenario::model::Peer;
use crate::scenario::world::{ConnectionSeen, Exchange, MessageSeen};

/// A request and its answer.
pub(super) fn exchange(view: &StreamView) -> Exchange {
    let upstream = view.upstream.as_ref().map(|upstream| MessageSeen {
        status: None,
        headers: headers(Some(&upstream.headers)),
        body: upstream.body.clone(),
        trailers: headers(upstream.trailers.as_ref()),
    });
    let response = view.response_code.map(|status| MessageSeen {
        status: Some(status),
        headers: headers(view.response_headers.as_ref()),
        body: view.response_body.clone(),
        trailers: headers(view.response_trailers.as_ref()),
    });
    Exchange {
        upstream,
        reset: view.is_over && response.is_none(),
        response,
        details: view.response_code_details.clone(),
    }
}

/// A connection.
pub(super) fn connection(view: &ConnectionView) -> ConnectionSeen {
    let closed_by = view.closed_by.map(|by| match by {
        ClosedBy::Local => Peer::Proxy,
        ClosedBy::Remote => Peer::Client,
    });
    ConnectionSeen {
        open: view.is_open,
        closed_by,
        received: view.sent_to_client.clone(),
        upstream_received: view.sent_upstream.clone(),
    }
}

/// A line of an access log: the texts of a JSON object by key, or the whole as `line`.
pub(crate) fn access_log(text: &str) -> BTreeMap<String, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => members
            .into_iter()
            .filter_map(|(key, value)| Some((key, as_text(value)?)))
            .collect(),
        _ => BTreeMap::from([("line".to_owned(), text.to_owned())]),
    }
}

/// A value that is null is absent.
fn as_text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn headers(map: Option<&HeaderMap>) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let pairs = map.into_iter().flat_map(HeaderMap::iter);
    pairs
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}
