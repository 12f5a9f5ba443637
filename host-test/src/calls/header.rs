//! Header maps of streams.

use wasmtime::{Caller, Linker};

use super::call::{At, Call, Refusal, host_call};
use crate::abi::{AbiVersion, HeaderMapType, HostCall, Status, decode_pairs, encode_pairs};
use crate::guest::{Kind, State};
use crate::http::{HeaderMap, Invisible};
use crate::shared::lock;

/// Adds the seven `proxy_*_header_map_*`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::GetHeaderMapValue.name(), get)?;
    linker.func_wrap("env", HostCall::AddHeaderMapValue.name(), add)?;
    linker.func_wrap("env", HostCall::ReplaceHeaderMapValue.name(), replace)?;
    linker.func_wrap("env", HostCall::RemoveHeaderMapValue.name(), remove)?;
    linker.func_wrap("env", HostCall::GetHeaderMapPairs.name(), get_pairs)?;
    linker.func_wrap("env", HostCall::SetHeaderMapPairs.name(), set_pairs)?;
    linker.func_wrap("env", HostCall::GetHeaderMapSize.name(), get_size)?;
    Ok(())
}

fn get(
    caller: Caller<'_, State>,
    map: u32,
    name: u32,
    name_len: u32,
    value_at: u32,
    len_at: u32,
) -> wasmtime::Result<u32> {
    let name = At(name, name_len);
    host_call(caller, HostCall::GetHeaderMapValue, Some(name), |call| {
        let map = find(call, map)?;
        let name = call.read("name", name)?;
        let value = readable(call, map, |headers| {
            headers.and_then(|headers| Some(headers.get(&name)?.to_vec()))
        });
        let value = match value {
            Err(Invisible) => return Err(Status::BadArgument.into()),
            Ok(Some(value)) => value,
            Ok(None) if call.state().abi == AbiVersion::V0_1_0 => Vec::new(),
            Ok(None) => return Err(Status::NotFound.into()),
        };
        call.return_bytes(value_at, len_at, &value)
    })
}

fn add(
    caller: Caller<'_, State>,
    map: u32,
    name: u32,
    name_len: u32,
    value: u32,
    value_len: u32,
) -> wasmtime::Result<u32> {
    let (name, value) = (At(name, name_len), At(value, value_len));
    host_call(caller, HostCall::AddHeaderMapValue, Some(name), |call| {
        let (map, name, value) = arguments(call, map, name, value)?;
        change(call, map, |headers| headers.add(&name, &value))
    })
}

fn replace(
    caller: Caller<'_, State>,
    map: u32,
    name: u32,
    name_len: u32,
    value: u32,
    value_len: u32,
) -> wasmtime::Result<u32> {
    let (name, value) = (At(name, name_len), At(value, value_len));
    host_call(
        caller,
        HostCall::ReplaceHeaderMapValue,
        Some(name),
        |call| {
            let (map, name, value) = arguments(call, map, name, value)?;
            change(call, map, |headers| headers.replace(&name, &value))
        },
    )
}

fn remove(caller: Caller<'_, State>, map: u32, name: u32, name_len: u32) -> wasmtime::Result<u32> {
    let name = At(name, name_len);
    host_call(caller, HostCall::RemoveHeaderMapValue, Some(name), |call| {
        let map = find(call, map)?;
        let name = call.read("name", name)?;
        change(call, map, |headers| {
            headers.remove(&name);
        })
    })
}

/// A map that cannot be seen has no pairs.
fn get_pairs(
    caller: Caller<'_, State>,
    map: u32,
    pairs_at: u32,
    len_at: u32,
) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GetHeaderMapPairs, None, |call| {
        let map = find(call, map)?;
        let encoded = readable(call, map, |headers| {
            headers.map_or_else(Vec::new, |headers| encode_pairs(headers.pairs()))
        });
        call.return_bytes(pairs_at, len_at, &encoded.unwrap_or_default())
    })
}

fn set_pairs(caller: Caller<'_, State>, map: u32, pairs: u32, len: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::SetHeaderMapPairs, None, |call| {
        let map = find(call, map)?;
        let pairs = call.read("pairs", At(pairs, len))?;
        let pairs = decode_pairs(&pairs);
        change(call, map, |headers| {
            headers.clear();
            for (name, value) in &pairs {
                headers.add(name, value);
            }
        })
    })
}

fn get_size(caller: Caller<'_, State>, map: u32, size_at: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GetHeaderMapSize, None, |call| {
        let map = find(call, map)?;
        // Envoy asks for the map as if it were to be changed.
        let mut size = 0;
        writable(call, map, |headers| size = headers.byte_size())?;
        call.write_u32("size", size_at, u32::try_from(size).unwrap_or(u32::MAX))
    })
}

fn find(call: &mut Call<'_>, map: u32) -> Result<HeaderMapType, Refusal> {
    call.note_number("map", map);
    HeaderMapType::from_code(map).ok_or_else(|| Status::BadArgument.into())
}

fn arguments(
    call: &mut Call<'_>,
    map: u32,
    name: At,
    value: At,
) -> Result<(HeaderMapType, Vec<u8>, Vec<u8>), Refusal> {
    let map = find(call, map)?;
    let name = call.read("name", name)?;
    let value = call.read("value", value)?;
    Ok((map, name, value))
}

fn readable<T>(
    call: &mut Call<'_>,
    map: HeaderMapType,
    read: impl FnOnce(Option<&HeaderMap>) -> T,
) -> Result<T, Invisible> {
    let state = call.state();
    let delivered = state
        .root()
        .and_then(|(root, _)| state.callouts.map(root, map));
    if let Some(headers) = delivered {
        return Ok(read(Some(headers)));
    }
    match state.context() {
        Some((_, context)) => match &context.kind {
            Kind::Http(place) => lock(&place.stream).readable(place.index, map).map(read),
            Kind::Root | Kind::Network(_) => Err(Invisible),
        },
        None => Err(Invisible),
    }
}

/// Changes a map. A request whose headers have changed finds its route again, whichever they were
/// (measured on 1.36.4 to 1.40.0).
fn change(
    call: &mut Call<'_>,
    map: HeaderMapType,
    with: impl FnOnce(&mut HeaderMap),
) -> Result<(), Refusal> {
    writable(call, map, with)?;
    if map == HeaderMapType::RequestHeaders {
        call.state().clear_route_cache();
    }
    Ok(())
}

fn writable(
    call: &mut Call<'_>,
    map: HeaderMapType,
    with: impl FnOnce(&mut HeaderMap),
) -> Result<(), Refusal> {
    if let Some((_, context)) = call.state().context()
        && let Kind::Http(place) = &context.kind
        && let Some(headers) = lock(&place.stream).writable(place.index, map)
    {
        with(headers);
        return Ok(());
    }
    Err(Status::BadArgument.into())
}
