//! The top of a configuration: `Bootstrap`.

use std::collections::BTreeSet;

use super::{
    listener::listener,
    message::message,
    node::{Node as Value, Value as Kind},
    place::Place,
    plugin::service,
};
use crate::config::{Bootstrap, Listener, Node};

/// A `Bootstrap`, but for where it was read from.
pub(super) fn bootstrap(place: &Place<'_>) -> Option<Bootstrap> {
    message(place, "envoy.config.bootstrap.v3.Bootstrap", |m| {
        let node = m.one("node", node).unwrap_or_default();
        let services = m.each("bootstrap_extensions", service);
        let (clusters, listeners) = m
            .one("static_resources", static_resources)
            .unwrap_or_default();
        Bootstrap {
            node,
            listeners,
            services,
            clusters,
            source: None,
        }
    })
}

fn static_resources(place: &Place<'_>) -> Option<(BTreeSet<String>, Vec<Listener>)> {
    let name = "envoy.config.bootstrap.v3.Bootstrap.StaticResources";
    message(place, name, |m| {
        // Before the listeners, which name them.
        for (name, place) in m.each("clusters", cluster) {
            if !place.reading.clusters.borrow_mut().insert(name.clone()) {
                place.problem(format!("a second cluster {name:?}: names are unique"));
            }
        }
        let clusters = place.reading.clusters.borrow().clone();
        let listeners = m.each("listeners", |place| Some((listener(place)?, place.clone())));
        unique_listeners(&listeners);
        (
            clusters,
            listeners.into_iter().map(|(found, _)| found).collect(),
        )
    })
}

fn cluster<'a>(place: &Place<'a>) -> Option<(String, Place<'a>)> {
    message(place, "envoy.config.cluster.v3.Cluster", |m| {
        (m.required_text("name"), place.clone())
    })
}

/// Listeners of one name replace each other in Envoy, and those of one address are refused.
fn unique_listeners(listeners: &[(Listener, Place<'_>)]) {
    let mut names = BTreeSet::new();
    let mut addresses = BTreeSet::new();
    for (listener, place) in listeners {
        let name = &listener.name;
        if !name.is_empty() && !names.insert(name) {
            place.problem(format!("a second listener {name:?}: names are unique"));
        }
        for address in &listener.addresses {
            // Port 0 is any free one.
            if address.port() != 0 && !addresses.insert(address) {
                place.problem(format!("a second listener on {address}"));
            }
        }
    }
}

fn node(place: &Place<'_>) -> Option<Node> {
    message(place, "envoy.config.core.v3.Node", |m| Node {
        id: m.text("id"),
        cluster: m.text("cluster"),
        metadata: m
            .one("metadata", |place| {
                place.entries();
                Some(json(place.node))
            })
            .unwrap_or_default(),
        locality: m.one("locality", locality).unwrap_or_default(),
    })
}

fn locality(place: &Place<'_>) -> Option<[String; 3]> {
    message(place, "envoy.config.core.v3.Locality", |m| {
        [m.text("region"), m.text("zone"), m.text("sub_zone")]
    })
}

/// A value as JSON.
fn json(node: &Value) -> serde_json::Value {
    match &node.value {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool(value) => (*value).into(),
        Kind::Int(value) => (*value).into(),
        Kind::Text(text) => text.as_str().into(),
        Kind::List(items) => items.iter().map(json).collect(),
        Kind::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), json(&entry.value)))
            .collect(),
    }
}
