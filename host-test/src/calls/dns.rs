//! Envoy's own call beside the ABI: looking up names.

use wasmtime::{Caller, Linker};

use super::call::{At, host_call};
use crate::abi::HostCall;
use crate::callout::CallRequest;
use crate::guest::State;

/// Adds `envoy_resolve_dns`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::ResolveDns.name(), resolve)?;
    Ok(())
}

/// The answer comes as `envoy_on_resolve_dns`.
fn resolve(
    caller: Caller<'_, State>,
    name: u32,
    name_len: u32,
    token_at: u32,
) -> wasmtime::Result<u32> {
    let name = At(name, name_len);
    host_call(caller, HostCall::ResolveDns, Some(name), |call| {
        let name = call.read("name", name)?;
        // Nothing is looked up for a guest that does not learn its token.
        call.write(token_at, &0_u32.to_le_bytes())?;
        let request = CallRequest::Dns {
            name: String::from_utf8_lossy(&name).into_owned(),
        };
        let token = call.state().call_out(request, 0)?;
        call.write_u32("token", token_at, token)
    })
}
