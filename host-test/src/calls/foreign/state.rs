//! Filter state, and routes.

use std::collections::btree_map::Entry;
use std::net::{IpAddr, SocketAddr};

use super::super::call::{Call, Refusal};
use super::super::wire;
use crate::abi::Status;
use crate::guest::Kind;
use crate::network::{LifeSpan, Prototype};
use crate::shared::lock;

/// Properties that one context may declare.
const DECLARED_MAX: usize = 10_000;

/// A name can be declared once in each context; those of the root count. The type is nothing but
/// a word here: values are bytes.
pub(super) fn declare_property(call: &mut Call<'_>, arguments: &[u8]) -> Result<Vec<u8>, Refusal> {
    const NAME: u32 = 1;
    const READ_ONLY: u32 = 2;
    const LIFE_SPAN: u32 = 5;
    let fields = wire::fields(arguments).ok_or(Status::BadArgument)?;
    let name = wire::text(&fields, NAME).ok_or(Status::BadArgument)?;
    let declared = Prototype {
        is_read_only: wire::number(&fields, READ_ONLY) != 0,
        life_span: life_span(wire::number(&fields, LIFE_SPAN)),
    };
    let state = call.state();
    let current = state.contexts.get_mut(&state.current);
    let all = &mut current.ok_or(Status::InternalFailure)?.declared;
    if all.len() >= DECLARED_MAX {
        return Err(Status::InternalFailure.into());
    }
    match all.entry(name.as_bytes().to_vec()) {
        Entry::Occupied(_) => Err(Status::BadArgument.into()),
        Entry::Vacant(place) => {
            place.insert(declared);
            Ok(Vec::new())
        }
    }
}

/// Writes one of Envoy's own values, of those that have a factory in Envoy 1.40.0.
pub(super) fn set_envoy_filter_state(
    call: &mut Call<'_>,
    arguments: &[u8],
) -> Result<Vec<u8>, Refusal> {
    const PATH: u32 = 1;
    const VALUE: u32 = 2;
    const LIFE_SPAN: u32 = 3;
    let fields = wire::fields(arguments).ok_or(Status::BadArgument)?;
    let path = wire::text(&fields, PATH).ok_or(Status::BadArgument)?;
    let value = wire::text(&fields, VALUE).ok_or(Status::BadArgument)?;
    let form = form(path).ok_or(Status::NotFound)?;
    let value = form.read(value).ok_or(Status::BadArgument)?;
    let prototype = Prototype {
        is_read_only: false,
        life_span: life_span(wire::number(&fields, LIFE_SPAN)),
    };
    let (_, context) = call.state().context().ok_or(Status::NotFound)?;
    let (path, value) = (path.as_bytes(), value.as_bytes());
    let written = match &context.kind {
        Kind::Root => return Err(Status::NotFound.into()),
        Kind::Network(place) => lock(&place.connection).set_filter_state(path, value, prototype),
        Kind::Http(place) => lock(&place.stream).set_filter_state(path, value, prototype),
    };
    written.map_err(|_| Status::BadArgument)?;
    Ok(Vec::new())
}

pub(super) fn clear_route_cache(call: &mut Call<'_>, _: &[u8]) -> Result<Vec<u8>, Refusal> {
    call.state().clear_route_cache();
    Ok(Vec::new())
}

fn life_span(number: u64) -> LifeSpan {
    match number {
        1 => LifeSpan::Request,
        2 => LifeSpan::Connection,
        _ => LifeSpan::FilterChain,
    }
}

/// What a value of Envoy's own is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Truth,
    Number,
    Ip,
    Address,
}

/// The form of the value under this name; none if Envoy makes none from text.
fn form(name: &str) -> Option<Form> {
    Some(match name {
        "envoy.hashable_string"
        | "envoy.network.application_protocols"
        | "envoy.network.network_namespace"
        | "envoy.network.upstream_server_name"
        | "envoy.network.upstream_subject_alt_names"
        | "envoy.string"
        | "envoy.tcp_proxy.cluster"
        | "envoy.upstream.dynamic_host" => Form::Text,
        "envoy.tcp_proxy.disable_tunneling" => Form::Truth,
        "envoy.ratelimit.hits_addend"
        | "envoy.tcp_proxy.per_connection_idle_timeout_ms"
        | "envoy.upstream.dynamic_port" => Form::Number,
        "envoy.network.ip" => Form::Ip,
        "envoy.filters.listener.original_dst.local_ip"
        | "envoy.filters.listener.original_dst.remote_ip"
        | "envoy.network.transport_socket.original_dst_address" => Form::Address,
        _ => return None,
    })
}

impl Form {
    /// The value as Envoy shows it; none if it is not one of this form.
    fn read(self, value: &str) -> Option<String> {
        Some(match self {
            Self::Text => value.to_owned(),
            Self::Truth => (value == "true").to_string(),
            Self::Number => value.parse::<u32>().ok()?.to_string(),
            Self::Ip => SocketAddr::new(value.parse::<IpAddr>().ok()?, 0).to_string(),
            Self::Address => value.parse::<SocketAddr>().ok()?.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::form;

    /// Which values Envoy 1.40.0 took, and what a guest then read.
    #[test]
    fn values_of_envoys_own_have_a_form() {
        let read = |name: &str, value: &str| form(name).map(|form| form.read(value));
        let text = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(read("envoy.tcp_proxy.cluster", "b"), text("b"));
        assert_eq!(
            read("envoy.tcp_proxy.disable_tunneling", "true"),
            text("true")
        );
        assert_eq!(read("envoy.tcp_proxy.disable_tunneling", ""), text("false"));
        assert_eq!(read("envoy.upstream.dynamic_port", "1"), text("1"));
        assert_eq!(read("envoy.upstream.dynamic_port", ""), Some(None));
        assert_eq!(read("envoy.network.ip", "127.0.0.1"), text("127.0.0.1:0"));
        assert_eq!(read("envoy.network.ip", "127.0.0.1:80"), Some(None));
        let local = "envoy.filters.listener.original_dst.local_ip";
        assert_eq!(read(local, "127.0.0.1:80"), text("127.0.0.1:80"));
        assert_eq!(read(local, "127.0.0.1"), Some(None));
        assert_eq!(read("envoy.udp_proxy.cluster", "b"), None);
    }
}
