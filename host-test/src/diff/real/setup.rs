//! The configuration of a case as the real Envoy gets it: the same, and what makes it visible.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::config::{Bootstrap, NetworkFilter};
use crate::scenario::{Obstacle, Setup};

/// A configuration that is ready to run.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The bootstrap configuration.
    pub(super) text: String,
    /// The listeners, in the form of a file that Envoy watches.
    pub(super) listeners: String,
    /// What an update cannot change: everything but listeners.
    pub(super) rest: Value,
    /// Where upstreams must listen, and whether they take bytes as they are.
    pub(super) upstreams: Vec<(SocketAddr, bool)>,
}

/// What is added to a configuration.
#[derive(Clone, Debug)]
pub(super) struct Additions {
    /// Where each stream and connection that ends leaves a line.
    pub(super) endings: PathBuf,
    /// Names of filter state that stand in these lines.
    pub(super) filter_state: Vec<String>,
    /// Listeners of our own.
    pub(super) listeners: Vec<Value>,
    /// The file that Envoy takes its listeners from, when they are to change.
    pub(super) watched: Option<PathBuf>,
}

/// Adds what makes things visible: a line for each stream and connection that ends, and one place
/// for all lines of access logs, so that their order is known.
pub(super) fn prepare(setup: &Setup, additions: &Additions) -> Result<Prepared, Obstacle> {
    let mut tree: Value = serde_saphyr::from_str(&setup.text)
        .map_err(|error| Obstacle::Failure(format!("{}: {error}", setup.origin.display())))?;
    let upstreams = upstreams(&tree, &setup.bootstrap);
    redirect_access_logs(&mut tree);
    let logs = EndingLogs::new(&additions.endings, &additions.filter_state);
    add_stream_logs(&mut tree, &logs.stream);
    let mut listeners = match tree
        .pointer_mut("/static_resources/listeners")
        .map(Value::take)
    {
        Some(Value::Array(listeners)) => listeners,
        _ => Vec::new(),
    };
    for listener in &mut listeners {
        add_log(listener, &logs.connection);
    }
    listeners.extend(additions.listeners.iter().cloned());
    let rest = tree.clone();
    let watched = json!({ "resources": listeners.iter().map(resource).collect::<Vec<_>>() });
    if let Value::Object(members) = &mut tree {
        match &additions.watched {
            None => {
                let resources = members
                    .entry("static_resources")
                    .or_insert_with(|| json!({}));
                if let Value::Object(resources) = resources {
                    resources.insert("listeners".to_owned(), Value::Array(listeners));
                }
            }
            Some(path) => {
                let source = json!({ "lds_config": { "path_config_source": { "path": path } } });
                members.insert("dynamic_resources".to_owned(), source);
            }
        }
    }
    Ok(Prepared {
        text: format!("{tree:#}\n"),
        listeners: watched.to_string(),
        rest,
        upstreams,
    })
}

/// A listener as it stands in a file of its own.
fn resource(listener: &Value) -> Value {
    let mut listener = listener.clone();
    if let Value::Object(members) = &mut listener {
        members.insert("@type".to_owned(), json!(LISTENER));
    }
    listener
}

/// What ends leave, as access logs.
struct EndingLogs {
    stream: Value,
    connection: Value,
}

impl EndingLogs {
    fn new(path: &Path, filter_state: &[String]) -> Self {
        let log = |format: Value| {
            json!({
                "name": "envoy.access_loggers.file",
                "typed_config": {
                    "@type": FILE_ACCESS_LOG,
                    "path": path.display().to_string(),
                    "log_format": { "json_format": format },
                },
            })
        };
        let state: serde_json::Map<String, Value> = filter_state
            .iter()
            .map(|name| (name.clone(), json!(format!("%FILTER_STATE({name}:PLAIN)%"))))
            .collect();
        Self {
            stream: log(json!({
                "client": CLIENT,
                "kind": "stream",
                "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
                "details": "%RESPONSE_CODE_DETAILS%",
                "flags": "%RESPONSE_FLAGS%",
            })),
            connection: log(json!({
                "client": CLIENT,
                "kind": "connection",
                "details": "%CONNECTION_TERMINATION_DETAILS%",
                "state": state,
            })),
        }
    }
}

fn add_stream_logs(tree: &mut Value, log: &Value) {
    each_object(tree, &mut |object| {
        if is_of(object, HTTP_CONNECTION_MANAGER) {
            add_log(object, log);
        }
    });
}

fn redirect_access_logs(tree: &mut Value) {
    each_object(tree, &mut |object| {
        if is_of(object, FILE_ACCESS_LOG)
            && let Value::Object(members) = object
        {
            members.insert("path".to_owned(), json!("/dev/stdout"));
        }
    });
}

fn add_log(object: &mut Value, log: &Value) {
    if let Value::Object(members) = object {
        let logs = members.entry("access_log").or_insert_with(|| json!([]));
        if let Value::Array(logs) = logs {
            logs.push(log.clone());
        }
    }
}

fn is_of(object: &Value, kind: &str) -> bool {
    object.get("@type").and_then(Value::as_str) == Some(kind)
}

fn each_object(tree: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    match tree {
        Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, change)),
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| each_object(member, change));
            change(tree);
        }
        _ => {}
    }
}

/// Where the clusters of a configuration expect their servers, but for Envoy's own listeners.
fn upstreams(tree: &Value, bootstrap: &Bootstrap) -> Vec<(SocketAddr, bool)> {
    let chains = bootstrap
        .listeners
        .iter()
        .flat_map(|listener| listener.chains.iter().chain(&listener.default_chain));
    let raw: Vec<&str> = chains
        .flat_map(|chain| &chain.filters)
        .filter_map(|filter| match filter {
            NetworkFilter::TcpProxy { cluster, .. } => Some(cluster.as_str()),
            _ => None,
        })
        .collect();
    let is_own = |address: &SocketAddr| {
        let mut own = bootstrap
            .listeners
            .iter()
            .flat_map(|listener| &listener.addresses);
        own.any(|own| {
            own.port() == address.port() && (own.ip() == address.ip() || own.ip().is_unspecified())
        })
    };
    let clusters = tree
        .pointer("/static_resources/clusters")
        .and_then(Value::as_array);
    let mut found = Vec::new();
    for cluster in clusters.into_iter().flatten() {
        let name = cluster
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let mut addresses = Vec::new();
        socket_addresses(cluster, &mut addresses);
        addresses.retain(|address| !is_own(address));
        found.extend(
            addresses
                .into_iter()
                .map(|address| (address, raw.contains(&name))),
        );
    }
    found.sort_unstable();
    found.dedup_by_key(|(address, _)| *address);
    found
}

fn socket_addresses(tree: &Value, found: &mut Vec<SocketAddr>) {
    match tree {
        Value::Array(items) => items.iter().for_each(|item| socket_addresses(item, found)),
        Value::Object(members) => {
            let ip = members.get("address").and_then(Value::as_str);
            let ip = ip.and_then(|ip| ip.parse::<IpAddr>().ok());
            let port = members.get("port_value").and_then(Value::as_u64);
            let port = port.and_then(|port| u16::try_from(port).ok());
            if let (Some(ip), Some(port)) = (ip, port) {
                found.push(SocketAddr::new(ip, port));
            }
            members
                .values()
                .for_each(|member| socket_addresses(member, found));
        }
        _ => {}
    }
}

const LISTENER: &str = "type.googleapis.com/envoy.config.listener.v3.Listener";
const CLIENT: &str = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%";
const FILE_ACCESS_LOG: &str =
    "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
const HTTP_CONNECTION_MANAGER: &str = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
