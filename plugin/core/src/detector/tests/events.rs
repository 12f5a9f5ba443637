//! What the log says of verdicts, where events are wanted.

use serde_json::Value;

use super::*;
use crate::detector::Endings;
use crate::events::LINE_LEN_MAX;
use crate::exploit::Strength;

const EVENTS: &str = r#"{ "events": true, "verdict_ttl_secs": 3600 }"#;

#[track_caller]
fn event(line: Option<&String>) -> Value {
    let line = line.expect("a line");
    assert!(line.len() <= LINE_LEN_MAX && !line.contains('\n'), "{line}");
    serde_json::from_str(line).expect(line)
}

fn action(line: Option<&String>) -> String {
    event(line)["event"]["action"].as_str().unwrap().to_string()
}

impl World {
    fn opened(&mut self, peer: &str, port: u16) -> Option<String> {
        let mut visit = self.decoy(peer, port);
        let line = visit.opened.line.take();
        visit.close();
        line
    }

    /// A round of the keeper.
    fn round(&mut self, endings: &mut Endings) -> Vec<String> {
        endings.begin(self.now);
        let table = Table {
            geometry: *self.workers[0].geometry(),
            model: *self.workers[0].model(),
        };
        for index in 0..table.geometry.pages() {
            let counters = &mut Counters::default();
            table.census(&mut self.store, counters, index, self.now, |slot| {
                endings.look(slot);
            });
        }
        self.workers[0].tell_endings(endings, self.now)
    }
}

#[test]
fn a_new_verdict_is_an_event_with_all_that_is_said_of_the_source() {
    let mut world = World::new(EVENTS);
    let line = world.opened("2001:db8::1:2:3:4", 23);
    let event = event(line.as_ref());
    let now = START.rfc3339();
    assert_eq!(event["@timestamp"], now.as_str());
    assert_eq!(event["event"]["action"], "flagged");
    assert_eq!(event["event"]["kind"], "alert");
    assert_eq!(event["source"]["address"], "2001:db8::/64");
    assert_eq!(event["source"]["ip"], "2001:db8::");
    let portscan = &event["portscan"];
    assert_eq!(portscan["kind"], "probe");
    assert_eq!(portscan["class"], "suspicious");
    assert_eq!(portscan["risk"], event["event"]["risk_score"]);
    assert_eq!(portscan["reasons"][0], "touched decoy 23/tcp");
    assert_eq!(
        portscan["expires_at"],
        START.plus_secs(3_600).rfc3339().as_str()
    );
    assert!(portscan.get("class_before").is_none());
    assert_eq!(world.opened("2001:db8::1:2:3:4", 23), None);
}

#[test]
fn without_the_switch_a_new_verdict_is_told_in_words_and_nothing_else_is() {
    let mut world = World::new(r#"{ "verdict_ttl_secs": 3600 }"#);
    let line = world.opened("203.0.113.1", 20).unwrap();
    assert!(
        line.starts_with("portscan: 203.0.113.1 flagged: "),
        "{line}"
    );
    for port in 21..60 {
        assert_eq!(world.opened("203.0.113.1", port), None);
    }
}

#[test]
fn another_class_is_an_event_once() {
    let mut world = World::new(EVENTS);
    let mut lines = Vec::new();
    for port in 20..60 {
        lines.extend(world.opened("203.0.113.1", port));
        world.wait(1);
    }
    let actions: Vec<_> = lines.iter().map(|line| action(Some(line))).collect();
    assert_eq!(actions, ["flagged", "class-changed"]);
    let changed = event(lines.last());
    assert_eq!(changed["portscan"]["class_before"], "suspicious");
    assert_eq!(changed["portscan"]["class"], "malicious");
}

#[test]
fn a_class_that_fell_while_nothing_happened_is_told_with_the_next_contact() {
    let mut world = World::new(r#"{ "events": true }"#);
    for port in 20..28 {
        world.opened("203.0.113.1", port);
    }
    let mut changes = Vec::new();
    for _ in 0..6 {
        world.wait(20 * 3_600);
        let mut visit = world.real("203.0.113.1", 443);
        changes.extend(visit.opened.line.take());
    }
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(event(changes.last())["portscan"]["class"], "suspicious");
}

#[test]
fn a_declared_scanner_that_does_harm_changes_its_class() {
    let policy = r#"{ "events": true,
        "known_scanners": [{ "actor": "lab", "networks": ["203.0.113.0/24"] }] }"#;
    let mut world = World::new(policy);
    let first = world.opened("203.0.113.1", 23);
    assert_eq!(event(first.as_ref())["portscan"]["actor"], "lab");
    let endpoints = Endpoints {
        peer: "203.0.113.1:40000".parse().unwrap(),
        local: "198.51.100.1:443".parse().unwrap(),
    };
    let request = Request {
        exploit: Some(Exploit {
            number: 0,
            strength: Strength::Certain,
        }),
        ..Request::default()
    };
    let (store, now) = (&mut world.store, world.now);
    let (_, reaction) = world.workers[0].request(store, now, &world.real, endpoints, request);
    let changed = event(reaction.line.as_ref());
    assert_eq!(changed["portscan"]["class_before"], "benign");
    assert_eq!(changed["portscan"]["class"], "malicious");
}

#[test]
fn a_verdict_that_its_contact_explains_is_withdrawn() {
    let mut world = World::new(EVENTS);
    let mut visit = world.decoy("203.0.113.1", 23);
    assert_eq!(action(visit.opened.line.as_ref()), "flagged");
    let reaction = visit.send(b"GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n");
    assert_eq!(action(reaction.line.as_ref()), "withdrawn");
}

#[test]
fn an_expired_verdict_is_an_event_once() {
    let mut world = World::new(EVENTS);
    let mut endings = Endings::new(world.now);
    world.opened("203.0.113.1", 23);
    world.wait(1_800);
    world.opened("203.0.113.2", 23);
    assert!(world.round(&mut endings).is_empty());
    world.wait(1_799);
    assert!(world.round(&mut endings).is_empty());
    world.wait(1);
    let ended = world.round(&mut endings);
    assert_eq!(ended.len(), 1);
    let ended = event(ended.first());
    assert_eq!(ended["event"]["action"], "expired");
    assert_eq!(ended["event"]["kind"], "event");
    assert_eq!(ended["source"]["ip"], "203.0.113.1");
    assert_eq!(ended["portscan"]["class"], "suspicious");
    world.wait(60);
    assert!(world.round(&mut endings).is_empty());
    // What the keeper missed while it was away it tells then; a step back tells nothing twice.
    world.wait(4_000);
    assert_eq!(world.round(&mut endings).len(), 1);
    world.now = START.plus_secs(3_600);
    assert!(world.round(&mut endings).is_empty());
}

#[test]
fn many_endings_at_once_are_told_in_part_and_counted() {
    let mut world = World::new(EVENTS);
    let mut endings = Endings::new(world.now);
    for host in 1..=50 {
        world.opened(&format!("203.0.{host}.1"), 23);
    }
    let before = world.workers[0]
        .counters
        .get(Counter::VerdictLinesSuppressed);
    world.wait(3_600);
    assert_eq!(world.round(&mut endings).len(), 10);
    let after = world.workers[0]
        .counters
        .get(Counter::VerdictLinesSuppressed);
    assert_eq!(after - before, 40);
}
