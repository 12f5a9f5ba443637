//! Streams and connections go on, or are closed, after the guest has returned.

use wasmtime::{Caller, Linker};

use super::call::{Call, Refusal, host_call};
use crate::abi::{AbiVersion, HostCall, Status, StreamType};
use crate::guest::{Deferred, Kind, State};
use crate::shared::lock;

/// Adds `proxy_continue_stream` and `proxy_close_stream`, or what the oldest modules have for
/// them.
pub(crate) fn add_to_linker(linker: &mut Linker<State>, abi: AbiVersion) -> wasmtime::Result<()> {
    if abi == AbiVersion::V0_1_0 {
        linker.func_wrap("env", HostCall::ContinueRequest.name(), continue_request)?;
        linker.func_wrap("env", HostCall::ContinueResponse.name(), continue_response)?;
        linker.func_wrap("env", HostCall::ClearRouteCache.name(), clear_route_cache)?;
    } else {
        linker.func_wrap("env", HostCall::ContinueStream.name(), continue_stream)?;
        linker.func_wrap("env", HostCall::CloseStream.name(), close_stream)?;
    }
    Ok(())
}

fn continue_stream(caller: Caller<'_, State>, stream: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::ContinueStream, None, |call| {
        let stream = find(call, stream)?;
        go_on(call, stream)
    })
}

fn continue_request(caller: Caller<'_, State>) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::ContinueRequest, None, |call| {
        go_on(call, StreamType::Request)
    })
}

fn continue_response(caller: Caller<'_, State>) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::ContinueResponse, None, |call| {
        go_on(call, StreamType::Response)
    })
}

fn clear_route_cache(caller: Caller<'_, State>) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::ClearRouteCache, None, |call| {
        call.state().clear_route_cache();
        Ok(())
    })
}

impl State {
    /// Lets the stream of the present context find its route again, if it is one.
    pub(super) fn clear_route_cache(&self) {
        if let Some((_, context)) = self.context()
            && let Kind::Http(place) = &context.kind
        {
            lock(&place.stream).forget_route();
        }
    }
}

/// Of a context that has no such stream nothing goes on, and that is no mistake.
fn go_on(call: &mut Call<'_>, stream: StreamType) -> Result<(), Refusal> {
    if stream == StreamType::Upstream {
        return Err(Status::Unimplemented.into());
    }
    let state = call.state();
    let Some((id, context)) = state.context() else {
        return Ok(());
    };
    let is_of_stream = matches!(stream, StreamType::Request | StreamType::Response);
    match &context.kind {
        Kind::Http(place) if is_of_stream => lock(&place.stream).hide_request(place.index),
        Kind::Network(_) if !is_of_stream => {}
        _ => return Ok(()),
    }
    let context = id;
    state
        .deferred
        .push_back(Deferred::Continue { context, stream });
    Ok(())
}

fn close_stream(caller: Caller<'_, State>, stream: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::CloseStream, None, |call| {
        let stream = find(call, stream)?;
        let state = call.state();
        let Some((id, context)) = state.context() else {
            return Ok(());
        };
        let is_of_stream = matches!(stream, StreamType::Request | StreamType::Response);
        match &context.kind {
            Kind::Http(place) if is_of_stream => {
                let mut stream = lock(&place.stream);
                let details = &mut stream.response_code_details;
                details.get_or_insert_with(|| "wasm_close_stream".to_owned());
            }
            Kind::Network(_) if !is_of_stream => {}
            _ => return Ok(()),
        }
        let context = id;
        state
            .deferred
            .push_back(Deferred::Close { context, stream });
        Ok(())
    })
}

fn find(call: &mut Call<'_>, stream: u32) -> Result<StreamType, Refusal> {
    call.note_number("stream", stream);
    StreamType::from_code(stream).ok_or_else(|| Status::BadArgument.into())
}
