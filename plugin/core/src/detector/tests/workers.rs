//! Several workers over one store.

use super::*;

#[test]
fn another_worker_learns_of_a_verdict_by_its_next_tick() {
    let mut world = World::with_workers("", 2);
    // The other worker knows the client as clean.
    world
        .on(1, "192.0.2.7", 443, false)
        .close_after(Ending::ByUs);
    world.on(0, "192.0.2.7", 22, true).close();
    assert_eq!(
        world.on(1, "192.0.2.7", 443, false).tag(),
        "",
        "from its cache"
    );
    world.tick();
    assert_ne!(world.on(1, "192.0.2.7", 443, false).tag(), "");
}

#[test]
fn an_open_connection_on_another_worker_is_tagged_after_its_tick() {
    let mut world = World::with_workers("", 2);
    let peer = SocketAddr::new("192.0.2.7".parse().unwrap(), 40_000);
    let endpoints = Endpoints {
        peer,
        local: "198.51.100.1:443".parse().unwrap(),
    };
    let World {
        store,
        workers,
        now,
        real,
        decoy,
        ..
    } = &mut world;
    let (mut contact, _) = workers[1].open(store, *now, real, endpoints);
    workers[1].data(store, *now, real, &mut contact, 1, |_| b"x".to_vec());
    workers[0].open(store, *now, decoy, endpoints);
    workers[1].tick(store, *now, || None);
    let reaction = workers[1].data(store, *now, real, &mut contact, 1, |_| b"x".to_vec());
    assert!(reaction.tag_changed);
    assert!(contact.tag().starts_with("kind=probe"));
}

#[test]
fn the_same_worker_tags_at_once() {
    let mut world = World::new("");
    assert_eq!(world.tag("192.0.2.7"), "");
    world.knock("192.0.2.7", 22);
    assert_ne!(world.tag("192.0.2.7"), "");
}

#[test]
fn a_worker_that_missed_too_many_changes_forgets_what_it_knew() {
    let mut world = World::with_workers("", 2);
    world
        .on(1, "192.0.2.7", 443, false)
        .close_after(Ending::ByUs);
    // So that there is a ring to fall behind.
    world.on(0, "192.0.2.99", 22, true).close();
    world.tick();
    world.on(0, "192.0.2.7", 22, true).close();
    for n in 0..300 {
        world
            .on(0, &format!("198.18.{}.{}", n / 250, n % 250), 22, true)
            .close();
    }
    world.tick();
    assert_ne!(world.on(1, "192.0.2.7", 443, false).tag(), "");
    assert_eq!(world.count(Counter::RingOverruns), 2, "both fell behind");
}

#[test]
fn shared_data_that_is_gone_is_begun_anew() {
    let mut world = World::new("");
    world.knock("192.0.2.7", 22);
    world.store.wipe();
    assert_eq!(world.tag("192.0.2.7"), "");
    world.workers[0].tick(&mut world.store, START, || Some([43; 16]));
    assert_eq!(world.tag("192.0.2.7"), "");
    assert_ne!(world.knock("192.0.2.7", 22), "");
    assert_ne!(world.tag("192.0.2.7"), "");
}

#[test]
fn nothing_is_judged_before_there_is_a_seed() {
    let mut world = World::with_workers("", 0);
    world
        .workers
        .push(Detector::new(parse_policy(b"").unwrap()));
    world.workers[0].tick(&mut world.store, START, || None);
    assert_eq!(world.knock("192.0.2.7", 22), "");
    world.tick();
    assert_ne!(world.knock("192.0.2.7", 22), "");
}

#[test]
fn all_workers_count_the_same_source() {
    let mut world = World::with_workers("", 4);
    for n in 0..40 {
        world.on(n % 4, "192.0.2.7", 22, true).close();
    }
    let tag = world.on(0, "192.0.2.7", 443, false).close();
    assert!(tag.contains("hits=41"), "{tag}");
    assert_eq!(world.count(Counter::VerdictsProbe), 1);
    assert_eq!(world.count(Counter::EvidenceDecoy), 1);
}

#[test]
fn a_request_served_after_the_verdict_does_not_hide_it() {
    let mut world = World::new("");
    let peer = SocketAddr::new("192.0.2.7".parse().unwrap(), 40_000);
    let endpoints = Endpoints {
        peer,
        local: "198.51.100.1:443".parse().unwrap(),
    };
    let World {
        store,
        workers,
        now,
        real,
        decoy,
        ..
    } = &mut world;
    let worker = &mut workers[0];
    let (mut contact, _) = worker.open(store, *now, real, endpoints);
    worker.open(store, *now, decoy, endpoints);
    worker.served(store, *now, &mut contact);
    assert_ne!(world.tag("192.0.2.7"), "");
}
