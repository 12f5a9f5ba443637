//! gRPC calls and streams of guests. See [`crate::callout`] for what becomes of them.

use wasmtime::{Caller, Linker};

use super::call::{At, Call, Refusal, host_call};
use super::http_call::trailers;
use super::wire;
use crate::abi::{HostCall, Pairs, Status};
use crate::callout::{CallKind, CallRequest};
use crate::guest::{State, TrapReason};

/// Adds `proxy_grpc_call`, `proxy_grpc_stream`, `proxy_grpc_send`, `proxy_grpc_cancel`,
/// `proxy_grpc_close` and `proxy_get_status`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::GrpcCall.name(), grpc_call)?;
    linker.func_wrap("env", HostCall::GrpcStream.name(), grpc_stream)?;
    linker.func_wrap("env", HostCall::GrpcSend.name(), send)?;
    linker.func_wrap("env", HostCall::GrpcCancel.name(), cancel)?;
    linker.func_wrap("env", HostCall::GrpcClose.name(), close)?;
    linker.func_wrap("env", HostCall::GetStatus.name(), get_status)?;
    Ok(())
}

/// The call is made even if its token cannot be written.
#[expect(clippy::too_many_arguments, reason = "the ABI has as many")]
fn grpc_call(
    caller: Caller<'_, State>,
    target: u32,
    target_len: u32,
    service: u32,
    service_len: u32,
    method: u32,
    method_len: u32,
    metadata: u32,
    metadata_len: u32,
    message: u32,
    message_len: u32,
    timeout_millis: u32,
    token_at: u32,
) -> wasmtime::Result<u32> {
    let target = At(target, target_len);
    host_call(caller, HostCall::GrpcCall, Some(target), |call| {
        let target = call.read("target", target)?;
        let (service, method) = (At(service, service_len), At(method, method_len));
        let method = read_method(call, service, method, At(metadata, metadata_len))?;
        let message = call.read("message", At(message, message_len))?;
        call.note_number("timeout_millis", timeout_millis);
        let cluster = find(call, &target, CallKind::GrpcCall)?;
        let request = CallRequest::GrpcCall {
            cluster,
            service: method.service,
            method: method.name,
            metadata: method.metadata,
            message,
        };
        let state = call.state();
        let token = state.call_out(request, timeout_millis)?;
        state.let_answer(CallKind::GrpcCall, token);
        call.write_u32("token", token_at, token)
    })
}

/// The stream is opened even if its token cannot be written.
#[expect(clippy::too_many_arguments, reason = "the ABI has as many")]
fn grpc_stream(
    caller: Caller<'_, State>,
    target: u32,
    target_len: u32,
    service: u32,
    service_len: u32,
    method: u32,
    method_len: u32,
    metadata: u32,
    metadata_len: u32,
    token_at: u32,
) -> wasmtime::Result<u32> {
    let target = At(target, target_len);
    host_call(caller, HostCall::GrpcStream, Some(target), |call| {
        let target = call.read("target", target)?;
        let (service, method) = (At(service, service_len), At(method, method_len));
        let method = read_method(call, service, method, At(metadata, metadata_len))?;
        let cluster = find(call, &target, CallKind::GrpcStream)?;
        let request = CallRequest::GrpcStream {
            cluster,
            service: method.service,
            method: method.name,
            metadata: method.metadata,
            messages: Vec::new(),
            is_ended: false,
        };
        let state = call.state();
        let token = state.call_out(request, 0)?;
        state.let_answer(CallKind::GrpcStream, token);
        call.write_u32("token", token_at, token)
    })
}

/// What is called, and what is said with it.
struct Method {
    service: String,
    name: String,
    metadata: Pairs,
}

fn read_method(
    call: &mut Call<'_>,
    service: At,
    method: At,
    metadata: At,
) -> Result<Method, Refusal> {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Method {
        service: text(call.read("service", service)?),
        name: text(call.read("method", method)?),
        metadata: trailers(&call.read("metadata", metadata)?),
    })
}

/// The cluster to call: its name, or an `envoy.config.core.v3.GrpcService` that names it. Envoy
/// tries the message first, and takes some names for one.
fn find(call: &mut Call<'_>, target: &[u8], kind: CallKind) -> Result<String, Refusal> {
    const ENVOY_GRPC: u32 = 1;
    const GOOGLE_GRPC: u32 = 2;
    const FIRST_TEXT: u32 = 1;
    let state = call.state();
    let Some(fields) = wire::fields(target) else {
        let cluster = state.cluster(target).ok_or(Status::ParseFailure)?;
        return Ok(cluster);
    };
    // Of a oneof the last one counts.
    let is_target = |field: &&wire::Field<'_>| matches!(field.number, ENVOY_GRPC | GOOGLE_GRPC);
    let Some(service) = fields.iter().rev().find(is_target) else {
        let why = "a gRPC service without a target; the name of a cluster can be taken for one";
        return Err(TrapReason::EndsEnvoy(why).into());
    };
    let inner = wire::fields(wire::bytes(&fields, service.number)).ok_or(Status::ParseFailure)?;
    let name = wire::text(&inner, FIRST_TEXT).ok_or(Status::ParseFailure)?;
    if service.number == GOOGLE_GRPC || state.shared.callouts.has_cluster(name) {
        return Ok(name.to_owned());
    }
    if let Some((root, _)) = state.root() {
        state
            .callouts
            .fail_at_once(root, kind, "Cluster not available");
    }
    Err(Status::InternalFailure.into())
}

fn send(
    caller: Caller<'_, State>,
    token: u32,
    message: u32,
    message_len: u32,
    is_end: u32,
) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GrpcSend, None, |call| {
        call.note_number("token", token);
        let message = call.read("message", At(message, message_len))?;
        call.note_number("is_end", is_end);
        if CallKind::of_grpc_token(token) != Some(CallKind::GrpcStream) {
            return Err(Status::BadArgument.into());
        }
        let state = call.state();
        let (root, _) = state.root().ok_or(Status::NotFound)?;
        state.callouts.send(root, token, message, is_end != 0)?;
        state.let_answer(CallKind::GrpcStream, token);
        Ok(())
    })
}

fn cancel(caller: Caller<'_, State>, token: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GrpcCancel, None, |call| {
        call.note_number("token", token);
        let kind = CallKind::of_grpc_token(token).ok_or(Status::BadArgument)?;
        let state = call.state();
        let (root, _) = state.root().ok_or(Status::NotFound)?;
        found(state.callouts.cancel(root, kind, token))
    })
}

/// Ends the guest's side of a stream; cancels a call.
fn close(caller: Caller<'_, State>, token: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GrpcClose, None, |call| {
        call.note_number("token", token);
        let kind = CallKind::of_grpc_token(token).ok_or(Status::BadArgument)?;
        let state = call.state();
        let (root, _) = state.root().ok_or(Status::NotFound)?;
        found(match kind {
            CallKind::GrpcStream => state.callouts.close_stream(root, token),
            kind => state.callouts.cancel(root, kind, token),
        })
    })
}

fn found(is_there: bool) -> Result<(), Refusal> {
    match is_there {
        true => Ok(()),
        false => Err(Status::NotFound.into()),
    }
}

/// The number stays until the next one, the words only while the guest hears of them.
fn get_status(
    caller: Caller<'_, State>,
    code_at: u32,
    words_at: u32,
    len_at: u32,
) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GetStatus, None, |call| {
        let state = call.state();
        let root = state.root().map_or(0, |(root, _)| root);
        let (code, words) = state.callouts.status(root);
        let words = words.to_owned();
        call.write_u32("code", code_at, code)?;
        call.return_bytes(words_at, len_at, words.as_bytes())
    })
}
