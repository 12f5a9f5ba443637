//! The host functions, a file for each family of the ABI.
//!
//! Each is written as what Envoy does, in Envoy's order of checks, because the order decides which
//! status a guest sees. A refusal is a status for the guest; a trap is for the embedder.

mod call;
mod clock;
mod context;
mod log;
mod metric;
mod queue;
mod runtime;
mod shared_data;
mod timer;
mod wasi;

pub(crate) use call::{At, Call, Refusal, host_call};

use crate::abi::AbiVersion;
use crate::guest::State;

/// Everything that a module of ABI `abi` can import.
pub(crate) fn add_to_linker(
    linker: &mut wasmtime::Linker<State>,
    abi: AbiVersion,
) -> wasmtime::Result<()> {
    log::add_to_linker(linker, abi)?;
    clock::add_to_linker(linker)?;
    timer::add_to_linker(linker)?;
    shared_data::add_to_linker(linker)?;
    metric::add_to_linker(linker)?;
    queue::add_to_linker(linker)?;
    context::add_to_linker(linker)?;
    wasi::add_to_linker(linker)?;
    runtime::add_to_linker(linker)?;
    Ok(())
}

#[cfg(test)]
mod tests;
