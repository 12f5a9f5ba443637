//! How connections end, and what is forgotten.

use super::*;

#[test]
fn who_was_hung_up_on_at_once_was_not_silent() {
    let mut world = World::new("");
    assert_eq!(world.real("192.0.2.7", 443).close_after(Ending::ByUs), "");
    // A port reached by mistake: nobody can tell what he would have asked for.
    assert_eq!(world.decoy("192.0.2.7", 8080).close_after(Ending::ByUs), "");
    assert_eq!(world.count(Counter::EvidenceSilent), 0);
    // Who had the time to speak, and did not, was.
    let mut visit = world.real("192.0.2.8", 443);
    visit.wait(5);
    visit.close_after(Ending::ByUs);
    assert_eq!(world.count(Counter::EvidenceSilent), 1);
}

#[test]
fn a_blocked_source_that_keeps_trying_does_not_renew_its_verdict() {
    let policy = r#"{"action":"block","block_risk":40,"verdict_ttl_secs":100}"#;
    let mut world = World::new(policy);
    world.knock("192.0.2.7", 22);
    for _ in 0..9 {
        world.wait(11);
        let visit = world.real("192.0.2.7", 443);
        assert!(visit.opened.close);
        visit.close_after(Ending::ByUs);
    }
    world.wait(1);
    assert!(!world.real("192.0.2.7", 443).opened.close);
}

#[test]
fn silence_at_a_real_port_counts_beside_that_at_a_decoy() {
    let mut world = World::new("");
    world.knock("192.0.2.7", 22);
    let tag = world.real("192.0.2.7", 443).close();
    assert!(
        tag.contains("kind=vertical") && tag.contains("ports=2"),
        "{tag}"
    );
}

#[test]
fn a_served_client_may_hold_idle_connections_to_all_addresses() {
    let mut world = World::new("");
    world.request("192.0.2.7");
    for host in 1..9 {
        let local = format!("198.51.100.{host}:443");
        assert_eq!(world.visit(0, "192.0.2.7", &local, false).close(), "");
        world.wait(61);
    }
    assert_eq!(world.tag("192.0.2.7"), "");
}

#[test]
fn a_connection_that_goes_on_keeps_its_source_in_good_standing() {
    let mut world = World::new("");
    let mut visit = world.real("192.0.2.7", 443);
    visit.send(REQUEST);
    for _ in 0..72 {
        visit.wait(3_600);
        visit.detector.tick(visit.store, *visit.now, || None);
        visit.send(b"more");
    }
    // It is open still.
    drop(visit);
    assert_eq!(world.knock("192.0.2.7", 22), "");
}

#[test]
fn good_standing_outlives_the_slot() {
    let mut world = World::new("");
    // A slot, then a request.
    world.real("192.0.2.7", 25).close();
    world.request("192.0.2.7");
    let keys: Vec<String> = world
        .store
        .iter()
        .map(|(key, _)| key.to_string())
        .filter(|key| key.contains("sources"))
        .collect();
    for key in keys {
        world.store.overwrite(&key, b"");
    }
    assert_eq!(world.knock("192.0.2.7", 22), "");
}

#[test]
fn a_slot_with_nothing_in_it_is_given_up() {
    let mut world = World::new("");
    world.real("192.0.2.7", 25).close();
    assert_eq!(world.tracked(), 1);
    world.wait(86_400);
    world.request("192.0.2.7");
    assert_eq!(world.tracked(), 1, "half of the evidence is left");
    world.wait(5 * 86_400);
    world.request("192.0.2.7");
    assert_eq!(world.tracked(), 0);
    let cost = (world.store.reads(), world.store.writes());
    world.request("192.0.2.7");
    assert_eq!((world.store.reads(), world.store.writes()), cost);
}

#[test]
fn who_is_no_declared_scanner_any_more_is_judged_anew() {
    let mut world = World::new(r#"{"known_scanners":[{"actor":"a","networks":["192.0.2.0/24"]}]}"#);
    assert!(world.tag("192.0.2.7").contains("class=benign"));
    assert!(world.knock("192.0.2.8", 22).contains("class=benign"));
    let mut later = World::new("");
    core::mem::swap(&mut later.store, &mut world.store);
    assert_eq!(later.tag("192.0.2.7"), "");
    let tag = later.tag("192.0.2.8");
    assert!(
        tag.contains("class=suspicious") && tag.contains("tags=(decoy silent)"),
        "{tag}"
    );
}

#[test]
fn a_decoy_without_weight_says_nothing() {
    let mut world = World::new(r#"{"decoy_weights":{"8080":0}}"#);
    world.request("192.0.2.7");
    for _ in 0..3 {
        assert_eq!(world.knock("192.0.2.7", 8080), "");
        assert_eq!(world.knock("192.0.2.9", 8080), "");
    }
    assert_eq!(world.tracked(), 0);
    assert_eq!(
        world.knock("192.0.2.7", 22),
        "",
        "the only decoy that counts"
    );
}
