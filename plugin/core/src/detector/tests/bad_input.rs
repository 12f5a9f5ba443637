//! Clocks that step, neighbours that write, hosts that refuse.

use super::*;
use crate::state::store::{Expected, SetError, StoreError, Value};

#[test]
fn a_clock_that_steps_back_makes_nothing_live_longer() {
    let mut world = World::new(r#"{"verdict_ttl_secs":100}"#);
    world.knock("192.0.2.7", 22);
    world.now = Time::from_unix_secs(world.now.unix_secs() - 50_000);
    let tag = world.tag("192.0.2.7");
    assert!(tag.contains("first=@1789950000, last=@1789950000"), "{tag}");
    world.wait(100);
    assert_eq!(world.tag("192.0.2.7"), "");
}

#[test]
fn foreign_bytes_under_every_key_cost_the_memory_and_nothing_else() {
    for foreign in [&b""[..], b"x", &[0; 144], &[0xff; 4_096], &[7; 70_000]] {
        let mut world = World::new("");
        for port in 1..100 {
            world.knock("192.0.2.7", port);
        }
        world.request("192.0.2.8");
        let keys: Vec<String> = world.store.iter().map(|(key, _)| key.to_string()).collect();
        for key in &keys {
            world.store.overwrite(key, foreign);
        }
        world.tick();
        assert_eq!(world.tag("192.0.2.7"), "");
        assert_ne!(world.knock("192.0.2.7", 22), "");
        assert_ne!(world.tag("192.0.2.7"), "");
        assert_eq!(
            world.count(Counter::StateDecodeErrors) > 0,
            !foreign.is_empty()
        );
    }
}

#[test]
fn port_zero_and_the_unspecified_address_are_no_trouble() {
    let mut world = World::new("");
    assert_ne!(world.visit(0, "192.0.2.7", "0.0.0.0:0", true).close(), "");
    for peer in ["0.0.0.0", "::", "::ffff:0.0.0.0", "255.255.255.255"] {
        world.knock(peer, 0);
        world.request(peer);
    }
}

/// A store that refuses everything.
struct Refusing;

impl Store for Refusing {
    fn get(&mut self, _key: &str) -> Result<Option<Value>, StoreError> {
        Err(StoreError(10))
    }

    fn set(&mut self, _key: &str, _bytes: &[u8], _expected: Expected) -> Result<(), SetError> {
        Err(SetError::Failed(StoreError(10)))
    }
}

#[test]
fn a_host_that_refuses_shared_data_is_counted_and_traffic_passes() {
    let mut detector = Detector::new(parse_policy(b"").unwrap());
    let decoy = listener(r#"{"role":"sensor","decoy":true}"#);
    let real = listener(r#"{"role":"sensor"}"#);
    detector.tick(&mut MemoryStore::default(), START, || Some([1; 16]));
    let peer = "192.0.2.7:4000".parse().unwrap();
    for (listener, local) in [(&decoy, "198.51.100.1:22"), (&real, "198.51.100.1:443")] {
        let endpoints = Endpoints {
            peer,
            local: local.parse().unwrap(),
        };
        let (mut contact, reaction) = detector.open(&mut Refusing, START, listener, endpoints);
        assert_eq!(reaction, Reaction::default());
        let read = |_| REQUEST.to_vec();
        detector.data(
            &mut Refusing,
            START,
            listener,
            &mut contact,
            REQUEST.len(),
            read,
        );
        detector.close(&mut Refusing, START, listener, &mut contact, Ending::ByPeer);
        assert_eq!(contact.tag(), "");
    }
    assert!(detector.counters.get(Counter::HostErrors) >= 3);
}

#[test]
fn a_source_that_could_not_be_looked_up_is_not_taken_for_clean() {
    let mut world = World::new("");
    world.knock("192.0.2.7", 22);
    let World {
        store,
        workers,
        now,
        real,
        ..
    } = &mut world;
    let peer = "192.0.2.7:4000".parse().unwrap();
    let endpoints = Endpoints {
        peer,
        local: "198.51.100.1:443".parse().unwrap(),
    };
    let (mut contact, _) = workers[0].open(&mut Refusing, *now, real, endpoints);
    assert_eq!(contact.tag(), "");
    workers[0].served(store, *now, &mut contact);
    let reaction = workers[0].data(store, *now, real, &mut contact, 1, |_| b"x".to_vec());
    assert!(reaction.tag_changed, "the next bytes look again");
    assert_ne!(world.tag("192.0.2.7"), "");
}

/// A store that refuses to write the ring.
struct NoRing<'a>(&'a mut MemoryStore);

impl Store for NoRing<'_> {
    fn get(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        self.0.get(key)
    }

    fn set(&mut self, key: &str, bytes: &[u8], expected: Expected) -> Result<(), SetError> {
        if key.ends_with("ring") {
            return Err(SetError::Changed);
        }
        self.0.set(key, bytes, expected)
    }
}

#[test]
fn what_could_not_be_told_is_told_later() {
    for scanners in [1, 100] {
        let mut world = World::with_workers("", 2);
        let victim = "192.0.2.1";
        world.on(1, victim, 443, false).close_after(Ending::ByUs);
        let World {
            store,
            workers,
            now,
            decoy,
            ..
        } = &mut world;
        for n in 1..=scanners {
            let peer = if n == 1 {
                victim
            } else {
                &format!("198.18.{n}.1")
            };
            let peer = SocketAddr::new(peer.parse().unwrap(), 4_000);
            let endpoints = Endpoints {
                peer,
                local: "198.51.100.1:22".parse().unwrap(),
            };
            workers[0].open(&mut NoRing(store), *now, decoy, endpoints);
        }
        world.tick();
        assert_ne!(world.on(1, victim, 443, false).tag(), "", "{scanners}");
    }
}

#[test]
fn a_host_without_randomness_is_counted() {
    let mut world = World::with_workers("", 0);
    let mut worker = Detector::new(parse_policy(b"").unwrap());
    worker.tick(&mut world.store, START, || None);
    assert!(!worker.is_judging());
    world.workers.push(worker);
    world.knock("192.0.2.7", 22);
    assert_eq!(world.count(Counter::Unjudged), 1);
    assert!(world.count(Counter::HostErrors) > 0);
}

#[test]
fn a_seed_that_cannot_be_read_for_once_still_holds() {
    let mut world = World::new("");
    world.knock("192.0.2.7", 22);
    world.workers[0].tick(&mut Refusing, START, || None);
    assert_ne!(world.tag("192.0.2.7"), "");
}
