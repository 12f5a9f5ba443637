//! Plugins and the VMs they run in.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// `envoy.extensions.wasm.v3.PluginConfig`: one filter's plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// Stands in log lines.
    pub name: String,
    /// Plugins of one VM with the same identifier share state in some modules.
    pub root_id: String,
    /// What `on_configure` reads.
    pub configuration: Vec<u8>,
    /// The VM to run in.
    pub vm: VmConfig,
    /// What happens to connections after a trap.
    pub failure_policy: FailurePolicy,
    /// Host functions and callbacks that are allowed; all of them if `None`. Stands in
    /// `VmConfig` from Envoy 1.40 on, in `PluginConfig` before.
    pub capabilities: Option<BTreeSet<String>>,
    /// Whether `StopIteration` from `on_request_headers` or `on_response_headers` stops the headers
    /// alone, so that the body comes to the plugin. Otherwise everything stops: Envoy's default,
    /// also if `None`.
    pub allow_on_headers_stop_iteration: Option<bool>,
}

impl Plugin {
    /// A plugin of this name with Envoy's defaults: no configuration, all capabilities,
    /// FAIL_CLOSED, a VM with an empty identifier.
    #[must_use]
    pub fn new(name: impl Into<String>, code: Code) -> Self {
        Self {
            name: name.into(),
            root_id: String::new(),
            configuration: Vec::new(),
            vm: VmConfig {
                vm_id: String::new(),
                configuration: Vec::new(),
                code,
                environment: Vec::new(),
            },
            failure_policy: FailurePolicy::default(),
            capabilities: None,
            allow_on_headers_stop_iteration: None,
        }
    }
}

/// `envoy.extensions.wasm.v3.VmConfig`. Plugins whose VM configurations have the same `vm_id`,
/// `configuration` and `code` share one VM per worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmConfig {
    /// Scope of shared data and queues.
    pub vm_id: String,
    /// What `on_vm_start` reads.
    pub configuration: Vec<u8>,
    /// The module.
    pub code: Code,
    /// Environment variables of the guest, in the order of their names.
    pub environment: Vec<(String, String)>,
}

/// Where the module comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// A file; a relative path counts from the folder that the harness is told.
    File(PathBuf),
    /// The bytes of a binary module, or its text form.
    Inline(Arc<[u8]>),
}

/// What happens after a trap (`envoy.extensions.wasm.v3.FailurePolicy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// The worker's VM stays dead, its connections are closed. Envoy's default.
    #[default]
    FailClosed,
    /// A new VM after a back-off that begins with this many milliseconds; closed until then.
    FailReload {
        /// `reload_config.backoff.base_interval`, in milliseconds; Envoy's default is 1,000.
        base_interval_millis: u64,
    },
    /// Connections pass without the plugin.
    FailOpen,
}

/// `envoy.extensions.wasm.v3.WasmService`: a plugin without connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The plugin.
    pub plugin: Plugin,
    /// Runs once, on the main thread; otherwise on the main thread and every worker.
    pub singleton: bool,
}
