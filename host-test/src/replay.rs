//! The port-scan detector's module as an engine of replays.
//!
//! The one place where the harness knows a plugin: traces of accepted connections go through the
//! module in the harness, and must come to the same verdicts as through the detector itself
//! ([`portscan_replay::native`]).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hashbrown::HashMap;
use portscan_core::counters::{Counter, Counters};
use portscan_core::detector::Detector;
use portscan_core::state::seed;
use portscan_core::state::store::{Bytes, Expected, SetError, Store, StoreError, Value};
use portscan_core::state::table::Table;
use portscan_replay::engine::{Engine as ReplayEngine, Sent};
use portscan_replay::native::{LOCAL, SEED, TICK_MICROS, time};
use portscan_replay::setup::Setup;
use portscan_replay::trace::{Contact, Micros};
use serde_json::json;

use crate::abi::{Callback, Status};
use crate::config::{Bootstrap, Code, yaml};
use crate::connection::{Connect, ConnectionId};
use crate::guest::Engine;
use crate::{Host, Worker};

/// Peers' ports say nothing; here they choose the filter chain.
const UNSERVED_PORT: u16 = 1;
const SERVED_PORT: u16 = 2;

/// Lines, traps and access logs are looked at never: they are dropped so often.
const CONTACTS_PER_SWEEP: usize = 10_000;

/// An edge with one worker that runs the module.
pub struct Edge {
    host: Host,
    open: HashMap<usize, ConnectionId>,
    ticked: Option<Micros>,
    /// How the table is read.
    table: Table,
    contacts: usize,
}

impl Edge {
    /// The edge of `setup`, where `code` is the module.
    ///
    /// # Errors
    /// The module does not start, in one line.
    pub fn new(setup: &Setup, code: &Code, engine: &Engine) -> Result<Self, String> {
        let bootstrap = bootstrap(setup)?.with_code(code);
        let host = Host::builder(bootstrap)
            .engine(engine)
            .start_at(0)
            .build()
            .map_err(|error| error.to_string())?;
        let detector = Detector::new(setup.policy.clone());
        let mut edge = Self {
            host,
            open: HashMap::new(),
            ticked: None,
            table: Table {
                geometry: *detector.geometry(),
                model: *detector.model(),
            },
            contacts: 0,
        };
        // The same secret as in every replay, before the first contact.
        let mut store = HostStore(&edge.host);
        store.forget_seed();
        let mut counters = Counters::default();
        seed::read_or_make(&mut store, &mut counters, || Some(SEED))
            .map_err(|_| "shared data takes no secret".to_owned())?;
        edge.worker().map(Worker::tick);
        Ok(edge)
    }

    /// How often the module was called this way so far, in all VMs.
    pub fn callbacks(&self, callback: Callback) -> u64 {
        let counts = self.host.shared().counts.callbacks();
        counts.get(&callback).copied().unwrap_or(0)
    }

    fn worker(&mut self) -> Option<&mut Worker> {
        self.host.workers_mut().first_mut()
    }

    fn clock(&mut self, at: Micros) {
        self.host.clock().set_unix_nanos(at.saturating_mul(1_000));
        let is_due = self
            .ticked
            .is_none_or(|ticked| at >= ticked.saturating_add(TICK_MICROS));
        if is_due {
            self.ticked = Some(at);
            // Timers fire by the monotonic clock, which no step of the wall clock moves.
            self.worker().map(Worker::tick);
        }
    }

    fn tag(&mut self, id: ConnectionId) -> String {
        let view = self.worker().and_then(|worker| worker.connection(id).ok());
        let tag = view
            .as_ref()
            .and_then(|view| view.filter_state("wasm.portscan"))
            .unwrap_or_default();
        String::from_utf8_lossy(tag).into_owned()
    }
}

impl ReplayEngine for Edge {
    fn arrive(&mut self, at: Micros, id: usize, contact: &Contact) -> String {
        self.clock(at);
        let port = match contact.served {
            Some(true) => SERVED_PORT,
            Some(false) | None => UNSERVED_PORT,
        };
        let source = SocketAddr::new(contact.src, port);
        let destination = SocketAddr::new(contact.dst.unwrap_or(LOCAL), contact.dport);
        let Some(worker) = self.worker() else {
            return String::new();
        };
        let Ok(connection) = worker.connect(Connect::new(source, destination)) else {
            return String::new();
        };
        let sent = Sent::of(contact);
        if sent.len > 0 {
            // A connection that the module closed hears nothing more.
            let _ = worker.send(connection, &sent.bytes(sent.len));
        }
        self.open.insert(id, connection);
        self.tag(connection)
    }

    fn leave(&mut self, at: Micros, id: usize, _: &Contact) -> String {
        self.clock(at);
        let Some(connection) = self.open.remove(&id) else {
            return String::new();
        };
        if let Some(worker) = self.worker() {
            let _ = worker.reset(connection);
        }
        let tag = self.tag(connection);
        self.contacts += 1;
        if self.contacts.is_multiple_of(CONTACTS_PER_SWEEP) {
            self.host.shared().log.clear();
            self.host.shared().access_log.clear();
        }
        tag
    }

    fn slots(&mut self, at: Micros) -> u64 {
        let mut counters = Counters::default();
        let mut store = HostStore(&self.host);
        (0..self.table.geometry.pages())
            .map(|page| {
                let census = self
                    .table
                    .census(&mut store, &mut counters, page, time(at), |_| ());
                u64::from(census.tracked)
            })
            .sum()
    }

    fn evictions(&mut self) -> u64 {
        // Counters reach the metrics with a tick.
        let last = self.ticked.unwrap_or_default();
        self.clock(last.saturating_add(TICK_MICROS));
        [Counter::EvictionsFlagged, Counter::EvictionsUnflagged]
            .map(|counter| self.host.shared().metrics.value(counter.metric()))
            .into_iter()
            .flatten()
            .sum()
    }
}

/// The shared data of the module's VM.
struct HostStore<'a>(&'a Host);

const VM_ID: &str = "portscan";

impl HostStore<'_> {
    /// Empties the secret that the module made when it started.
    fn forget_seed(&self) {
        self.0.shared().data.set(VM_ID, b"portscan/1/seed", b"", 0);
    }
}

impl Store for HostStore<'_> {
    fn get(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        let value = self.0.shared().data.get(VM_ID, key.as_bytes());
        Ok(value.map(|value| Value {
            bytes: Bytes::Shared(value.bytes),
            cas: value.cas,
        }))
    }

    fn set(&mut self, key: &str, bytes: &[u8], expected: Expected) -> Result<(), SetError> {
        let cas = match expected {
            Expected::Absent => 0,
            Expected::Cas(cas) => cas,
        };
        match self.0.shared().data.set(VM_ID, key.as_bytes(), bytes, cas) {
            Status::Ok => Ok(()),
            _ => Err(SetError::Changed),
        }
    }
}

/// One listener that takes what comes for every port, as `envoy/all-ports.yaml` has it.
fn bootstrap(setup: &Setup) -> Result<Bootstrap, String> {
    let real_ports: Vec<u16> = setup.real_ports.iter().copied().collect();
    let sensor = |is_login: bool, is_served: bool| {
        let standing = if is_served { "bytes" } else { "tagger" };
        let configuration = match is_login {
            true => json!({"role": "sensor", "login": true, "standing": standing}),
            false => json!({
                "role": "sensor", "decoy": true, "real_ports": real_ports,
                "standing": standing, "hold_secs": 0,
            }),
        };
        filters(&configuration.to_string(), &setup.policy_text)
    };
    let mut chains = Vec::new();
    for is_served in [false, true] {
        let ports = if is_served {
            SERVED_PORT
        } else {
            UNSERVED_PORT
        };
        for port in setup
            .real_ports
            .iter()
            .filter(|port| setup.is_login(**port))
        {
            let matching = json!({"destination_port": port, "source_ports": [ports]});
            chains
                .push(json!({"filter_chain_match": matching, "filters": sensor(true, is_served)}));
        }
        let matching = json!({"source_ports": [ports]});
        chains.push(json!({"filter_chain_match": matching, "filters": sensor(false, is_served)}));
    }
    let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 15_001);
    let original_dst = json!({
        "name": "envoy.filters.listener.original_dst",
        "typed_config": {"@type": TYPE.replace("{}", "filters.listener.original_dst.v3.OriginalDst")},
    });
    let listener = json!({
        "name": "all-ports",
        "address": {"socket_address": {"address": any.ip(), "port_value": any.port()}},
        "additional_addresses": [
            {"address": {"socket_address": {"address": "::", "port_value": any.port()}}}
        ],
        "listener_filters": [original_dst],
        "filter_chains": chains,
    });
    let text = json!({"static_resources": {"listeners": [listener]}}).to_string();
    yaml::parse(&text, "replay").map_err(|problems| problems.to_string())
}

const TYPE: &str = "type.googleapis.com/envoy.extensions.{}";

/// The sensor, and somebody who listens behind it.
fn filters(configuration: &str, policy: &str) -> serde_json::Value {
    let text = |value: &str| json!({"@type": "type.googleapis.com/google.protobuf.StringValue", "value": value});
    json!([
        {
            "name": "envoy.filters.network.wasm",
            "typed_config": {
                "@type": TYPE.replace("{}", "filters.network.wasm.v3.Wasm"),
                "config": {
                    "name": "sensor",
                    "root_id": "sensor",
                    "vm_config": {
                        "vm_id": VM_ID,
                        "runtime": "envoy.wasm.runtime.v8",
                        "code": {"local": {"filename": "portscan.wasm"}},
                        "configuration": text(policy),
                    },
                    "configuration": text(configuration),
                },
            },
        },
        {
            "name": "envoy.filters.network.echo",
            "typed_config": {"@type": TYPE.replace("{}", "filters.network.echo.v3.Echo")},
        },
    ])
}
