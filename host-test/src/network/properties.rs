//! Properties of a connection, as CEL knows them (`expr/context.cc`).

use super::attributes::ConnectionAttributes;
use super::state::State;
use super::tls::Tls;
use crate::connection::flags;
use crate::connection::property::{Lookup, Property};

impl Lookup for ConnectionAttributes<'_> {
    fn find(&self, path: &[&[u8]]) -> Option<Property> {
        self.connection.property(path)
    }
}

impl State {
    /// The property under this path, in a filter of the connection.
    pub(crate) fn property(&self, path: &[&[u8]]) -> Option<Property> {
        let number = |number: u64| Property::Int(number.cast_signed());
        Some(match path {
            [b"request" | b"response" | b"upstream"] => Property::Opaque,
            [b"request" | b"response", b"headers"] | [b"response", b"trailers"] => {
                Property::Map(Vec::new())
            }
            [b"request" | b"response", b"headers_bytes"] => Property::Int(0),
            [b"request", b"size" | b"total_size"] => number(self.bytes_received),
            [b"request", b"time"] => number(self.started_nanos),
            [b"response", b"size" | b"total_size"] => number(self.bytes_sent),
            [b"response", b"flags"] => number(flags::bits(&self.response_flags)),
            [b"response", b"code_details"] => Property::text(self.response_code_details?),
            [b"upstream", b"request_attempt_count"] => Property::Uint(0),
            [b"filter_state"] => Property::Opaque,
            [b"filter_state", key] => Property::text(self.filter_state.get(key)?),
            [name] => return self.shared_property(path).or_else(|| self.wasm_state(name)),
            _ => return self.shared_property(path),
        })
    }

    /// What filters of the connection and of its streams read alike.
    pub(crate) fn shared_property(&self, path: &[&[u8]]) -> Option<Property> {
        let addresses = &self.addresses;
        Some(match path {
            [b"source" | b"destination" | b"connection" | b"xds"] => Property::Opaque,
            [b"source", b"address"] => Property::text(addresses.remote.to_string()),
            [b"source", b"port"] => Property::Int(addresses.remote.port().into()),
            [b"destination", b"address"] => Property::text(addresses.local.to_string()),
            [b"destination", b"port"] => Property::Int(addresses.local.port().into()),
            [b"connection", name] => return self.connection_property(name),
            [b"connection_id"] => Property::Uint(self.id),
            [b"xds", b"listener_direction"] => Property::Int(self.listener.direction as i64),
            [b"xds", b"listener_metadata"] | [b"metadata"] => Property::Bytes(Vec::new()),
            [b"xds", b"filter_chain_name"] => Property::text(&self.chain_name),
            [b"metadata", b"filter_metadata" | b"typed_filter_metadata"] => {
                Property::Map(Vec::new())
            }
            _ => return None,
        })
    }

    fn connection_property(&self, name: &[u8]) -> Option<Property> {
        let some = |text: &str| (!text.is_empty()).then(|| Property::text(text));
        match name {
            b"id" => Some(Property::Uint(self.id)),
            b"mtls" => Some(Property::Bool(
                self.tls.as_ref().is_some_and(Tls::is_mutual),
            )),
            b"requested_server_name" => Some(Property::text(&self.requested_server_name)),
            b"termination_details" => self.termination_details.as_ref().map(Property::text),
            b"transport_failure_reason" => some(&self.transport_failure_reason),
            b"tls_version" => Some(Property::text(self.tls.as_ref()?.version())),
            // Who shows no certificate has empty names.
            b"subject_local_certificate" | b"subject_peer_certificate" => {
                self.tls.as_ref().map(|_| Property::Bytes(Vec::new()))
            }
            _ => None,
        }
    }

    /// What a plugin has left under this name.
    pub(crate) fn wasm_state(&self, name: &[u8]) -> Option<Property> {
        let key = [b"wasm.", name].concat();
        self.filter_state.get(&key).map(Property::text)
    }
}
