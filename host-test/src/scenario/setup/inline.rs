//! The Envoy configuration for one plugin on one listener.

use std::path::Path;

use serde_json::{Value, json};

use super::string_value;
use crate::config::base64;
use crate::scenario::expression::Scope;
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::raw::{FailurePolicy, Json, PluginKind, PluginSetup};
use crate::scenario::text::{Place, Text};

/// Writes it.
pub(super) fn configuration(
    plugin: &PluginSetup,
    place: Place,
    beside: &Path,
    scope: &Scope<'_>,
) -> Result<String, InvalidScenario> {
    let config = plugin_config(plugin, place, beside, scope)?;
    let filter = |family: &str| {
        json!({
            "name": format!("envoy.filters.{family}.wasm"),
            "typed_config": {
                "@type": format!("type.googleapis.com/envoy.extensions.filters.{family}.wasm.v3.Wasm"),
                "config": config,
            },
        })
    };
    let filters = match plugin.kind {
        PluginKind::Http => json!([http_connection_manager(&[filter("http")])]),
        PluginKind::Network => json!([filter("network"), http_connection_manager(&[])]),
        PluginKind::Tcp => json!([filter("network"), {
            "name": "envoy.filters.network.tcp_proxy",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                "stat_prefix": "listener",
                "cluster": "upstream",
            },
        }]),
        PluginKind::Singleton => json!([http_connection_manager(&[])]),
    };
    let services = match plugin.kind {
        PluginKind::Singleton => json!([{
            "name": "envoy.bootstrap.wasm",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.wasm.v3.WasmService",
                "singleton": true,
                "config": config,
            },
        }]),
        _ => json!([]),
    };
    let address = |host: &str, port: u16| json!({ "socket_address": { "address": host, "port_value": port } });
    let tree = json!({
        "bootstrap_extensions": services,
        "static_resources": {
            "listeners": [{
                "name": "listener",
                "address": address("0.0.0.0", 10_000),
                "additional_addresses": [{ "address": address("::", 10_000) }],
                "filter_chains": [{ "filters": filters }],
            }],
            "clusters": [{
                "name": "upstream",
                "type": "STATIC",
                "load_assignment": {
                    "cluster_name": "upstream",
                    "endpoints": [{
                        "lb_endpoints": [{ "endpoint": { "address": address("127.0.0.1", 18_080) } }],
                    }],
                },
            }],
        },
    });
    Ok(format!("{tree:#}\n"))
}

fn http_connection_manager(filters: &[Value]) -> Value {
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
        },
    });
    let filters: Vec<&Value> = filters.iter().chain([&router]).collect();
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "listener",
            "use_remote_address": true,
            "route_config": {
                "virtual_hosts": [{
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "upstream" } }],
                }],
            },
            "http_filters": filters,
        },
    })
}

/// `envoy.extensions.wasm.v3.PluginConfig`.
fn plugin_config(
    plugin: &PluginSetup,
    place: Place,
    beside: &Path,
    scope: &Scope<'_>,
) -> Result<Value, InvalidScenario> {
    let text = |text: &Option<Text>, default: &str| match text {
        Some(text) => text.expand(scope),
        None => Ok(default.to_owned()),
    };
    let mut vm = json!({
        "vm_id": text(&plugin.vm_id, "")?,
        "runtime": "envoy.wasm.runtime.v8",
        "code": { "local": code(plugin, place, beside, scope)? },
    });
    if let Some(Json(configuration)) = &plugin.vm_configuration {
        insert(
            &mut vm,
            "configuration",
            string_value(&configuration.expand(scope)?),
        );
    }
    if !plugin.environment.0.is_empty() {
        let mut pairs = serde_json::Map::new();
        for (name, value) in &plugin.environment.0 {
            pairs.insert(name.expand(scope)?, json!(value.expand(scope)?));
        }
        insert(
            &mut vm,
            "environment_variables",
            json!({ "key_values": pairs }),
        );
    }
    let mut config = json!({
        "name": text(&plugin.name, "plugin")?,
        "root_id": text(&plugin.root_id, "")?,
        "vm_config": vm,
        "failure_policy": match plugin.failure_policy {
            FailurePolicy::FailClosed => "FAIL_CLOSED",
            FailurePolicy::FailReload => "FAIL_RELOAD",
            FailurePolicy::FailOpen => "FAIL_OPEN",
        },
    });
    if let Some(Json(configuration)) = &plugin.configuration {
        insert(
            &mut config,
            "configuration",
            string_value(&configuration.expand(scope)?),
        );
    }
    if let Some(names) = &plugin.capabilities {
        let mut allowed = serde_json::Map::new();
        for name in names {
            allowed.insert(name.expand(scope)?, json!({}));
        }
        let restriction = json!({ "allowed_capabilities": allowed });
        insert(&mut config, "capability_restriction_config", restriction);
    }
    if let Some(allowed) = plugin.allow_on_headers_stop_iteration {
        insert(
            &mut config,
            "allow_on_headers_stop_iteration",
            json!(allowed),
        );
    }
    Ok(config)
}

/// The module as a data source: a binary file by its name, a text form compiled.
fn code(
    plugin: &PluginSetup,
    place: Place,
    beside: &Path,
    scope: &Scope<'_>,
) -> Result<Value, InvalidScenario> {
    let bytes = match (&plugin.module, &plugin.wat) {
        (None, Some(wat)) => {
            wat::parse_str(&wat.text).map_err(|error| wat.error(first_line(&error)))?
        }
        (Some(module), None) => {
            let path = beside.join(module.expand(scope)?);
            let read = std::fs::read(&path).map_err(|error| {
                module.error(format!("cannot read {}: {error}", path.display()))
            })?;
            if path.extension().is_none_or(|extension| extension != "wat") {
                let path = path.canonicalize().unwrap_or(path);
                return Ok(json!({ "filename": path.display().to_string() }));
            }
            wat::parse_bytes(&read)
                .map_err(|error| module.error(first_line(&error)))?
                .into_owned()
        }
        _ => return Err(InvalidScenario::at(place, "expected one of module, wat")),
    };
    Ok(json!({ "inline_bytes": base64::encode(&bytes) }))
}

/// Puts modules in their binary form in the place of files in text form, which Envoy does not read.
pub(super) fn assemble(tree: &mut Value, folder: &Path) -> Result<(), String> {
    match tree {
        Value::Array(items) => items.iter_mut().try_for_each(|item| assemble(item, folder)),
        Value::Object(members) => {
            let file = members.get("filename").and_then(Value::as_str);
            if let Some(file) = file.filter(|file| file.ends_with(".wat")) {
                let path = folder.join(file);
                let text = std::fs::read(&path)
                    .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
                let binary = wat::parse_bytes(&text)
                    .map_err(|error| format!("{}: {}", path.display(), first_line(&error)))?;
                members.remove("filename");
                members.insert("inline_bytes".to_owned(), json!(base64::encode(&binary)));
            }
            let mut values = members.values_mut();
            values.try_for_each(|value| assemble(value, folder))
        }
        _ => Ok(()),
    }
}

fn insert(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(key.to_owned(), value);
    }
}

/// What the assembler says: the reason, then line and column in the text form.
fn first_line(error: &wat::Error) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let reason = lines.next().unwrap_or_default();
    match lines.find_map(|line| line.strip_prefix("--> ")) {
        Some(place) => {
            let place = place.trim_start_matches("<anon>:");
            format!("no module: {reason} (at {place} of it)")
        }
        None => format!("no module: {reason}"),
    }
}
