//! What toolchains import beside the ABI and WASI.

use wasmtime::{Caller, Linker};

use super::call::{Refusal, host_call};
use crate::abi::HostCall;
use crate::guest::State;

/// Adds `pthread_equal` and `emscripten_notify_memory_growth`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::PthreadEqual.name(), pthread_equal)?;
    linker.func_wrap("env", HostCall::NotifyMemoryGrowth.name(), notify_growth)?;
    Ok(())
}

/// What it returns is no status: 1 if both are the same.
fn pthread_equal(caller: Caller<'_, State>, left: u32, right: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::PthreadEqual, None, |_| {
        Err(Refusal::Code(u32::from(left == right)))
    })
}

fn notify_growth(caller: Caller<'_, State>, _memory: u32) -> wasmtime::Result<()> {
    host_call(caller, HostCall::NotifyMemoryGrowth, None, |_| Ok(()))?;
    Ok(())
}
