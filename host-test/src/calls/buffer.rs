//! Buffers: bodies, bytes of connections, configurations.

use wasmtime::{Caller, Linker};

use super::call::{At, Call, Refusal, host_call};
use crate::abi::{AbiVersion, BufferType, HostCall, Status};
use crate::guest::{Kind, State};
use crate::shared::lock;

/// Adds `proxy_get_buffer_bytes`, `proxy_get_buffer_status` and `proxy_set_buffer_bytes`; for the
/// oldest modules `proxy_get_configuration` too.
pub(crate) fn add_to_linker(linker: &mut Linker<State>, abi: AbiVersion) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::GetBufferBytes.name(), get_bytes)?;
    linker.func_wrap("env", HostCall::GetBufferStatus.name(), get_status)?;
    linker.func_wrap("env", HostCall::SetBufferBytes.name(), set_bytes)?;
    if abi == AbiVersion::V0_1_0 {
        linker.func_wrap("env", HostCall::GetConfiguration.name(), get_configuration)?;
    }
    Ok(())
}

fn get_bytes(
    caller: Caller<'_, State>,
    kind: u32,
    start: u32,
    length: u32,
    bytes_at: u32,
    len_at: u32,
) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GetBufferBytes, None, |call| {
        call.note_number("buffer", kind);
        call.note_number("start", start);
        call.note_number("length", length);
        let (start, length) = (place(start), place(length));
        let part = with_buffer(call, kind, |buffer| {
            let end = start.saturating_add(length).min(buffer.len());
            buffer.get(start..end).unwrap_or_default().to_vec()
        })?;
        call.return_bytes(bytes_at, len_at, &part)
    })
}

fn get_status(
    caller: Caller<'_, State>,
    kind: u32,
    len_at: u32,
    flags_at: u32,
) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GetBufferStatus, None, |call| {
        call.note_number("buffer", kind);
        let len = with_buffer(call, kind, |buffer| buffer.len())?;
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        call.write_u32("length", len_at, len)?;
        call.write_u32("flags", flags_at, 0)
    })
}

fn set_bytes(
    caller: Caller<'_, State>,
    kind: u32,
    start: u32,
    length: u32,
    bytes: u32,
    len: u32,
) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::SetBufferBytes, None, |call| {
        call.note_number("buffer", kind);
        call.note_number("start", start);
        call.note_number("length", length);
        // Whether there is such a buffer decides before the pointer does.
        with_buffer(call, kind, |_| ())?;
        let bytes = call.read("bytes", At(bytes, len))?;
        let (start, length) = (place(start), place(length));
        let changed = with_mutable(call, kind, |buffer| replace(buffer, start, length, &bytes));
        changed.flatten().ok_or_else(|| Status::BadArgument.into())
    })
}

fn get_configuration(
    caller: Caller<'_, State>,
    bytes_at: u32,
    len_at: u32,
) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GetConfiguration, None, |call| {
        let state = call.state();
        let bytes = match &state.configuring {
            Some(plugin) => plugin.configuration.clone(),
            None => state.config.configuration.clone(),
        };
        call.return_bytes(bytes_at, len_at, &bytes)
    })
}

/// Puts `bytes` in place of `length` bytes from `start` on; only the beginning, all of it, or what
/// follows its end can be replaced.
fn replace(buffer: &mut Vec<u8>, start: usize, length: usize, bytes: &[u8]) -> Option<()> {
    if start == 0 {
        let end = length.min(buffer.len());
        buffer.splice(..end, bytes.iter().copied());
    } else if start >= buffer.len() {
        buffer.extend_from_slice(bytes);
    } else {
        return None;
    }
    Some(())
}

/// Reads a buffer. One that a context does not see now is empty.
fn with_buffer<T>(
    call: &mut Call<'_>,
    kind: u32,
    read: impl FnOnce(&[u8]) -> T,
) -> Result<T, Refusal> {
    let kind = BufferType::from_code(kind).ok_or(Status::BadArgument)?;
    let state = call.state();
    let Some((id, context)) = state.context() else {
        return Err(Status::NotFound.into());
    };
    let shown = match kind {
        BufferType::CallData if !state.callouts.has_call_data() => context.last_buffer,
        kind => Some(kind),
    };
    let Some(shown) = shown else {
        return Ok(read(&[]));
    };
    let delivered = state
        .root()
        .and_then(|(root, _)| state.callouts.buffer(root, shown));
    let value = match (shown, &context.kind) {
        _ if delivered.is_some() => read(delivered.unwrap_or_default()),
        (BufferType::VmConfiguration, _) => read(&state.config.configuration),
        (BufferType::PluginConfiguration, _) => match &state.configuring {
            Some(plugin) => read(&plugin.configuration),
            None => return Err(Status::NotFound.into()),
        },
        (BufferType::HttpCallResponseBody, _) => return Err(Status::NotFound.into()),
        (shown, Kind::Network(place)) => {
            let mut connection = lock(&place.connection);
            let bytes = match shown {
                BufferType::DownstreamData => connection.downstream_data(place.index),
                BufferType::UpstreamData => connection.upstream_data(place.index),
                _ => None,
            };
            read(bytes.map_or(&[][..], |bytes| bytes))
        }
        (shown, Kind::Http(place)) => {
            let mut stream = lock(&place.stream);
            let bytes = match shown {
                BufferType::HttpRequestBody => stream.request_body(place.index),
                BufferType::HttpResponseBody => stream.response_body(place.index),
                _ => None,
            };
            read(bytes.map_or(&[][..], |bytes| bytes))
        }
        (_, Kind::Root) => read(&[]),
    };
    if let Some(context) = state.contexts.get_mut(&id) {
        context.last_buffer = Some(shown);
    }
    Ok(value)
}

/// Changes a buffer, if it is one of a connection or a stream that the context sees now.
fn with_mutable<T>(
    call: &mut Call<'_>,
    kind: u32,
    change: impl FnOnce(&mut Vec<u8>) -> T,
) -> Option<T> {
    let kind = BufferType::from_code(kind)?;
    let (_, context) = call.state().context()?;
    match &context.kind {
        Kind::Root => None,
        Kind::Network(place) => {
            let mut connection = lock(&place.connection);
            let bytes = match kind {
                BufferType::DownstreamData => connection.downstream_data(place.index),
                BufferType::UpstreamData => connection.upstream_data(place.index),
                _ => None,
            };
            bytes.map(change)
        }
        Kind::Http(place) => {
            let mut stream = lock(&place.stream);
            let bytes = match kind {
                BufferType::HttpRequestBody => stream.request_body(place.index),
                BufferType::HttpResponseBody => stream.response_body(place.index),
                _ => None,
            };
            bytes.map(change)
        }
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::replace;

    /// The steps of a guest and what Envoy 1.40.0 made of them.
    #[test]
    fn only_the_beginning_and_the_end_can_be_replaced() {
        let mut buffer = b"hello".to_vec();
        for (start, length, bytes, wanted) in [
            (0, 0, "<", Some("<hello")),
            (6, 0, ">", Some("<hello>")),
            (900, 5, "!", Some("<hello>!")),
            (0, 2, "x", Some("xello>!")),
            (2, 1, "y", None),
            (6, 1, "y", None),
            (0, usize::MAX, "all", Some("all")),
            (0, 3, "", Some("")),
            (0, 0, "new", Some("new")),
        ] {
            let before = buffer.clone();
            let done = replace(&mut buffer, start, length, bytes.as_bytes());
            assert_eq!(done.is_some(), wanted.is_some(), "{start} {length}");
            assert_eq!(buffer, wanted.map_or(before, |wanted| wanted.into()));
        }
    }
}
