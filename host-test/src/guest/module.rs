//! A compiled module and what it says about itself.

use std::fmt;
use std::sync::OnceLock;

use wasmtime::{InstancePre, Linker};

use super::{HostTrap, State, TrapReason};
use crate::abi::{AbiVersion, Callback, HostCall, ValueType, WASI_MODULES};
use crate::calls;

/// A compiled module.
pub struct Module {
    pub(super) wasmtime: wasmtime::Module,
    abi: AbiVersion,
    len_bytes: usize,
    linked: [OnceLock<Result<InstancePre<State>, InvalidModule>>; 2],
}

/// What becomes of imports that the host does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownImports {
    /// The module is refused, as by Envoy.
    #[default]
    Refuse,
    /// The module runs, until it calls one.
    Stub,
}

/// Why a module cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidModule {
    /// The compiler does not run here.
    Engine(String),
    /// The file cannot be read.
    Unreadable {
        /// The path.
        path: String,
        /// Why.
        reason: String,
    },
    /// The bytes are no wasm module, or the text is wrong.
    NotWasm(String),
    /// It names no version of the ABI.
    NoAbiVersion,
    /// It imports what no proxy-wasm host has.
    UnknownImport {
        /// The module of the import.
        module: String,
        /// Its name.
        name: String,
        /// The version of the ABI.
        abi: AbiVersion,
    },
    /// It imports a host call with other arguments or results than it has.
    ImportSignature {
        /// The module of the import.
        module: String,
        /// Its name.
        name: String,
        /// What the module says, and what is right.
        found: String,
    },
    /// It exports a callback with other arguments or results than it has.
    ExportSignature {
        /// The callback.
        callback: Callback,
        /// What the module says.
        found: String,
    },
    /// It exports nothing by which the host gets memory.
    NoAllocator,
    /// It exports no memory.
    NoMemory,
    /// It could not be instantiated.
    Instantiation(String),
}

impl fmt::Display for InvalidModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(reason) => write!(f, "wasmtime does not run here: {reason}"),
            Self::Unreadable { path, reason } => write!(f, "cannot read module {path}: {reason}"),
            Self::NotWasm(reason) => write!(f, "not a wasm module: {reason}"),
            Self::NoAbiVersion => write!(
                f,
                "no version of the ABI: one of the exports {}, {}, {} must be there",
                AbiVersion::V0_1_0.export(),
                AbiVersion::V0_2_0.export(),
                AbiVersion::V0_2_1.export(),
            ),
            Self::UnknownImport { module, name, abi } => write!(
                f,
                "unknown import {module}.{name}: a host of {} has no such function",
                abi.export()
            ),
            Self::ImportSignature {
                module,
                name,
                found,
            } => {
                write!(f, "import {module}.{name} has a wrong signature: {found}")
            }
            Self::ExportSignature { callback, found } => write!(
                f,
                "export {} has a wrong signature: {found}, it takes {} i32 and returns {:?}",
                callback.name(),
                callback.params(),
                callback.results(),
            ),
            Self::NoAllocator => write!(
                f,
                "no export malloc or proxy_on_memory_allocate: the host needs one to return bytes"
            ),
            Self::NoMemory => write!(f, "no export memory: the host cannot read any argument"),
            Self::Instantiation(reason) => write!(f, "cannot be instantiated: {reason}"),
        }
    }
}

impl std::error::Error for InvalidModule {}

impl Module {
    pub(super) fn compile(engine: &wasmtime::Engine, code: &[u8]) -> Result<Self, InvalidModule> {
        let binary =
            wat::parse_bytes(code).map_err(|error| InvalidModule::NotWasm(error.to_string()))?;
        let wasmtime = wasmtime::Module::new(engine, &binary)
            .map_err(|error| InvalidModule::NotWasm(format!("{error:#}")))?;
        let abi = AbiVersion::ALL
            .into_iter()
            .rev()
            .find(|version| wasmtime.get_export(version.export()).is_some())
            .ok_or(InvalidModule::NoAbiVersion)?;
        Ok(Self {
            wasmtime,
            abi,
            len_bytes: binary.len(),
            linked: [OnceLock::new(), OnceLock::new()],
        })
    }

    /// The module with its imports; linked once each way.
    pub(super) fn linked(
        &self,
        unknown: UnknownImports,
    ) -> Result<&InstancePre<State>, InvalidModule> {
        let [refusing, stubbing] = &self.linked;
        let place = match unknown {
            UnknownImports::Refuse => refusing,
            UnknownImports::Stub => stubbing,
        };
        let linked = place.get_or_init(|| self.link(unknown));
        linked.as_ref().map_err(Clone::clone)
    }

    fn link(&self, unknown: UnknownImports) -> Result<InstancePre<State>, InvalidModule> {
        let instantiation =
            |error: wasmtime::Error| InvalidModule::Instantiation(format!("{error:#}"));
        let mut linker = Linker::new(self.wasmtime.engine());
        calls::add_to_linker(&mut linker, self.abi).map_err(instantiation)?;
        for import in self.wasmtime.imports() {
            match (self.check(&import), import.ty().func()) {
                (Err(InvalidModule::UnknownImport { .. }), Some(function))
                    if unknown == UnknownImports::Stub =>
                {
                    add_stub(&mut linker, &import, function.clone()).map_err(instantiation)?;
                }
                (checked, _) => checked?,
            }
        }
        linker
            .instantiate_pre(&self.wasmtime)
            .map_err(instantiation)
    }

    fn check(&self, import: &wasmtime::ImportType<'_>) -> Result<(), InvalidModule> {
        let (module, name) = (import.module().to_owned(), import.name().to_owned());
        let Some(call) = HostCall::find(self.abi, &module, &name) else {
            let abi = self.abi;
            return Err(InvalidModule::UnknownImport { module, name, abi });
        };
        let signature = call.signature();
        let is_right = import.ty().func().is_some_and(|found| {
            let is_same = |found: wasmtime::ValType, wanted: &ValueType| match wanted {
                ValueType::I32 => found.is_i32(),
                ValueType::I64 => found.is_i64(),
            };
            let params = found.params();
            params.len() == signature.params.len()
                && params.zip(signature.params).all(|(f, w)| is_same(f, w))
                && found.results().len() == usize::from(signature.has_status)
                && found.results().all(|result| result.is_i32())
        });
        if is_right {
            return Ok(());
        }
        let found = import.ty().func().map_or_else(
            || "it is no function".to_owned(),
            |found| format!("{found}, it takes {:?}", signature.params),
        );
        Err(InvalidModule::ImportSignature {
            module,
            name,
            found,
        })
    }

    /// The version of the ABI that it names.
    #[must_use]
    pub fn abi(&self) -> AbiVersion {
        self.abi
    }

    /// Its size, in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// What it imports that no proxy-wasm host has, as module and name.
    #[must_use]
    pub fn unknown_imports(&self) -> Vec<(String, String)> {
        let is_unknown = |import: &wasmtime::ImportType<'_>| {
            HostCall::find(self.abi, import.module(), import.name()).is_none()
        };
        self.wasmtime
            .imports()
            .filter(is_unknown)
            .map(|import| (import.module().to_owned(), import.name().to_owned()))
            .collect()
    }

    /// What it imports, as module and name.
    #[must_use]
    pub fn imports(&self) -> Vec<(String, String)> {
        self.wasmtime
            .imports()
            .map(|import| (import.module().to_owned(), import.name().to_owned()))
            .collect()
    }

    /// What it exports.
    #[must_use]
    pub fn exports(&self) -> Vec<String> {
        let exports = self.wasmtime.exports();
        exports.map(|export| export.name().to_owned()).collect()
    }

    /// Whether it imports WASI.
    #[must_use]
    pub fn imports_wasi(&self) -> bool {
        let mut imports = self.wasmtime.imports();
        imports.any(|import| WASI_MODULES.contains(&import.module()))
    }
}

/// Lets an import trap when it is called.
fn add_stub(
    linker: &mut Linker<State>,
    import: &wasmtime::ImportType<'_>,
    function: wasmtime::FuncType,
) -> wasmtime::Result<()> {
    let (module, name) = (import.module(), import.name());
    // A module may import one name twice.
    linker.allow_shadowing(true);
    let full = format!("{module}.{name}");
    linker.func_new(module, name, function, move |_, _, _| {
        let reason = TrapReason::Stub(full.clone());
        Err(wasmtime::Error::new(HostTrap(reason)))
    })?;
    Ok(())
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("abi", &self.abi)
            .field("len_bytes", &self.len_bytes)
            .finish_non_exhaustive()
    }
}
