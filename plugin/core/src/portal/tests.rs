//! Requests and their answers, against a detector whose tables are in memory.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use serde_json::Value;

use super::*;
use crate::config::{Policy, Sensor, StandingSource, parse_policy};
use crate::contact::Endpoints;
use crate::listener::Listener;
use crate::state::store::memory::MemoryStore;

mod access;
mod bad_input;
mod decisions;
mod feed;
mod lookup;
mod others;
mod page;

const NOW: Time = Time::from_unix_secs(1_795_326_625);

/// An edge with a portal, at a time that stands still unless told.
struct Edge {
    store: MemoryStore,
    detector: Detector,
    portal: Portal,
    now: Time,
    clients: u32,
}

impl Edge {
    fn new() -> Self {
        Self::with("{}", Config::default())
    }

    fn with(policy: &str, config: Config) -> Self {
        let policy: Policy = parse_policy(policy.as_bytes()).unwrap();
        let mut edge = Self {
            store: MemoryStore::default(),
            detector: Detector::new(policy),
            portal: Portal::new(config),
            now: NOW,
            clients: 0,
        };
        edge.detector.tick(&mut edge.store, NOW, || Some([7; 16]));
        edge
    }

    /// `source` touches a decoy at each of `ports`.
    fn touch(&mut self, source: &str, ports: &[u16]) {
        let decoy = Listener::new(Sensor {
            decoy: true,
            real_ports: Vec::new(),
            login: false,
            speaks: None,
            names: Vec::new(),
            standing: StandingSource::Bytes,
            hold_secs: 0,
        });
        for port in ports {
            let endpoints = Endpoints {
                peer: (source.parse::<core::net::IpAddr>().unwrap(), 50_000).into(),
                local: ([192, 0, 2, 1], *port).into(),
            };
            self.detector
                .open(&mut self.store, self.now, &decoy, endpoints);
        }
        self.detector.tick(&mut self.store, self.now, || None);
    }

    fn get(&mut self, target: &str) -> Answer {
        self.ask("GET", target, &[])
    }

    /// The answer to a request, after as many slices as it takes.
    fn ask(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.clients += 1;
        let client = self.clients;
        let own = [(":method", method), (":path", target)];
        let pairs = own.iter().chain(headers);
        let pairs = pairs.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let request = Request::new(pairs, false);
        let asked = self.portal.ask(
            &mut self.store,
            &mut self.detector,
            self.now,
            client,
            &request,
        );
        if let Asked::Answer(response) = asked {
            return Answer(response);
        }
        for _ in 0..100_000 {
            let mut answers = self.portal.work(&mut self.store, &mut self.detector, |_| 7);
            if let Some((found, response)) = answers.pop() {
                assert_eq!(found, client);
                return Answer(response);
            }
        }
        panic!("{target} is never answered");
    }
}

struct Answer(Response);

impl Answer {
    #[track_caller]
    fn header(&self, name: &str) -> &str {
        let mut found = self.0.headers.iter().filter(|(known, _)| *known == name);
        let value = found.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(found.next().is_none(), "{name} twice");
        &value.1
    }

    fn text(&self) -> &str {
        core::str::from_utf8(self.0.body.as_bytes()).unwrap()
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body of an answer with this status.
    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.0.status, status, "{}", self.text());
        self
    }

    /// The same, where the body is no text.
    #[track_caller]
    fn expect_bytes(self, status: u16) -> Self {
        assert_eq!(self.0.status, status);
        self
    }

    /// What is wrong, of an answer with this status.
    #[track_caller]
    fn refused(self, status: u16) -> String {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        problem["detail"].as_str().unwrap().to_string()
    }
}
