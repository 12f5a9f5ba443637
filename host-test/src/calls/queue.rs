//! Shared queues.

use wasmtime::{Caller, Linker};

use super::call::{At, host_call};
use crate::abi::{HostCall, Status};
use crate::guest::State;
use crate::shared::QueueReady;

/// Adds `proxy_register_shared_queue`, `proxy_resolve_shared_queue`, `proxy_enqueue_shared_queue`
/// and `proxy_dequeue_shared_queue`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::RegisterSharedQueue.name(), register)?;
    linker.func_wrap("env", HostCall::ResolveSharedQueue.name(), resolve)?;
    linker.func_wrap("env", HostCall::EnqueueSharedQueue.name(), enqueue)?;
    linker.func_wrap("env", HostCall::DequeueSharedQueue.name(), dequeue)?;
    Ok(())
}

/// The queue is there even if its token cannot be written. Whoever registers last is called back.
fn register(
    caller: Caller<'_, State>,
    name: u32,
    name_len: u32,
    token_at: u32,
) -> wasmtime::Result<u32> {
    let name = At(name, name_len);
    host_call(caller, HostCall::RegisterSharedQueue, Some(name), |call| {
        let name = call.read("name", name)?;
        let state = call.state();
        let registrar = QueueReady {
            thread: state.thread,
            vm: state.vm,
            context: state.root().map_or(0, |(root, _)| root),
            token: 0,
        };
        let queues = &state.shared.queues;
        let token = queues.register(&state.config.vm_id, &name, registrar)?;
        call.write_u32("token", token_at, token)
    })
}

/// An empty `vm_id` is that of the guest itself.
fn resolve(
    caller: Caller<'_, State>,
    vm_id: u32,
    vm_id_len: u32,
    name: u32,
    name_len: u32,
    token_at: u32,
) -> wasmtime::Result<u32> {
    let (vm_id, name) = (At(vm_id, vm_id_len), At(name, name_len));
    host_call(caller, HostCall::ResolveSharedQueue, Some(name), |call| {
        let vm_id = call.read("vm_id", vm_id)?;
        let name = call.read("name", name)?;
        let state = call.state();
        let vm_id = match &vm_id[..] {
            [] => Some(&state.config.vm_id[..]),
            // Configurations hold text: bytes that are none name no VM.
            given => str::from_utf8(given).ok(),
        };
        let token = vm_id.and_then(|vm_id| state.shared.queues.resolve(vm_id, &name));
        let token = token.ok_or(Status::NotFound)?;
        call.write_u32("token", token_at, token)
    })
}

fn enqueue(
    caller: Caller<'_, State>,
    token: u32,
    value: u32,
    value_len: u32,
) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::EnqueueSharedQueue, None, |call| {
        call.note_number("token", token);
        let value = call.read("value", At(value, value_len))?;
        match call.state().shared.queues.enqueue(token, &value) {
            Status::Ok => Ok(()),
            status => Err(status.into()),
        }
    })
}

/// What cannot be written to the guest is lost.
fn dequeue(
    caller: Caller<'_, State>,
    token: u32,
    value_at: u32,
    len_at: u32,
) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::DequeueSharedQueue, None, |call| {
        call.note_number("token", token);
        let value = call.state().shared.queues.dequeue(token)?;
        call.return_bytes(value_at, len_at, &value)
    })
}
