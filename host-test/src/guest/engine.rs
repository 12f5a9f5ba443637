//! The compiler, shared by everything that runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::{InvalidModule, Module};
use crate::shared::lock;

/// What a guest may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Fuel of one callback: about one unit an instruction, 500 units a host call, one unit a byte
    /// that a host call copies. An endless loop ends here.
    pub fuel_per_callback: u64,
    /// Bytes of memory of one VM.
    pub memory_bytes: usize,
}

impl Default for Limits {
    /// About a second of work, and a quarter of what 32 bits can address.
    fn default() -> Self {
        Self {
            fuel_per_callback: 2_000_000_000,
            memory_bytes: 1 << 30,
        }
    }
}

/// Compiles modules, each once. Clones share what was compiled.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    wasmtime: wasmtime::Engine,
    modules: Mutex<BTreeMap<Vec<u8>, Arc<Module>>>,
}

impl Engine {
    /// An engine that keeps what it has compiled in memory only.
    ///
    /// Fails where wasmtime does not run on this machine.
    pub fn new() -> Result<Self, InvalidModule> {
        Self::of(&configuration())
    }

    /// An engine that also keeps what it has compiled in wasmtime's cache folder of this user, so
    /// that the next process need not compile it again. Without one it is like [`Engine::new`].
    ///
    /// Fails where wasmtime does not run on this machine.
    pub fn cached() -> Result<Self, InvalidModule> {
        let mut configuration = configuration();
        if let Ok(cache) = wasmtime::Cache::new(wasmtime::CacheConfig::new()) {
            configuration.cache(Some(cache));
        }
        Self::of(&configuration)
    }

    fn of(configuration: &wasmtime::Config) -> Result<Self, InvalidModule> {
        let wasmtime = wasmtime::Engine::new(configuration)
            .map_err(|error| InvalidModule::Engine(error.to_string()))?;
        Ok(Self(Arc::new(Inner {
            wasmtime,
            modules: Mutex::default(),
        })))
    }

    /// Compiles `code`, a binary module or its text form, unless it was compiled before.
    ///
    /// Fails when it is no module that a proxy-wasm host could run; see [`InvalidModule`].
    pub fn compile(&self, code: &[u8]) -> Result<Arc<Module>, InvalidModule> {
        if let Some(module) = lock(&self.0.modules).get(code) {
            return Ok(module.clone());
        }
        let module = Arc::new(Module::compile(&self.0.wasmtime, code)?);
        lock(&self.0.modules).insert(code.to_vec(), module.clone());
        Ok(module)
    }
}

fn configuration() -> wasmtime::Config {
    let mut configuration = wasmtime::Config::new();
    configuration
        .consume_fuel(true)
        // A guest that recurses without end hits this first, not the stack of the harness.
        .max_wasm_stack(WASM_STACK_BYTES);
    configuration
}

/// The stack of a guest.
const WASM_STACK_BYTES: usize = 512 * 1024;
