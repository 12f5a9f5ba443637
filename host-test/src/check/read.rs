//! Imports, exports and memory of a binary module.

use std::collections::BTreeMap;
use std::fmt;

use wasmparser::{
    CompositeInnerType, ExternalKind, FuncType, Parser, Payload, TypeRef, ValType, Validator,
};

use crate::abi::ValueType;

/// Types of parameters and results, by the names that Envoy prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    params: Vec<String>,
    results: Vec<String>,
}

impl Function {
    pub(super) fn new(params: &[ValueType], results: &[ValueType]) -> Self {
        let name = |value: &ValueType| match value {
            ValueType::I32 => "i32".to_owned(),
            ValueType::I64 => "i64".to_owned(),
        };
        Self {
            params: params.iter().map(name).collect(),
            results: results.iter().map(name).collect(),
        }
    }

    fn of(function: &FuncType) -> Self {
        let names = |types: &[ValType]| types.iter().map(ToString::to_string).collect();
        Self {
            params: names(function.params()),
            results: names(function.results()),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_words = |names: &[String]| match names {
            [] => "void".to_owned(),
            names => names.join(" "),
        };
        write!(
            out,
            "{} -> {}",
            in_words(&self.params),
            in_words(&self.results)
        )
    }
}

/// An import.
pub(super) struct Import {
    pub(super) module: String,
    pub(super) name: String,
    /// What it takes and returns, if it is a function.
    pub(super) function: Option<Function>,
}

/// What stands in a module.
#[derive(Default)]
pub(super) struct Read {
    pub(super) imports: Vec<Import>,
    /// Exported functions by name.
    pub(super) exports: BTreeMap<String, Function>,
    /// Bytes of the exported memory at the beginning.
    pub(super) memory_bytes: Option<u64>,
}

/// Reads a binary module.
///
/// # Errors
///
/// When it is not valid.
pub(super) fn read(binary: &[u8]) -> Result<Read, String> {
    let valid = Validator::new().validate_all(binary);
    valid.map_err(|error| format!("no valid module: {error}"))?;
    walk(binary).map_err(|error| error.to_string())
}

fn walk(binary: &[u8]) -> Result<Read, wasmparser::BinaryReaderError> {
    let mut read = Read::default();
    let mut types: Vec<Option<Function>> = Vec::new();
    let mut functions: Vec<Option<Function>> = Vec::new();
    let mut memories: Vec<u64> = Vec::new();
    let bytes = |memory: &wasmparser::MemoryType| memory.initial.saturating_mul(PAGE_BYTES);
    let of_type = |types: &[Option<Function>], index: u32| {
        usize::try_from(index)
            .ok()
            .and_then(|index| types.get(index).cloned().flatten())
    };
    for payload in Parser::new(0).parse_all(binary) {
        match payload? {
            Payload::TypeSection(section) => {
                for group in section {
                    types.extend(group?.into_types().map(|ty| match ty.composite_type.inner {
                        CompositeInnerType::Func(function) => Some(Function::of(&function)),
                        _ => None,
                    }));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let function = match import.ty {
                        TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                            functions.push(of_type(&types, index));
                            of_type(&types, index)
                        }
                        TypeRef::Memory(memory) => {
                            memories.push(bytes(&memory));
                            None
                        }
                        _ => None,
                    };
                    let (module, name) = (import.module.to_owned(), import.name.to_owned());
                    read.imports.push(Import {
                        module,
                        name,
                        function,
                    });
                }
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    functions.push(of_type(&types, index?));
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    memories.push(bytes(&memory?));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let index = usize::try_from(export.index).unwrap_or(usize::MAX);
                    match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => {
                            if let Some(function) = functions.get(index).cloned().flatten() {
                                read.exports.insert(export.name.to_owned(), function);
                            }
                        }
                        ExternalKind::Memory => read.memory_bytes = memories.get(index).copied(),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(read)
}

const PAGE_BYTES: u64 = 65_536;
