//! The host functions, a file for each family of the ABI.
//!
//! Each is written as what Envoy does, in Envoy's order of checks, because the order decides which
//! status a guest sees. A refusal is a status for the guest; a trap is for the embedder.

mod buffer;
mod call;
mod clock;
mod context;
mod dns;
mod foreign;
mod grpc;
mod header;
mod http_call;
mod local_reply;
mod log;
mod metric;
mod property;
mod queue;
mod runtime;
mod shared_data;
mod stream;
mod timer;
mod wasi;
mod wire;

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
    http_call::add_to_linker(linker)?;
    grpc::add_to_linker(linker)?;
    foreign::add_to_linker(linker)?;
    dns::add_to_linker(linker)?;
    context::add_to_linker(linker)?;
    wasi::add_to_linker(linker)?;
    runtime::add_to_linker(linker)?;
    buffer::add_to_linker(linker, abi)?;
    header::add_to_linker(linker)?;
    property::add_to_linker(linker)?;
    local_reply::add_to_linker(linker)?;
    stream::add_to_linker(linker, abi)?;
    Ok(())
}

#[cfg(test)]
mod tests;
