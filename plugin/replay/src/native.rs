//! The detector itself as an engine: one worker, shared data in memory.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hashbrown::HashMap;
use portscan_core::config::{Sensor, StandingSource};
use portscan_core::contact::{Contact as Watched, Endpoints};
use portscan_core::counters::{Counter, Counters};
use portscan_core::detector::{Detector, Ending};
use portscan_core::listener::Listener;
use portscan_core::state::hash::Seed;
use portscan_core::state::table::Table;
use portscan_core::time::Time;

use crate::engine::{Engine, Sent};
use crate::setup::Setup;
use crate::store::Pages;
use crate::trace::{Contact, Micros};

/// How often a worker ticks.
pub const TICK_MICROS: Micros = 400_000;

/// The secret of all placements: the same in every replay, so that every engine says the same.
pub const SEED: [u8; Seed::LEN] = *b"replay, no crowd";

/// The local address of contacts whose own is not known.
pub const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// One edge.
pub struct Native {
    detector: Detector,
    store: Pages,
    /// Where no logins happen, and where they do; for contacts that were not served, and that were.
    listeners: [[Listener; 2]; 2],
    setup: Setup,
    open: HashMap<usize, Watched>,
    ticked: Option<Micros>,
}

impl Native {
    /// The edge of `setup`.
    pub fn new(setup: &Setup) -> Self {
        Self::on(Pages::default(), setup)
    }

    /// The same on this shared data.
    pub fn on(store: Pages, setup: &Setup) -> Self {
        let sensor = |is_login: bool, is_served: bool| {
            Listener::new(Sensor {
                decoy: !is_login,
                real_ports: if is_login {
                    Vec::new()
                } else {
                    setup.real_ports.iter().copied().collect()
                },
                login: is_login,
                speaks: None,
                names: Vec::new(),
                // Only who was served, as the trace says, earns good standing.
                standing: if is_served {
                    StandingSource::Bytes
                } else {
                    StandingSource::Tagger
                },
                hold_secs: 0,
            })
        };
        Self {
            detector: Detector::new(setup.policy.clone()),
            store,
            listeners: [false, true]
                .map(|is_login| [false, true].map(|is_served| sensor(is_login, is_served))),
            setup: setup.clone(),
            open: HashMap::new(),
            ticked: None,
        }
    }

    /// What the detector counted so far.
    pub const fn counters(&self) -> &Counters {
        &self.detector.counters
    }

    /// Bytes of shared data.
    pub fn shared_bytes(&self) -> usize {
        self.store.bytes()
    }

    /// Ticks where one is due. Ticks that would find nothing new are left out.
    fn tick(&mut self, at: Micros) {
        if self
            .ticked
            .is_some_and(|ticked| at < ticked.saturating_add(TICK_MICROS))
        {
            return;
        }
        self.ticked = Some(at);
        self.detector.tick(&mut self.store, time(at), || Some(SEED));
    }
}

/// The listener of a contact.
fn listener<'a>(
    listeners: &'a [[Listener; 2]; 2],
    setup: &Setup,
    contact: &Contact,
) -> &'a Listener {
    let [others, logins] = listeners;
    let [unserved, served] = if setup.is_login(contact.dport) {
        logins
    } else {
        others
    };
    if contact.served == Some(true) {
        served
    } else {
        unserved
    }
}

impl Engine for Native {
    fn arrive(&mut self, at: Micros, id: usize, contact: &Contact) -> String {
        self.tick(at);
        let listener = listener(&self.listeners, &self.setup, contact);
        let endpoints = Endpoints {
            peer: SocketAddr::new(contact.src, contact.sport),
            local: SocketAddr::new(contact.dst.unwrap_or(LOCAL), contact.dport),
        };
        let now = time(at);
        let (mut watched, _) = self
            .detector
            .open(&mut self.store, now, listener, endpoints);
        let sent = Sent::of(contact);
        if sent.len > 0 {
            let read = |max: usize| sent.bytes(max).into_owned();
            let len = sent.len;
            self.detector
                .data(&mut self.store, now, listener, &mut watched, len, read);
        }
        let tag = watched.tag().to_owned();
        self.open.insert(id, watched);
        tag
    }

    fn leave(&mut self, at: Micros, id: usize, contact: &Contact) -> String {
        self.tick(at);
        let Some(mut watched) = self.open.remove(&id) else {
            return String::new();
        };
        let listener = listener(&self.listeners, &self.setup, contact);
        let now = time(at);
        self.detector
            .close(&mut self.store, now, listener, &mut watched, Ending::ByPeer);
        watched.tag().to_owned()
    }

    fn slots(&mut self, at: Micros) -> u64 {
        let table = Table {
            geometry: *self.detector.geometry(),
            model: *self.detector.model(),
        };
        let mut counters = Counters::default();
        (0..table.geometry.pages())
            .map(|page| {
                let census = table.census(&mut self.store, &mut counters, page, time(at), |_| ());
                u64::from(census.tracked)
            })
            .sum()
    }

    fn evictions(&mut self) -> u64 {
        [Counter::EvictionsFlagged, Counter::EvictionsUnflagged]
            .map(|counter| u64::from(self.detector.counters.get(counter)))
            .iter()
            .sum()
    }
}

/// The detector's clock.
pub fn time(at: Micros) -> Time {
    Time::from_unix_nanos(at.saturating_mul(1_000))
}
