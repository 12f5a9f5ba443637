//! The clock.

use wasmtime::{Caller, Linker};

use super::call::host_call;
use crate::abi::HostCall;
use crate::guest::State;

/// Adds `proxy_get_current_time_nanoseconds`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::GetCurrentTime.name(), get_current_time)?;
    Ok(())
}

fn get_current_time(caller: Caller<'_, State>, time_at: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GetCurrentTime, None, |call| {
        let nanos = call.state().shared.clock.unix_nanos();
        call.write_u64("nanoseconds", time_at, nanos)
    })
}
