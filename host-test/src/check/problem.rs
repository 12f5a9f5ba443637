//! What can be wrong with a module; where Envoy refuses it, in Envoy's words.

use std::fmt;

use super::read::Function;
use crate::abi::AbiVersion;

/// Something that is wrong with a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is no module at all.
    NoModule(String),
    /// It names no version of the ABI.
    NoAbi,
    /// It imports what the host does not have.
    UnknownImport {
        /// Module and name.
        name: String,
        /// The version that the module names.
        abi: AbiVersion,
        /// The oldest version that has it.
        version: Option<AbiVersion>,
    },
    /// It imports something other than a function.
    ImportKind(String),
    /// It takes a host function for another one.
    ImportSignature {
        /// Module and name.
        name: String,
        /// What the module says.
        found: Function,
        /// What the host has.
        host: Function,
    },
    /// It imports what the rules do not allow.
    ImportNotAllowed(String),
    /// A callback is not what Envoy takes it for.
    CallbackSignature {
        /// The name.
        name: String,
        /// What Envoy takes it for.
        wanted: Function,
        /// What the module says.
        found: Function,
    },
    /// Nobody gives memory to the host.
    NoAllocator,
    /// It exports no memory.
    NoMemory,
    /// The file is too big.
    Size {
        /// Bytes of it.
        bytes: u64,
        /// The most.
        max: u64,
    },
    /// The memory is too big at the beginning.
    Memory {
        /// Bytes of it.
        bytes: u64,
        /// The most.
        max: u64,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoModule(reason) => {
                write!(out, "{reason}; Envoy: Failed to load Wasm code")
            }
            Self::NoAbi => {
                let [a, b, c] = AbiVersion::ALL.map(AbiVersion::export);
                write!(
                    out,
                    "none of the exports {a}, {b}, {c}; Envoy: Missing or unknown Proxy-Wasm ABI version"
                )
            }
            Self::UnknownImport { name, abi, version } => {
                match version {
                    Some(version) => {
                        write!(
                            out,
                            "{} has no import {name}, {} has",
                            abi.export(),
                            version.export()
                        )?;
                    }
                    None => write!(out, "no version of the ABI has an import {name}")?,
                }
                write!(
                    out,
                    "; Envoy: Failed to load Wasm module due to a missing import: {name}"
                )
            }
            Self::ImportKind(name) => write!(out, "the import {name} is no function"),
            Self::ImportSignature { name, found, host } => write!(
                out,
                "the import {name} is not what the host has; Envoy: Failed to load Wasm module due \
                 to an import type mismatch: {name}, want: {found}, but host exports: {host}"
            ),
            Self::ImportNotAllowed(name) => {
                write!(out, "the import {name} is not on the allow-list")
            }
            Self::CallbackSignature {
                name,
                wanted,
                found,
            } => write!(
                out,
                "the export {name} is not what the host calls; Envoy: Bad function signature for: \
                 {name}, want: {wanted}, but the module exports: {found}"
            ),
            Self::NoAllocator => out.write_str(
                "none of the exports proxy_on_memory_allocate, malloc; Envoy: Wasm module is \
                 missing malloc function.",
            ),
            Self::NoMemory => out.write_str("no export of a memory"),
            Self::Size { bytes, max } => write!(out, "{bytes} bytes, at most {max} are allowed"),
            Self::Memory { bytes, max } => {
                write!(
                    out,
                    "{bytes} bytes of memory at the beginning, at most {max} are allowed"
                )
            }
        }
    }
}
