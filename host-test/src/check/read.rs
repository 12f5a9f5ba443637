//! Imports, exports and memory of a binary module.

use std::collections::BTreeMap;
use std::fmt;

use wasmparser::{
    BinaryReaderError, CompositeInnerType, ExportSectionReader, ExternalKind, FuncType,
    ImportSectionReader, MemoryType, Parser, Payload, TypeRef, TypeSectionReader, ValType,
    Validator,
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

fn walk(binary: &[u8]) -> Result<Read, BinaryReaderError> {
    let mut walk = Walk::default();
    for payload in Parser::new(0).parse_all(binary) {
        match payload? {
            Payload::TypeSection(section) => walk.types(section)?,
            Payload::ImportSection(section) => walk.imports(section)?,
            Payload::FunctionSection(section) => {
                for index in section {
                    walk.functions.push(walk.of_type(index?));
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    walk.memories.push(len_bytes(&memory?));
                }
            }
            Payload::ExportSection(section) => walk.exports(section)?,
            _ => {}
        }
    }
    Ok(walk.read)
}

/// What the sections before have said.
#[derive(Default)]
struct Walk {
    read: Read,
    types: Vec<Option<Function>>,
    functions: Vec<Option<Function>>,
    memories: Vec<u64>,
}

impl Walk {
    fn of_type(&self, index: u32) -> Option<Function> {
        self.types.get(usize::try_from(index).ok()?)?.clone()
    }

    fn types(&mut self, section: TypeSectionReader<'_>) -> Result<(), BinaryReaderError> {
        for group in section {
            let types = group?.into_types();
            self.types
                .extend(types.map(|ty| match ty.composite_type.inner {
                    CompositeInnerType::Func(function) => Some(Function::of(&function)),
                    _ => None,
                }));
        }
        Ok(())
    }

    fn imports(&mut self, section: ImportSectionReader<'_>) -> Result<(), BinaryReaderError> {
        for import in section.into_imports() {
            let import = import?;
            let function = match import.ty {
                TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                    self.functions.push(self.of_type(index));
                    self.of_type(index)
                }
                TypeRef::Memory(memory) => {
                    self.memories.push(len_bytes(&memory));
                    None
                }
                _ => None,
            };
            let (module, name) = (import.module.to_owned(), import.name.to_owned());
            self.read.imports.push(Import {
                module,
                name,
                function,
            });
        }
        Ok(())
    }

    fn exports(&mut self, section: ExportSectionReader<'_>) -> Result<(), BinaryReaderError> {
        for export in section {
            let export = export?;
            let index = usize::try_from(export.index).unwrap_or(usize::MAX);
            match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    if let Some(function) = self.functions.get(index).cloned().flatten() {
                        self.read.exports.insert(export.name.to_owned(), function);
                    }
                }
                ExternalKind::Memory => self.read.memory_bytes = self.memories.get(index).copied(),
                _ => {}
            }
        }
        Ok(())
    }
}

fn len_bytes(memory: &MemoryType) -> u64 {
    memory.initial.saturating_mul(PAGE_BYTES)
}

const PAGE_BYTES: u64 = 65_536;
