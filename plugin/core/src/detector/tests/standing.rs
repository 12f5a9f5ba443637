//! Good standing: who is spared, and what it does not buy.

use super::*;

#[test]
fn a_client_in_good_standing_may_touch_one_decoy() {
    for sensitivity in ["low", "medium", "high"] {
        let mut world = World::new(&format!(r#"{{"sensitivity":"{sensitivity}"}}"#));
        world.request("192.0.2.7");
        for _ in 0..3 {
            assert_eq!(world.knock("192.0.2.7", 22), "", "{sensitivity}");
            world.wait(61);
        }
        assert_ne!(world.knock("192.0.2.7", 23), "", "{sensitivity}");
    }
}

#[test]
fn idle_connections_of_a_client_in_good_standing_do_not_add_up_with_one_decoy() {
    let mut world = World::new(r#"{"sensitivity":"high"}"#);
    world.request("192.0.2.7");
    for port in [80, 443] {
        assert_eq!(world.real("192.0.2.7", port).close(), "");
        world.wait(61);
    }
    assert_eq!(world.knock("192.0.2.7", 22), "");
}

#[test]
fn standing_lasts_for_a_day() {
    let mut world = World::new("");
    world.request("192.0.2.7");
    world.wait(2 * 86_400);
    assert_ne!(world.knock("192.0.2.7", 22), "");
}

#[test]
fn only_what_asks_for_a_served_name_is_standing() {
    let mut world = World::new("");
    world.real = listener(r#"{"role":"sensor","names":["shop.example"]}"#);
    let mut visit = world.real("192.0.2.7", 443);
    visit.send(b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n");
    visit.close();
    assert_ne!(world.knock("192.0.2.7", 22), "");
}

#[test]
fn with_a_tagger_only_the_tagger_says_who_was_served() {
    let mut world = World::new("");
    world.real = listener(r#"{"role":"sensor","standing":"tagger"}"#);
    world.request("192.0.2.7");
    assert_ne!(world.knock("192.0.2.7", 22), "");
    let mut visit = world.real("192.0.2.8", 443);
    visit.served();
    visit.close();
    assert_eq!(world.knock("192.0.2.8", 22), "");
}

#[test]
fn a_long_session_is_standing() {
    let mut world = World::new("");
    let mut visit = world.real("192.0.2.7", 22);
    visit.send(b"SSH-2.0-OpenSSH_9.2\r\n");
    visit.wait(10);
    visit.close();
    assert_eq!(world.knock("192.0.2.7", 23), "");

    let mut visit = world.real("192.0.2.8", 22);
    visit.send(&[0; 4_096]);
    visit.close();
    assert_eq!(world.knock("192.0.2.8", 23), "");

    let mut silent = world.real("192.0.2.9", 22);
    silent.wait(10);
    silent.close();
    assert_ne!(world.knock("192.0.2.9", 23), "");
}

#[test]
fn credit_has_a_rate_and_a_floor() {
    let mut world = World::new("");
    world.request("192.0.2.7");
    assert_eq!(world.knock("192.0.2.7", 22), "");
    // Served in each of the next 20 hours, many times.
    for _ in 0..200 {
        world.wait(360);
        world.request("192.0.2.7");
    }
    // 7.5 · 2^(-20/24) + 6 + 1.4 - 4 is beyond 4.6 all the same.
    assert_ne!(world.knock("192.0.2.7", 23), "");
}

#[test]
fn ipv6_neighbours_stand_for_each_other_within_their_64() {
    let mut world = World::new(r#"{"sources":{"ipv6_prefix":128}}"#);
    world.request("2001:db8::1");
    assert_eq!(world.knock("2001:db8::2", 22), "");
    assert_ne!(world.knock("2001:db8:0:1::2", 22), "");
}

#[test]
fn a_client_that_uses_a_service_costs_one_look_and_one_record() {
    let mut world = World::new("");
    world.request("192.0.2.7");
    let cost = (world.store.reads(), world.store.writes());
    for _ in 0..100 {
        world.request("192.0.2.7");
    }
    assert_eq!((world.store.reads(), world.store.writes()), cost);
    assert_eq!(world.pages("sources"), 0);
}

#[test]
fn who_comes_by_a_stale_name_every_day_is_never_flagged_for_it() {
    for port in [9000, 8080] {
        let mut world = World::new("");
        for day in 0..30 {
            for _ in 0..3 {
                let mut visit = world.decoy("192.0.2.7", port);
                visit.send(REQUEST);
                assert_eq!(visit.close(), "", "port {port}, day {day}");
                world.wait(28_000);
            }
            world.tick();
        }
        assert_ne!(world.knock("192.0.2.7", 23), "", "another decoy");
    }
}

#[test]
fn asking_for_a_name_at_a_second_decoy_is_enough() {
    let mut world = World::new("");
    for (port, is_flagged) in [(9000, false), (9001, true)] {
        let mut visit = world.decoy("192.0.2.7", port);
        visit.send(REQUEST);
        assert_eq!(!visit.close().is_empty(), is_flagged, "port {port}");
    }
}
