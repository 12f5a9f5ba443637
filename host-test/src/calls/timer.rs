//! Ticks.

use wasmtime::{Caller, Linker};

use super::call::host_call;
use crate::abi::HostCall;
use crate::guest::{State, Timer};

/// Adds `proxy_set_tick_period_milliseconds`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::SetTickPeriod.name(), set_tick_period)?;
    Ok(())
}

/// The timer belongs to the root of the present context; 0 switches it off.
fn set_tick_period(caller: Caller<'_, State>, period_millis: u32) -> wasmtime::Result<u32> {
    const NANOS_PER_MILLI: u64 = 1_000_000;
    host_call(caller, HostCall::SetTickPeriod, None, |call| {
        call.note_number("period_millis", period_millis);
        let state = call.state();
        let Some((root, _)) = state.root() else {
            return Ok(());
        };
        if period_millis == 0 {
            state.timers.remove(&root);
            return Ok(());
        }
        let period_nanos = u64::from(period_millis) * NANOS_PER_MILLI;
        let now = state.shared.clock.monotonic_nanos();
        let timer = Timer {
            period_nanos,
            due_nanos: now.saturating_add(period_nanos),
        };
        state.timers.insert(root, timer);
        Ok(())
    })
}
