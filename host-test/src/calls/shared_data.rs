//! Shared data.

use wasmtime::{Caller, Linker};

use super::call::{At, Refusal, host_call};
use crate::abi::{HostCall, Status};
use crate::guest::{State, memory};
use crate::trace::Value;

/// Adds `proxy_get_shared_data` and `proxy_set_shared_data`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::GetSharedData.name(), get)?;
    linker.func_wrap("env", HostCall::SetSharedData.name(), set)?;
    Ok(())
}

fn get(
    caller: Caller<'_, State>,
    key: u32,
    key_len: u32,
    value_at: u32,
    len_at: u32,
    cas_at: u32,
) -> wasmtime::Result<u32> {
    let key = At(key, key_len);
    host_call(caller, HostCall::GetSharedData, Some(key), |call| {
        let key = call.read("key", key)?;
        let state = call.state();
        let value = state.shared.data.get(&state.config.vm_id, &key);
        let value = value.ok_or(Status::NotFound)?;
        call.return_bytes(value_at, len_at, &value.bytes)?;
        call.write_u32("cas", cas_at, value.cas)
    })
}

fn set(
    caller: Caller<'_, State>,
    key: u32,
    key_len: u32,
    value: u32,
    value_len: u32,
    cas: u32,
) -> wasmtime::Result<u32> {
    host_call(
        caller,
        HostCall::SetSharedData,
        Some(At(key, key_len)),
        |call| {
            let (memory, state) = call.split()?;
            let key = memory::read(memory, key, key_len)?;
            let value = memory::read(memory, value, value_len)?;
            let status = state.shared.data.set(&state.config.vm_id, key, value, cas);
            let len = (key.len() + value.len()) as u64;
            if state.shared.trace.is_on() {
                let (key, value) = (key.to_vec(), value.to_vec());
                call.note("key", Value::Bytes(key));
                call.note("value", Value::Bytes(value));
                call.note_number("cas", cas);
            }
            call.charge(len).map_err(Refusal::Trap)?;
            match status {
                Status::Ok => Ok(()),
                status => Err(status.into()),
            }
        },
    )
}
