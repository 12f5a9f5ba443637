//! How a process begins: base VMs, canaries, then the threads.

use std::fmt;
use std::sync::Arc;

use super::vm::StartError;
use super::{InvalidBootstrap, Plan, PluginIndex, Thread, Vm};
use crate::guest::{InvalidModule, Trap};
use crate::shared::ThreadId;

/// Why a process did not begin. Envoy refuses such a configuration.
#[derive(Clone, Debug)]
pub enum BuildError {
    /// A module cannot be run.
    Bootstrap(InvalidBootstrap),
    /// A module does not fit the ABI.
    Module {
        /// The plugin.
        plugin: String,
        /// Why.
        reason: InvalidModule,
    },
    /// A plugin trapped while it started.
    Trapped {
        /// The plugin.
        plugin: String,
        /// Where.
        thread: ThreadId,
        /// How.
        trap: Box<Trap>,
        /// What the plugin has logged before.
        log: Vec<String>,
    },
    /// `on_vm_start` returned false.
    VmStartRefused {
        /// The plugin.
        plugin: String,
        /// What the plugin has logged, the last line first.
        log: Vec<String>,
    },
    /// `on_configure` returned false.
    ConfigurationRefused {
        /// The plugin.
        plugin: String,
        /// What the plugin has logged.
        log: Vec<String>,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |f: &mut fmt::Formatter<'_>, log: &[String]| match log {
            [] => f.write_str(" and logged nothing"),
            lines => write!(f, ": {}", lines.join("; ")),
        };
        match self {
            Self::Bootstrap(reason) => reason.fmt(f),
            Self::Module { plugin, reason } => write!(f, "plugin {plugin:?}: {reason}"),
            Self::Trapped {
                plugin,
                thread,
                trap,
                ..
            } => write!(f, "plugin {plugin:?} trapped on {thread}: {trap}"),
            Self::VmStartRefused { plugin, log } => {
                write!(f, "plugin {plugin:?} refused to start")?;
                said(f, log)
            }
            Self::ConfigurationRefused { plugin, log } => {
                write!(f, "plugin {plugin:?} refused its configuration")?;
                said(f, log)
            }
        }
    }
}

impl std::error::Error for BuildError {}

impl From<InvalidBootstrap> for BuildError {
    fn from(reason: InvalidBootstrap) -> Self {
        Self::Bootstrap(reason)
    }
}

/// Makes a base VM where there is none of this kind yet, and tries the plugin in a canary, as
/// Envoy does on the main thread before it takes a plugin.
pub(crate) fn check_by_canary(
    plan: &Arc<Plan>,
    bases: &mut Vec<Option<Vm>>,
    index: PluginIndex,
) -> Result<(), BuildError> {
    let Some(planned) = plan.plugins.get(index.0) else {
        return Ok(());
    };
    let log_start = plan.shared.log.len();
    let explain = |error| explain(plan, index, ThreadId::Main, log_start, error);
    bases.resize_with(plan.vms.len(), || None);
    if let Some(base @ None) = bases.get_mut(planned.vm) {
        *base = Some(Vm::new(plan, planned.vm, ThreadId::Main).map_err(explain)?);
    }
    let mut canary = Vm::new(plan, planned.vm, ThreadId::Main).map_err(explain)?;
    canary.start(index, &planned.plugin).map_err(explain)?;
    // The canary goes without a word to the guest.
    Ok(())
}

/// Starts a plugin on a thread.
pub(crate) fn start_on(thread: &mut Thread, index: PluginIndex) -> Result<(), BuildError> {
    let plan = thread.plan.clone();
    let log_start = plan.shared.log.len();
    thread
        .start(index)
        .map_err(|error| explain(&plan, index, thread.id, log_start, error))
}

fn explain(
    plan: &Plan,
    index: PluginIndex,
    thread: ThreadId,
    log_start: usize,
    error: StartError,
) -> BuildError {
    let name = plan
        .plugins
        .get(index.0)
        .map(|planned| &planned.plugin.name);
    let plugin = name.cloned().unwrap_or_default();
    let log = || {
        let lines = plan.shared.log.since(log_start).into_iter();
        // Those of the host itself have no plugin.
        lines
            .filter(|line| !line.plugin.is_empty())
            .map(|line| line.text)
            .collect()
    };
    match error {
        StartError::Module(reason) => BuildError::Module { plugin, reason },
        StartError::Trap(trap) => BuildError::Trapped {
            plugin,
            thread,
            trap: Box::new(trap),
            log: log(),
        },
        StartError::VmStart => BuildError::VmStartRefused { plugin, log: log() },
        StartError::Configure => BuildError::ConfigurationRefused { plugin, log: log() },
    }
}
