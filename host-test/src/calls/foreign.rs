//! Foreign functions: those that Envoy 1.40.0 registers, by name.

mod compression;
mod signature;
mod state;

use wasmtime::{Caller, Linker};

use super::call::{At, Call, Refusal, host_call};
use crate::abi::{HostCall, Status};
use crate::guest::State;

/// Adds `proxy_call_foreign_function`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::CallForeignFunction.name(), call_function)?;
    Ok(())
}

/// Where no place is given for the result, nobody wants it. It is written even if there is none.
fn call_function(
    caller: Caller<'_, State>,
    name: u32,
    name_len: u32,
    arguments: u32,
    arguments_len: u32,
    result_at: u32,
    len_at: u32,
) -> wasmtime::Result<u32> {
    let name = At(name, name_len);
    host_call(caller, HostCall::CallForeignFunction, Some(name), |call| {
        let name = call.read("function", name)?;
        let arguments = call.read("arguments", At(arguments, arguments_len))?;
        let function = find(&name).ok_or(Status::NotFound)?;
        let outcome = function(call, &arguments);
        let result = match &outcome {
            Ok(result) => &result[..],
            Err(Refusal::Code(_)) => &[],
            Err(Refusal::Trap(_)) => return outcome.map(drop),
        };
        if result_at != 0 {
            // Envoy itself dies where the allocator has nothing.
            let (pointer, len) = call.place(result)?;
            call.write(result_at, &pointer.to_le_bytes())?;
            if len_at != 0 {
                call.write(len_at, &len.to_le_bytes())?;
            }
        } else if len_at != 0 {
            let len = u32::try_from(result.len()).unwrap_or(u32::MAX);
            call.write(len_at, &len.to_le_bytes())?;
        }
        outcome.map(drop)
    })
}

/// A function: what it returns to its arguments.
type Function = fn(&mut Call<'_>, &[u8]) -> Result<Vec<u8>, Refusal>;

fn find(name: &[u8]) -> Option<Function> {
    Some(match name {
        b"clear_route_cache" => state::clear_route_cache,
        b"compress" => compression::compress,
        b"declare_property" => state::declare_property,
        b"set_envoy_filter_state" => state::set_envoy_filter_state,
        b"sign" => signature::sign,
        b"uncompress" => compression::uncompress,
        b"verify_signature" => signature::verify,
        _ => return None,
    })
}
