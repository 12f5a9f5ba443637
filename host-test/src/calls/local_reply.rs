//! Answers that a plugin gives itself.

use wasmtime::{Caller, Linker};

use super::call::{At, host_call};
use crate::abi::{HostCall, decode_pairs};
use crate::guest::{Deferred, Kind, State};
use crate::http::LocalReply;

/// Adds `proxy_send_local_response`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::SendLocalResponse.name(), send)?;
    Ok(())
}

#[expect(
    clippy::too_many_arguments,
    reason = "as many as the call of the ABI has"
)]
fn send(
    caller: Caller<'_, State>,
    code: u32,
    details: u32,
    details_len: u32,
    body: u32,
    body_len: u32,
    headers: u32,
    headers_len: u32,
    grpc_status: u32,
) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::SendLocalResponse, None, |call| {
        call.note_number("code", code);
        let details = call.read("details", At(details, details_len))?;
        let body = call.read("body", At(body, body_len))?;
        let headers = call.read("headers", At(headers, headers_len))?;
        call.note_number("grpc_status", grpc_status);
        let state = call.state();
        state.is_iteration_stopped = true;
        let Some((context, Kind::Http(_))) = state.context().map(|(id, found)| (id, &found.kind))
        else {
            return Ok(());
        };
        let reply = LocalReply {
            // Envoy's status has 16 bits.
            code: u16::try_from(code & 0xffff).unwrap_or_default(),
            body,
            headers: decode_pairs(&headers),
            grpc_status: (grpc_status <= GRPC_STATUS_MAX).then_some(grpc_status),
            details: without_spaces(&details),
        };
        state
            .deferred
            .push_back(Deferred::LocalReply { context, reply });
        Ok(())
    })
}

/// The greatest number that gRPC gives a meaning (`UNAUTHENTICATED`); others say nothing.
const GRPC_STATUS_MAX: u32 = 16;

fn without_spaces(details: &[u8]) -> String {
    let is_space = |c: char| c.is_ascii_whitespace() || c == '\u{b}';
    String::from_utf8_lossy(details).replace(is_space, "_")
}
