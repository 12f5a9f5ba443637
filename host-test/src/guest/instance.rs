//! One VM: an instance of a module with its memory.

use std::sync::Arc;

use wasmtime::{AsContext, AsContextMut, Store, TypedFunc};

use super::{InvalidModule, Limits, Module, State, Trap, UnknownImports};
use crate::abi::{AbiVersion, Callback, HostCall, Results};
use crate::trace::{TraceEntry, TraceEvent};

/// An instance.
pub(crate) struct Instance {
    store: Store<State>,
    exports: Vec<Option<Arc<Export>>>,
    fuel_per_callback: u64,
}

/// An exported function, by its arguments and results. Shared: to clone one asks wasmtime for its
/// type again.
enum Export {
    Void0(TypedFunc<(), ()>),
    Void1(TypedFunc<u32, ()>),
    Void2(TypedFunc<(u32, u32), ()>),
    Void3(TypedFunc<(u32, u32, u32), ()>),
    Void5(TypedFunc<(u32, u32, u32, u32, u32), ()>),
    Word1(TypedFunc<u32, u32>),
    Word2(TypedFunc<(u32, u32), u32>),
    Word3(TypedFunc<(u32, u32, u32), u32>),
}

impl Instance {
    /// Makes the instance and finds its callbacks. Nothing of the guest runs, except for the start
    /// function of the module if it has one.
    ///
    /// Fails when the module cannot be linked, or when an export does not fit the ABI.
    pub(crate) fn new(
        module: &Module,
        state: State,
        limits: Limits,
        unknown: UnknownImports,
    ) -> Result<Self, InvalidModule> {
        let instantiation =
            |error: wasmtime::Error| InvalidModule::Instantiation(format!("{error:#}"));
        let mut store = Store::new(module.wasmtime.engine(), state);
        store.limiter(|state| &mut state.limits);
        store
            .set_fuel(limits.fuel_per_callback)
            .map_err(instantiation)?;
        let instance = module
            .linked(unknown)?
            .instantiate(&mut store)
            .map_err(instantiation)?;
        let memory = instance.get_memory(&mut store, "memory");
        store.data_mut().memory = Some(memory.ok_or(InvalidModule::NoMemory)?);
        let mut this = Self {
            store,
            exports: Vec::new(),
            fuel_per_callback: limits.fuel_per_callback,
        };
        this.exports = Callback::ALL
            .iter()
            .map(|callback| Ok(this.find(&instance, *callback)?.map(Arc::new)))
            .collect::<Result<_, _>>()?;
        let allocator = [Callback::Malloc, Callback::MemoryAllocate]
            .into_iter()
            .find_map(|callback| this.export(callback));
        match allocator.as_deref() {
            Some(Export::Word1(allocator)) => {
                this.store.data_mut().allocator = Some(Arc::new(allocator.clone()));
            }
            _ => return Err(InvalidModule::NoAllocator),
        }
        Ok(this)
    }

    fn find(
        &mut self,
        instance: &wasmtime::Instance,
        callback: Callback,
    ) -> Result<Option<Export>, InvalidModule> {
        let state = self.store.data();
        let abi = state.abi;
        // Nobody can forbid the host to allocate.
        let is_event =
            callback.name().starts_with("proxy_") && callback != Callback::MemoryAllocate;
        let is_refused = is_event && !state.is_allowed(callback.name());
        if is_refused || abi == AbiVersion::V0_1_0 && callback == Callback::ForeignFunction {
            return Ok(None);
        }
        let Some(function) = instance.get_func(&mut self.store, callback.name()) else {
            return Ok(None);
        };
        let store = &self.store;
        let typed = match (params(callback, abi), callback.results()) {
            (0, _) => function.typed(store).map(Export::Void0),
            (1, Results::None) => function.typed(store).map(Export::Void1),
            (2, Results::None) => function.typed(store).map(Export::Void2),
            (3, Results::None) => function.typed(store).map(Export::Void3),
            (1, Results::Word) => function.typed(store).map(Export::Word1),
            (2, Results::Word) => function.typed(store).map(Export::Word2),
            (3, Results::Word) => function.typed(store).map(Export::Word3),
            (_, _) => function.typed(store).map(Export::Void5),
        };
        typed.map(Some).map_err(|_| InvalidModule::ExportSignature {
            callback,
            found: function.ty(self.store.as_context()).to_string(),
        })
    }

    fn export(&self, callback: Callback) -> Option<Arc<Export>> {
        self.exports.get(usize::from(callback as u8))?.clone()
    }

    /// Whether the guest has this callback, and may be called.
    pub(crate) fn has(&self, callback: Callback) -> bool {
        let export = self.exports.get(usize::from(callback as u8));
        export.is_some_and(Option::is_some)
    }

    /// What the host knows of this VM.
    pub(crate) fn state(&self) -> &State {
        self.store.data()
    }

    /// What the host knows of this VM.
    pub(crate) fn state_mut(&mut self) -> &mut State {
        self.store.data_mut()
    }

    /// Bytes of the guest's memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        let memory = self.store.data().memory;
        memory.map_or(0, |memory| memory.data_size(&self.store))
    }

    /// Calls the guest in the context `context`, 0 for that of the VM itself. `None` where it has
    /// no such callback or returns nothing.
    ///
    /// Fails when the guest does not return.
    pub(crate) fn call(
        &mut self,
        callback: Callback,
        context: u32,
        arguments: &[u32],
    ) -> Result<Option<u32>, Trap> {
        let Some(export) = self.export(callback) else {
            return Ok(None);
        };
        let state = self.store.data_mut();
        let before = (state.current, state.effective, state.callback);
        (state.current, state.effective, state.callback) = (context, 0, callback);
        state.shared.counts.count_callback(callback);
        self.trace(|| TraceEvent::Callback {
            callback,
            arguments: arguments.to_vec(),
        });
        let state = self.store.data();
        let beginning = state.shared.profile.begin(state);
        let returned = self.run(&export, arguments);
        let state = self.store.data_mut();
        if let Some(beginning) = beginning {
            state.shared.profile.end(callback, &beginning, state);
        }
        (state.current, state.effective, state.callback) = before;
        let returned = returned.map_err(|error| Trap::new(callback, &error));
        match &returned {
            Ok(result) => self.trace(|| TraceEvent::Returned {
                callback,
                result: *result,
            }),
            Err(trap) => self.trace(|| TraceEvent::Trapped {
                callback,
                reason: trap.reason.to_string(),
            }),
        }
        returned
    }

    /// Calls the guest while it may make only these host calls.
    pub(crate) fn call_restricted(
        &mut self,
        callback: Callback,
        arguments: &[u32],
        allowed: &'static [HostCall],
    ) -> Result<Option<u32>, Trap> {
        self.store.data_mut().restricted = Some(allowed);
        let returned = self.call(callback, 0, arguments);
        self.store.data_mut().restricted = None;
        returned
    }

    fn run(&mut self, export: &Export, arguments: &[u32]) -> wasmtime::Result<Option<u32>> {
        self.store.set_fuel(self.fuel_per_callback)?;
        let mut store = self.store.as_context_mut();
        match (export, arguments) {
            (Export::Void0(function), []) => function.call(&mut store, ()).map(|()| None),
            (Export::Void1(function), [a]) => function.call(&mut store, *a).map(|()| None),
            (Export::Void2(function), [a, b]) => function.call(&mut store, (*a, *b)).map(|()| None),
            (Export::Void3(function), [a, b, c]) => {
                function.call(&mut store, (*a, *b, *c)).map(|()| None)
            }
            (Export::Void5(function), [a, b, c, d, e]) => function
                .call(&mut store, (*a, *b, *c, *d, *e))
                .map(|()| None),
            (Export::Word1(function), [a]) => function.call(&mut store, *a).map(Some),
            // ABI 0.1.0 knows no end of the stream.
            (Export::Word2(function), [a, b] | [a, b, _]) => {
                function.call(&mut store, (*a, *b)).map(Some)
            }
            (Export::Word3(function), [a, b, c]) => {
                function.call(&mut store, (*a, *b, *c)).map(Some)
            }
            (_, _) => Err(wasmtime::Error::msg("wrong number of arguments")),
        }
    }

    fn trace(&self, event: impl FnOnce() -> TraceEvent) {
        let state = self.store.data();
        if !state.shared.trace.is_on() {
            return;
        }
        state.shared.trace.push(TraceEntry {
            thread: state.thread,
            vm: state.vm,
            monotonic_nanos: state.shared.clock.monotonic_nanos(),
            event: event(),
        });
    }
}

/// Arguments of the callback in this version.
fn params(callback: Callback, abi: AbiVersion) -> usize {
    match callback {
        Callback::RequestHeaders | Callback::ResponseHeaders if abi == AbiVersion::V0_1_0 => 2,
        _ => callback.params(),
    }
}
