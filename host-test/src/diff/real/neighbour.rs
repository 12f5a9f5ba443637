//! A plugin of our own beside those of the scenario: it reaches the shared data of a VM id.

use std::net::{Ipv4Addr, SocketAddr};

use real_envoy::http::{Request, Source};
use serde_json::{Value, json};

use crate::config::base64;
use crate::scenario::Obstacle;

/// A neighbour that shares its data with plugins of one VM id.
#[derive(Clone, Debug)]
pub(super) struct Neighbour {
    pub(super) vm_id: String,
    address: SocketAddr,
}

impl Neighbour {
    /// The neighbour number `index`, for this VM id.
    pub(super) fn new(vm_id: &str, index: u16) -> Self {
        Self {
            vm_id: vm_id.to_owned(),
            // The end of the loopback network, where no configuration listens.
            address: SocketAddr::from((Ipv4Addr::new(127, 255, 255, 254), FIRST_PORT + index)),
        }
    }

    /// The listener that it answers on.
    pub(super) fn listener(&self) -> Result<Value, Obstacle> {
        let module = wat::parse_str(include_str!("neighbour.wat"))
            .map_err(|error| Obstacle::Failure(format!("the neighbour: {error}")))?;
        let wasm = json!({
            "name": "envoy.filters.http.wasm",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "config": {
                    "name": "host-test neighbour",
                    // The body comes although the headers wait.
                    "allow_on_headers_stop_iteration": true,
                    "vm_config": {
                        "vm_id": self.vm_id,
                        "runtime": "envoy.wasm.runtime.v8",
                        "code": { "local": { "inline_bytes": base64::encode(&module) } },
                    },
                },
            },
        });
        let router = json!({
            "name": "envoy.filters.http.router",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            },
        });
        let manager = json!({
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix": "host_test_neighbour",
                "route_config": {},
                "http_filters": [wasm, router],
            },
        });
        Ok(json!({
            "name": format!("host-test neighbour {}", self.address.port()),
            "address": { "socket_address": {
                "address": self.address.ip().to_string(),
                "port_value": self.address.port(),
            } },
            "filter_chains": [{ "filters": [manager] }],
            // A value comes whole, in one body.
            "per_connection_buffer_limit_bytes": 64 << 20,
        }))
    }

    /// Writes a value, whatever was there.
    pub(super) fn set(&self, key: &str, value: &[u8]) -> Result<(), Obstacle> {
        match self.ask(b's', key, value)? {
            (200, _) => Ok(()),
            (status, _) => Err(Obstacle::Failure(format!(
                "the neighbour could not write into shared data: {status}"
            ))),
        }
    }

    /// Reads a value.
    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Obstacle> {
        match self.ask(b'g', key, b"")? {
            (200, value) => Ok(Some(value)),
            _ => Ok(None),
        }
    }

    fn ask(&self, what: u8, key: &str, value: &[u8]) -> Result<(u16, Vec<u8>), Obstacle> {
        let length = u32::try_from(key.len()).unwrap_or(u32::MAX).to_le_bytes();
        let body = [&[what][..], &length, key.as_bytes(), value].concat();
        let answer = Source::any().send(self.address, &Request::post("/", body));
        match answer {
            Ok(answer) => Ok((answer.status, answer.body)),
            Err(error) => Err(Obstacle::Failure(format!("the neighbour: {error:#}"))),
        }
    }
}

const FIRST_PORT: u16 = 10;
