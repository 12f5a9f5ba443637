//! Plugins: `PluginConfig`, `VmConfig` and the service of the bootstrap.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    any::{Any, extension},
    message::{Message, message},
    place::{Choice, Place, choice},
    proto::encode_struct,
};
use crate::config::{Code, FailurePolicy, Plugin, Service, VmConfig};

const SERVICE: &str = "envoy.extensions.wasm.v3.WasmService";
const CODE_SOURCE: &[&str] = &[
    "filename",
    "inline_string",
    "inline_bytes",
    "environment_variable",
];

/// An item of `bootstrap_extensions`.
pub(super) fn service(place: &Place<'_>) -> Option<Service> {
    let name = "envoy.config.core.v3.TypedExtensionConfig";
    let any = message(place, name, extension)??;
    if any.type_name != SERVICE {
        return any.unknown("bootstrap extension", &[SERVICE]);
    }
    any.message(SERVICE, |m| {
        let plugin = m.required("config").and_then(plugin);
        Some(Service {
            singleton: m.boolean_or("singleton", false),
            plugin: plugin?,
        })
    })?
}

/// A `PluginConfig`.
pub(super) fn plugin(place: &Place<'_>) -> Option<Plugin> {
    message(place, "envoy.extensions.wasm.v3.PluginConfig", |m| {
        let vm = m.required("vm_config").and_then(vm);
        let outer = m.one("capability_restriction_config", capabilities);
        let plugin = Plugin {
            name: m.text("name"),
            root_id: m.text("root_id"),
            configuration: m.one("configuration", configuration).unwrap_or_default(),
            failure_policy: failure_policy(m),
            allow_on_headers_stop_iteration: m
                .one("allow_on_headers_stop_iteration", Place::boolean),
            capabilities: None,
            vm: VmConfig {
                vm_id: String::new(),
                configuration: Vec::new(),
                code: Code::Inline(Arc::from([])),
                environment: Vec::new(),
            },
        };
        let (vm, inner) = vm?;
        Some(Plugin {
            vm,
            // That of the VM counts, the one of the plugin being the older form.
            capabilities: inner.or(outer).filter(|allowed| !allowed.is_empty()),
            ..plugin
        })
    })?
}

/// A `VmConfig`, and its capabilities.
fn vm(place: &Place<'_>) -> Option<(VmConfig, Option<BTreeSet<String>>)> {
    message(place, "envoy.extensions.wasm.v3.VmConfig", |m| {
        m.choice_or("runtime", RUNTIMES, ());
        let environment = m.one("environment_variables", environment);
        let capabilities = m.one("capability_restriction_config", capabilities);
        let code = m.required("code").and_then(code);
        let vm = VmConfig {
            vm_id: m.text("vm_id"),
            configuration: m.one("configuration", configuration).unwrap_or_default(),
            environment: environment.unwrap_or_default(),
            code: code?,
        };
        Some((vm, capabilities))
    })?
}

/// Envoy takes the empty text for what it has.
const RUNTIMES: &[Choice<()>] = &[choice("envoy.wasm.runtime.v8", -1, ()), choice("", -1, ())];

fn code(place: &Place<'_>) -> Option<Code> {
    message(place, "envoy.config.core.v3.AsyncDataSource", |m| {
        let (kind, place) = m.exactly_one_of(&["local", "remote"])?;
        if kind == "remote" {
            place.problem("the harness fetches nothing: expected local");
            return None;
        }
        message(place, "envoy.config.core.v3.DataSource", |m| {
            let (kind, place) = m.exactly_one_of(CODE_SOURCE)?;
            match kind {
                "filename" => place.file().map(Code::File),
                "inline_string" => place
                    .text()
                    .map(|text| Code::Inline(text.as_bytes().into())),
                "inline_bytes" => place.bytes().map(|bytes| Code::Inline(bytes.into())),
                _ => environment_variable(place),
            }
        })?
    })?
}

/// The bytes of a `DataSource`.
pub(super) fn data_source(place: &Place<'_>) -> Option<Vec<u8>> {
    message(place, "envoy.config.core.v3.DataSource", |m| {
        let (kind, place) = m.exactly_one_of(CODE_SOURCE)?;
        match kind {
            "filename" => {
                let path = place.file()?;
                // Without a folder files are not looked for.
                let Some(folder) = place.reading.folder else {
                    return Some(Vec::new());
                };
                let read = std::fs::read(folder.join(path));
                read.map_err(|error| place.problem(format!("cannot be read: {error}")))
                    .ok()
            }
            "inline_string" => place.text().map(|text| text.as_bytes().to_vec()),
            "inline_bytes" => place.bytes(),
            _ => environment_variable(place),
        }
    })?
}

fn environment_variable<T>(place: &Place<'_>) -> Option<T> {
    place.problem("the harness reads no environment: expected filename or inline_string");
    None
}

/// What a plugin or a VM is configured with, as it is handed to the guest.
fn configuration(place: &Place<'_>) -> Option<Vec<u8>> {
    const STRING: &str = "google.protobuf.StringValue";
    const BYTES: &str = "google.protobuf.BytesValue";
    const STRUCT: &str = "google.protobuf.Struct";
    let any = Any::read(place)?;
    match any.type_name.as_str() {
        STRING => any.message(STRING, |m| m.text("value").into_bytes()),
        BYTES => any.message(BYTES, |m| m.one("value", Place::bytes).unwrap_or_default()),
        STRUCT => any.message(STRUCT, |m| {
            m.one("value", |value| {
                value.entries();
                Some(encode_struct(value.node))
            })
            .unwrap_or_default()
        }),
        _ => any.unknown("configuration", &[STRING, BYTES, STRUCT]),
    }
}

fn environment(place: &Place<'_>) -> Option<Vec<(String, String)>> {
    message(
        place,
        "envoy.extensions.wasm.v3.EnvironmentVariables",
        |m| {
            if let Some(place) = m.get("host_env_keys") {
                place.problem("the harness reads no environment: expected key_values");
            }
            let entries = m.get("key_values").map(Place::entries).unwrap_or_default();
            let pairs = entries
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), value.text()?.to_owned())));
            let mut pairs: Vec<_> = pairs.collect();
            pairs.sort_unstable();
            pairs
        },
    )
}

fn capabilities(place: &Place<'_>) -> Option<BTreeSet<String>> {
    let name = "envoy.extensions.wasm.v3.CapabilityRestrictionConfig";
    message(place, name, |m| {
        let entries = m.get("allowed_capabilities").map(Place::entries);
        let entries = entries.unwrap_or_default();
        let allowed = entries.into_iter().map(|(key, value)| {
            // It has no fields.
            message(
                &value,
                "envoy.extensions.wasm.v3.SanitizationConfig",
                |_| (),
            );
            key.to_owned()
        });
        allowed.collect()
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Policy {
    Unspecified,
    Reload,
    Closed,
    Open,
}

const POLICIES: &[Choice<Policy>] = &[
    choice("UNSPECIFIED", 0, Policy::Unspecified),
    choice("FAIL_RELOAD", 1, Policy::Reload),
    choice("FAIL_CLOSED", 2, Policy::Closed),
    choice("FAIL_OPEN", 3, Policy::Open),
];

fn failure_policy(m: &Message<'_>) -> FailurePolicy {
    let policy = m.choice_or("failure_policy", POLICIES, Policy::Unspecified);
    let base_interval_millis = m.one("reload_config", base_interval).unwrap_or(1_000);
    let fail_open = m.boolean_or("fail_open", false);
    if fail_open && policy != Policy::Unspecified {
        m.problem("fail_open and failure_policy are there, expected one of them");
    }
    match policy {
        Policy::Open => FailurePolicy::FailOpen,
        Policy::Unspecified if fail_open => FailurePolicy::FailOpen,
        Policy::Unspecified | Policy::Closed => FailurePolicy::FailClosed,
        Policy::Reload => FailurePolicy::FailReload {
            base_interval_millis,
        },
    }
}

fn base_interval(place: &Place<'_>) -> Option<u64> {
    message(place, "envoy.extensions.wasm.v3.ReloadConfig", |m| {
        m.one("backoff", |place| {
            message(place, "envoy.config.core.v3.BackoffStrategy", |m| {
                let place = m.required("base_interval")?;
                let millis = u64::try_from(place.duration()?.as_millis()).ok();
                if millis == Some(0) {
                    place.problem("expected at least 0.001s");
                }
                millis
            })?
        })
    })?
}
