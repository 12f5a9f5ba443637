//! Properties of a stream, as CEL knows them (`expr/context.cc`).

use super::attributes::StreamAttributes;
use super::headers::HeaderMap;
use super::state::State;
use crate::connection::flags;
use crate::connection::property::{Lookup, Property};
use crate::network;

/// Headers that are visible at a moment; a plugin sees those of the callback that runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Visible<'a> {
    /// Of the request.
    pub(crate) request: Option<&'a HeaderMap>,
    /// Of the response.
    pub(crate) response: Option<&'a HeaderMap>,
    /// Trailers of the response.
    pub(crate) trailers: Option<&'a HeaderMap>,
}

impl Lookup for StreamAttributes<'_> {
    fn find(&self, path: &[&[u8]]) -> Option<Property> {
        let visible = Visible {
            request: self.stream.request_headers.as_ref(),
            response: self.stream.response_headers.as_ref(),
            trailers: self.stream.response_trailers.as_ref(),
        };
        property(self.stream, self.connection, visible, path)
    }
}

impl State {
    /// The property under this path, for the plugin at `index`.
    pub(crate) fn property(&mut self, index: usize, path: &[&[u8]]) -> Option<Property> {
        let connection = std::sync::Arc::clone(&self.connection);
        let connection = crate::shared::lock(&connection);
        let plugin = self.plugin(index)?;
        let (is_logging, request, response) = (plugin.is_logging, plugin.request, plugin.response);
        let visible = Visible {
            request: self
                .request_headers
                .as_ref()
                .filter(|_| is_logging || request.headers),
            response: self
                .response_headers
                .as_ref()
                .filter(|_| is_logging || response.headers),
            trailers: self
                .response_trailers
                .as_ref()
                .filter(|_| is_logging || response.trailers),
        };
        property(self, &connection, visible, path)
    }
}

fn property(
    stream: &State,
    connection: &network::State,
    visible: Visible<'_>,
    path: &[&[u8]],
) -> Option<Property> {
    Some(match path {
        [b"request" | b"response" | b"upstream"] => Property::Opaque,
        [b"request", b"headers", name] => Property::Bytes(visible.request?.joined(name)?),
        [b"response", b"headers", name] => Property::Bytes(visible.response?.joined(name)?),
        [b"response", b"trailers", name] => Property::Bytes(visible.trailers?.joined(name)?),
        [b"request", name] => return request(stream, visible, name),
        [b"response", name] => return response(stream, visible, name),
        [b"upstream", name] => return upstream(stream, name),
        [b"source", b"address"] => Property::text(stream.remote.to_string()),
        [b"source", b"port"] => Property::Int(stream.remote.port().into()),
        [b"xds", b"cluster_name"] => Property::text(stream.cluster.as_ref()?),
        [b"xds", b"route_name"] => Property::text(&stream.route.as_ref()?.name),
        [b"xds", b"route_metadata"] => {
            stream.route.as_ref()?;
            Property::Bytes(Vec::new())
        }
        [b"xds", b"virtual_host_name"] => Property::text(stream.virtual_host.as_ref()?),
        [b"xds", b"virtual_host_metadata"] => {
            stream.virtual_host.as_ref()?;
            Property::Bytes(Vec::new())
        }
        [b"filter_state"] => Property::Opaque,
        [b"filter_state", key] => {
            let own = stream.filter_state.get(key);
            Property::text(own.or_else(|| connection.filter_state.get(key))?)
        }
        [name] => {
            return connection.shared_property(path).or_else(|| {
                let key = [b"wasm.", *name].concat();
                let own = stream.filter_state.get(&key).map(Property::text);
                own.or_else(|| connection.wasm_state(name))
            });
        }
        _ => return connection.shared_property(path),
    })
}

fn request(stream: &State, visible: Visible<'_>, name: &[u8]) -> Option<Property> {
    let headers = visible.request;
    let header = |name: &[u8]| {
        headers
            .and_then(|headers| headers.get(name))
            .map(Property::text)
    };
    let path = || headers.and_then(|headers| headers.get(b":path"));
    let bytes = headers.map_or(0, HeaderMap::byte_size) as u64;
    match name {
        b"headers" => Some(listed(headers)),
        b"headers_bytes" => Some(number(bytes)),
        b"path" => header(b":path"),
        b"url_path" => {
            let path = headers.map(|_| path().unwrap_or_default())?;
            path.split(|byte| *byte == b'?').next().map(Property::text)
        }
        b"query" => {
            let path = headers.map(|_| path().unwrap_or_default())?;
            let query = path
                .splitn(2, |byte| *byte == b'?')
                .nth(1)
                .unwrap_or_default();
            query.split(|byte| *byte == b'#').next().map(Property::text)
        }
        b"host" => header(b":authority"),
        b"scheme" => header(b":scheme"),
        b"method" => header(b":method"),
        b"referer" => header(b"referer"),
        b"useragent" => header(b"user-agent"),
        b"id" => header(b"x-request-id"),
        b"protocol" => {
            let is_known = stream.is_protocol_known;
            is_known.then(|| Property::text(stream.protocol.name()))
        }
        b"time" => Some(number(stream.started_nanos)),
        b"duration" => {
            let nanos = stream.ended_nanos?.saturating_sub(stream.began_nanos);
            Some(number(nanos))
        }
        b"size" => match headers.and_then(|headers| headers.get(b"content-length")) {
            Some(length) => {
                let length: i64 = std::str::from_utf8(length).ok()?.parse().ok()?;
                Some(Property::Int(length))
            }
            None => Some(number(stream.bytes_received)),
        },
        b"total_size" => Some(number(stream.bytes_received + bytes)),
        _ => None,
    }
}

fn response(stream: &State, visible: Visible<'_>, name: &[u8]) -> Option<Property> {
    let size = |map: Option<&HeaderMap>| map.map_or(0, HeaderMap::byte_size) as u64;
    match name {
        b"code" => Some(number(stream.response_code?.into())),
        b"code_details" => stream.response_code_details.as_ref().map(Property::text),
        b"flags" => Some(number(flags::bits(&stream.response_flags))),
        b"headers" => Some(listed(visible.response)),
        b"headers_bytes" => Some(number(size(visible.response))),
        b"trailers" => Some(listed(visible.trailers)),
        b"size" => Some(number(stream.bytes_sent)),
        b"total_size" => {
            let headers = size(visible.response) + size(visible.trailers);
            Some(number(stream.bytes_sent + headers))
        }
        b"backend_latency" => {
            let upstream = &stream.upstream;
            let nanos = upstream.ended_nanos?.saturating_sub(upstream.sent_nanos?);
            Some(number(nanos))
        }
        b"grpc_status" => grpc_status(stream, visible),
        _ => None,
    }
}

/// The gRPC status that the response has or its HTTP status stands for.
fn grpc_status(stream: &State, visible: Visible<'_>) -> Option<Property> {
    let maps = [visible.trailers, visible.response];
    let said = maps
        .iter()
        .flatten()
        .find_map(|map| map.get(b"grpc-status"));
    if let Some(said) = said {
        let status: i64 = std::str::from_utf8(said).ok()?.parse().ok()?;
        return Some(Property::Int(status));
    }
    let code = stream.response_code?;
    Some(Property::Int(super::local_reply::grpc_status(code).into()))
}

fn upstream(stream: &State, name: &[u8]) -> Option<Property> {
    let address = stream.upstream.address();
    match name {
        b"address" => Some(Property::text(address?.to_string())),
        b"port" => Some(Property::Int(address?.port().into())),
        b"local_address" => address.map(|_| Property::text("192.0.2.1:40000")),
        b"transport_failure_reason" => address.map(|_| Property::Bytes(Vec::new())),
        b"request_attempt_count" => Some(Property::Uint(address.is_some().into())),
        b"cx_pool_ready_duration" => address.map(|_| Property::Int(0)),
        _ => None,
    }
}

/// Each name once, its values joined. Envoy's order follows from hashes; here it is that of the
/// headers.
fn listed(headers: Option<&HeaderMap>) -> Property {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for (name, _) in headers.iter().flat_map(|headers| headers.iter()) {
        let is_new = pairs.iter().all(|(known, _)| known != name);
        if is_new && let Some(value) = headers.and_then(|headers| headers.joined(name)) {
            pairs.push((name.to_vec(), value));
        }
    }
    Property::Map(pairs)
}

fn number(number: u64) -> Property {
    Property::Int(number.cast_signed())
}
