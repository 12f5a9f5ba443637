//! Properties and filter state.

use wasmtime::{Caller, Linker};

use super::call::{At, host_call};
use crate::abi::{HostCall, Status};
use crate::connection::property::{Property, segments};
use crate::guest::{Kind, State};
use crate::shared::lock;

/// Adds `proxy_get_property` and `proxy_set_property`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::GetProperty.name(), get)?;
    linker.func_wrap("env", HostCall::SetProperty.name(), set)?;
    Ok(())
}

fn get(
    caller: Caller<'_, State>,
    path: u32,
    path_len: u32,
    value_at: u32,
    len_at: u32,
) -> wasmtime::Result<u32> {
    let path = At(path, path_len);
    host_call(caller, HostCall::GetProperty, Some(path), |call| {
        let path = call.read("path", path)?;
        if path.is_empty() {
            return Err(Status::SerializationFailure.into());
        }
        let value = find(call.state(), &segments(&path)).ok_or(Status::NotFound)?;
        let bytes = value
            .serialize()
            .map_err(|_| Status::SerializationFailure)?;
        call.return_bytes(value_at, len_at, &bytes)
    })
}

/// What a name stands for; that of a plugin before what filters have left under it.
fn find(state: &State, path: &[&[u8]]) -> Option<Property> {
    let (_, context) = state.context()?;
    let plugin = state.configuring.as_ref().unwrap_or(&context.plugin);
    match path {
        [b"plugin_name"] => return Some(Property::text(&plugin.name)),
        [b"plugin_root_id"] => return Some(Property::text(&plugin.root_id)),
        [b"plugin_vm_id"] => return Some(Property::text(&state.config.vm_id)),
        _ => {}
    }
    let found = match &context.kind {
        Kind::Root => None,
        Kind::Network(place) => lock(&place.connection).property(path),
        Kind::Http(place) => lock(&place.stream).property(place.index, path),
    };
    found.or_else(|| match path {
        [b"xds", b"node", rest @ ..] => state.node.property(rest),
        [b"xds"] => Some(Property::Opaque),
        _ => None,
    })
}

fn set(
    caller: Caller<'_, State>,
    name: u32,
    name_len: u32,
    value: u32,
    value_len: u32,
) -> wasmtime::Result<u32> {
    let name = At(name, name_len);
    host_call(caller, HostCall::SetProperty, Some(name), |call| {
        let name = call.read("name", name)?;
        let value = call.read("value", At(value, value_len))?;
        let key = [b"wasm.", &name[..]].concat();
        let state = call.state();
        let (_, context) = state.context().ok_or(Status::NotFound)?;
        let root = state.root();
        let prototype = root.and_then(|(_, root)| root.declared.get(&name).copied());
        let prototype = prototype.unwrap_or_default();
        let written = match &context.kind {
            Kind::Root => return Err(Status::NotFound.into()),
            Kind::Network(place) => {
                lock(&place.connection).set_filter_state(&key, &value, prototype)
            }
            Kind::Http(place) => lock(&place.stream).set_filter_state(&key, &value, prototype),
        };
        written.map_err(|_| Status::BadArgument.into())
    })
}
