//! Contexts: which one calls act on, and when one has ended.

use wasmtime::{Caller, Linker};

use super::call::host_call;
use crate::abi::{HostCall, Status};
use crate::guest::{Deferred, State};

/// Adds `proxy_set_effective_context` and `proxy_done`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::SetEffectiveContext.name(), set_effective)?;
    linker.func_wrap("env", HostCall::Done.name(), done)?;
    Ok(())
}

/// Until the callback returns. Number 0 is the context of the VM itself, which always exists.
fn set_effective(caller: Caller<'_, State>, id: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::SetEffectiveContext, None, |call| {
        call.note_number("context", id);
        let state = call.state();
        if id != 0 && !state.contexts.contains_key(&id) {
            return Err(Status::BadArgument.into());
        }
        state.effective = id;
        Ok(())
    })
}

/// Only a root that has answered `on_done` with false can be done.
fn done(caller: Caller<'_, State>) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::Done, None, |call| {
        let state = call.state();
        let Some((id, _)) = state.context() else {
            return Err(Status::NotFound.into());
        };
        if !state.pending_done.remove(&id) {
            return Err(Status::NotFound.into());
        }
        state.pending_delete.insert(id);
        state.deferred.push_back(Deferred::FinishShutdown);
        Ok(())
    })
}
