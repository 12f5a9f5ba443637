//! Which VMs and plugins a configuration needs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Bootstrap, Code, Node, Plugin, VmConfig};
use crate::guest::{Engine, InvalidModule, Limits, Module, UnknownImports};
use crate::shared::Shared;

/// The number of a plugin in its process. Filters with the same plugin and VM share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PluginIndex(pub(crate) usize);

/// All VMs and plugins of a process.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) vms: Vec<VmPlan>,
    pub(crate) plugins: Vec<PluginPlan>,
    pub(crate) limits: Limits,
    pub(crate) unknown_imports: UnknownImports,
    pub(crate) shared: Arc<Shared>,
    pub(crate) node: Arc<Node>,
}

/// One VM per thread.
#[derive(Clone, Debug)]
pub(crate) struct VmPlan {
    pub(crate) config: Arc<VmConfig>,
    pub(crate) module: Arc<Module>,
}

/// One root context per VM.
#[derive(Clone, Debug)]
pub(crate) struct PluginPlan {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) vm: usize,
    /// It runs on the main thread only.
    pub(crate) is_singleton: bool,
}

/// Why a process cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidBootstrap {
    /// A module of a plugin cannot be run.
    Module {
        /// The plugin.
        plugin: String,
        /// Why.
        reason: InvalidModule,
    },
    /// There is to be no worker.
    NoWorker,
}

impl fmt::Display for InvalidBootstrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module { plugin, reason } => write!(f, "plugin {plugin:?}: {reason}"),
            Self::NoWorker => f.write_str("workers: expected at least 1, found 0"),
        }
    }
}

impl std::error::Error for InvalidBootstrap {}

impl Plan {
    /// The VMs and plugins of `bootstrap`, in the order in which Envoy makes them. Paths of
    /// modules count from `folder`.
    pub(crate) fn new(
        bootstrap: &Bootstrap,
        folder: &Path,
        engine: &Engine,
        limits: Limits,
        shared: Arc<Shared>,
    ) -> Result<Self, InvalidBootstrap> {
        let mut plan = Self {
            vms: Vec::new(),
            plugins: Vec::new(),
            limits,
            unknown_imports: UnknownImports::default(),
            shared,
            node: Arc::new(bootstrap.node.clone()),
        };
        plan.add_all(bootstrap, folder, engine)?;
        Ok(plan)
    }

    /// The same VMs and plugins under the same numbers, and behind them what `bootstrap` has more.
    pub(crate) fn extended(
        &self,
        bootstrap: &Bootstrap,
        folder: &Path,
        engine: &Engine,
    ) -> Result<Self, InvalidBootstrap> {
        let mut plan = self.clone();
        plan.add_all(bootstrap, folder, engine)?;
        Ok(plan)
    }

    fn add_all(
        &mut self,
        bootstrap: &Bootstrap,
        folder: &Path,
        engine: &Engine,
    ) -> Result<(), InvalidBootstrap> {
        for plugin in bootstrap.filter_plugins() {
            self.add(plugin, false, folder, engine)?;
        }
        for service in &bootstrap.services {
            let plugin = Arc::new(service.plugin.clone());
            self.add(&plugin, service.singleton, folder, engine)?;
        }
        Ok(())
    }

    /// The plugins of the plan that `bootstrap` has, too.
    pub(crate) fn used_by(&self, bootstrap: &Bootstrap) -> Vec<PluginIndex> {
        let is_used = |planned: &PluginPlan| {
            let mut filters = bootstrap.filter_plugins();
            let is_filter =
                !planned.is_singleton && filters.any(|filter| *filter == planned.plugin);
            let mut services = bootstrap.services.iter();
            is_filter
                || services.any(|service| {
                    service.plugin == *planned.plugin && service.singleton == planned.is_singleton
                })
        };
        let plugins = self.plugins.iter().enumerate();
        plugins
            .filter(|(_, planned)| is_used(planned))
            .map(|(index, _)| PluginIndex(index))
            .collect()
    }

    /// The number of this plugin; none for one that is not part of the plan.
    pub(crate) fn find(&self, plugin: &Plugin) -> Option<PluginIndex> {
        let is_it = |planned: &PluginPlan| *planned.plugin == *plugin && !planned.is_singleton;
        self.plugins.iter().position(is_it).map(PluginIndex)
    }

    fn add(
        &mut self,
        plugin: &Arc<Plugin>,
        is_singleton: bool,
        folder: &Path,
        engine: &Engine,
    ) -> Result<(), InvalidBootstrap> {
        let invalid = |reason| InvalidBootstrap::Module {
            plugin: plugin.name.clone(),
            reason,
        };
        let is_known = |planned: &PluginPlan| {
            *planned.plugin == **plugin && planned.is_singleton == is_singleton
        };
        if self.plugins.iter().any(is_known) {
            return Ok(());
        }
        let code = read(&plugin.vm.code, folder).map_err(invalid)?;
        let module = engine.compile(&code).map_err(invalid)?;
        let shares = |vm: &VmPlan| {
            vm.config.vm_id == plugin.vm.vm_id
                && vm.config.configuration == plugin.vm.configuration
                && Arc::ptr_eq(&vm.module, &module)
        };
        let vm = match self.vms.iter().position(shares) {
            Some(vm) => vm,
            None => {
                self.vms.push(VmPlan {
                    config: Arc::new(plugin.vm.clone()),
                    module,
                });
                self.vms.len() - 1
            }
        };
        self.plugins.push(PluginPlan {
            plugin: plugin.clone(),
            vm,
            is_singleton,
        });
        Ok(())
    }
}

fn read(code: &Code, folder: &Path) -> Result<Arc<[u8]>, InvalidModule> {
    match code {
        Code::Inline(bytes) => Ok(bytes.clone()),
        Code::File(path) => {
            let path: PathBuf = folder.join(path);
            let bytes = std::fs::read(&path).map_err(|error| InvalidModule::Unreadable {
                path: path.display().to_string(),
                reason: error.to_string(),
            })?;
            Ok(bytes.into())
        }
    }
}
