//! What is read, and what is refused with which words.

mod documentation;
mod problems;
mod robustness;
mod values;

use super::*;

/// The root of the workspace.
fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A configuration with one listener and these network filters, each a type behind
/// `envoy.extensions.filters.network.` and its fields.
fn with_filters(filters: &[(&str, &str)]) -> String {
    let mut text = LISTENER.to_owned();
    for (kind, fields) in filters {
        text.push_str(&format!(
            "      - name: filter\n        typed_config: {{ \"@type\": type.googleapis.com/envoy.\
             extensions.filters.network.{kind}, {fields} }}\n"
        ));
    }
    text
}

const LISTENER: &str = "\
static_resources:
  clusters: [{ name: service }]
  listeners:
  - name: listener
    address: { socket_address: { address: 127.0.0.1, port_value: 10000 } }
    filter_chains:
    - filters:
";
