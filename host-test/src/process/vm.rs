//! One VM of one thread: its guest, its root contexts, and whether it is still alive.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Plan, PluginIndex};
use crate::abi::{Callback, HostCall};
use crate::config::Plugin;
use crate::guest::{Context, Deferred, Instance, InvalidModule, Kind, State, Trap};
use crate::shared::ThreadId;

/// A VM.
pub(crate) struct Vm {
    instance: Instance,
    roots: BTreeMap<PluginIndex, u32>,
    trap: Option<Trap>,
}

/// What came back from a callback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Returned {
    /// The number that the guest returned; none where it has no such callback.
    pub(crate) value: Option<u32>,
    /// A local reply was sent: no filter goes on, whatever the guest has returned.
    pub(crate) is_iteration_stopped: bool,
}

/// Why a VM or a plugin did not start.
#[derive(Clone, Debug)]
pub(crate) enum StartError {
    Module(InvalidModule),
    Trap(Trap),
    /// `on_vm_start` said no.
    VmStart,
    /// `on_configure` said no.
    Configure,
}

impl Vm {
    /// Makes the VM and lets the guest initialize itself.
    pub(crate) fn new(plan: &Plan, vm: usize, thread: ThreadId) -> Result<Self, StartError> {
        let Some(planned) = plan.vms.get(vm) else {
            let reason = format!("there is no VM {vm}");
            return Err(StartError::Module(InvalidModule::Instantiation(reason)));
        };
        let mut state = State::new(
            plan.shared.clone(),
            thread,
            vm,
            planned.config.clone(),
            planned.module.abi(),
            plan.node.clone(),
            plan.limits.memory_bytes,
        );
        // Of several plugins the first one's restriction holds for the VM.
        let first = plan.plugins.iter().find(|plugin| plugin.vm == vm);
        state.capabilities = first.and_then(|first| first.plugin.capabilities.clone());
        let instance = Instance::new(&planned.module, state, plan.limits, plan.unknown_imports)
            .map_err(StartError::Module)?;
        let mut this = Self {
            instance,
            roots: BTreeMap::new(),
            trap: None,
        };
        this.initialize().map_err(StartError::Trap)?;
        Ok(this)
    }

    /// Runs what a WASI reactor or command wants run first.
    fn initialize(&mut self) -> Result<(), Trap> {
        const ALLOWED: &[HostCall] = &[
            HostCall::Log,
            HostCall::FdWrite,
            HostCall::ArgsSizesGet,
            HostCall::ArgsGet,
            HostCall::EnvironSizesGet,
            HostCall::EnvironGet,
            HostCall::FdPrestatGet,
            HostCall::FdPrestatDirName,
            HostCall::ClockTimeGet,
            HostCall::RandomGet,
        ];
        let instance = &mut self.instance;
        if instance.has(Callback::Initialize) {
            instance.call_restricted(Callback::Initialize, &[], ALLOWED)?;
            instance.call_restricted(Callback::Main, &[0, 0], ALLOWED)?;
        } else {
            instance.call_restricted(Callback::Start, &[], ALLOWED)?;
        }
        Ok(())
    }

    /// Makes the root context of a plugin, starts the VM for it and configures it. The number of
    /// the root.
    pub(crate) fn start(
        &mut self,
        index: PluginIndex,
        plugin: &Arc<Plugin>,
    ) -> Result<u32, StartError> {
        if let Some(root) = self.roots.get(&index) {
            return Ok(*root);
        }
        let root = self.instance.state_mut().add_context(Context {
            parent: 0,
            plugin: plugin.clone(),
            kind: Kind::Root,
            is_created: false,
            last_buffer: None,
            declared: BTreeMap::new(),
        });
        self.roots.insert(index, root);
        self.instance.state_mut().configuring = Some(plugin.clone());
        let created = self.create(root, 0);
        self.instance.state_mut().configuring = None;
        created.map_err(StartError::Trap)?;
        let len = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let vm_len = len(&self.instance.state().config.configuration);
        let started = self.call(Callback::VmStart, root, &[root, vm_len]);
        if started.map_err(StartError::Trap)?.value == Some(0) {
            return Err(StartError::VmStart);
        }
        self.instance.state_mut().configuring = Some(plugin.clone());
        let configured = self.call(
            Callback::Configure,
            root,
            &[root, len(&plugin.configuration)],
        );
        self.instance.state_mut().configuring = None;
        if configured.map_err(StartError::Trap)?.value == Some(0) {
            return Err(StartError::Configure);
        }
        Ok(root)
    }

    /// Tells the guest of a context, once.
    pub(crate) fn create(&mut self, context: u32, parent: u32) -> Result<(), Trap> {
        let contexts = &mut self.instance.state_mut().contexts;
        let Some(place) = contexts.get_mut(&context) else {
            return Ok(());
        };
        if std::mem::replace(&mut place.is_created, true) {
            return Ok(());
        }
        self.call(Callback::ContextCreate, context, &[context, parent])?;
        Ok(())
    }

    /// Calls the guest in a context. What the callback asked to be done afterwards waits in
    /// [`Vm::next_deferred`].
    ///
    /// Fails when the guest does not return; then, and ever after, the VM is dead.
    pub(crate) fn call(
        &mut self,
        callback: Callback,
        context: u32,
        arguments: &[u32],
    ) -> Result<Returned, Trap> {
        if let Some(trap) = &self.trap {
            return Err(trap.clone());
        }
        match self.instance.call(callback, context, arguments) {
            Ok(value) => {
                let state = self.instance.state_mut();
                Ok(Returned {
                    value,
                    is_iteration_stopped: std::mem::take(&mut state.is_iteration_stopped),
                })
            }
            Err(trap) => {
                let state = self.instance.state_mut();
                state.deferred.clear();
                state.log_by_host(format!("Plugin Crash: Function: {trap}"));
                state.shared.traps.push(state.thread, trap.clone());
                self.trap = Some(trap.clone());
                Err(trap)
            }
        }
    }

    /// The next thing that callbacks have asked for and that is to be done outside of this VM.
    pub(crate) fn next_deferred(&mut self) -> Option<Deferred> {
        loop {
            match self.instance.state_mut().deferred.pop_front()? {
                Deferred::FinishShutdown => self.finish_shutdown(),
                other => return Some(other),
            }
        }
    }

    /// Does nothing of what callbacks have asked for.
    pub(crate) fn forget_deferred(&mut self) {
        while self.next_deferred().is_some() {}
    }

    /// Deletes the roots that have said `done`.
    fn finish_shutdown(&mut self) {
        let done = std::mem::take(&mut self.instance.state_mut().pending_delete);
        for root in done {
            self.delete(root);
        }
    }

    /// Ends the root context of a plugin: at once, or when the guest says `done`.
    pub(crate) fn shut_down(&mut self, index: PluginIndex) {
        let Some(root) = self.roots.remove(&index) else {
            return;
        };
        let answer = self.call(Callback::Done, root, &[root]);
        if matches!(answer, Ok(Returned { value: Some(0), .. })) {
            self.instance.state_mut().pending_done.insert(root);
        } else {
            self.delete(root);
        }
        self.finish_shutdown();
    }

    fn delete(&mut self, context: u32) {
        // A trap here has been logged, and the context goes anyway.
        let _ = self.call(Callback::Delete, context, &[context]);
        let state = self.instance.state_mut();
        state.contexts.remove(&context);
        state.timers.remove(&context);
        state.callouts.forget_root(context);
    }

    /// Why it is dead; none while it is alive.
    pub(crate) fn trap(&self) -> Option<&Trap> {
        self.trap.as_ref()
    }

    /// Whether the guest has this callback.
    pub(crate) fn has(&self, callback: Callback) -> bool {
        self.instance.has(callback)
    }

    /// What the host knows of it.
    pub(crate) fn state(&self) -> &State {
        self.instance.state()
    }

    /// What the host knows of it.
    pub(crate) fn state_mut(&mut self) -> &mut State {
        self.instance.state_mut()
    }

    /// Bytes of the guest's memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.instance.memory_bytes()
    }

    /// When the next tick is due, on the monotonic clock, and for which root.
    pub(crate) fn next_tick(&self) -> Option<(u64, u32)> {
        if self.trap.is_some() || !self.has(Callback::Tick) {
            return None;
        }
        let timers = self.instance.state().timers.iter();
        timers.map(|(root, timer)| (timer.due_nanos, *root)).min()
    }

    /// Runs the tick of `root`. The next one is due a period after this one has run.
    pub(crate) fn tick(&mut self, root: u32) {
        // A trap is logged and kept.
        let _ = self.call(Callback::Tick, root, &[root]);
        let state = self.instance.state_mut();
        let now = state.shared.clock.monotonic_nanos();
        if let Some(timer) = state.timers.get_mut(&root) {
            timer.due_nanos = now.saturating_add(timer.period_nanos);
        }
    }
}
