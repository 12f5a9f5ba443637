//! Networks that scan, ports that clients in good standing touch, logins.

use super::*;

/// Touches other decoys from other addresses of one network, so that no address is flagged by
/// itself; the tag of the last contact.
fn scan_from_many(world: &mut World, addresses: u8) -> String {
    let mut last = String::new();
    for host in 0..addresses {
        last = world.knock(&format!("203.0.113.{host}"), 1_000 + u16::from(host));
        world.wait(1);
        world.tick();
    }
    last
}

#[test]
fn a_scan_from_many_addresses_of_a_network_is_seen() {
    let mut world = World::new(r#"{"without": ["decoy", "silent"]}"#);
    let tag = scan_from_many(&mut world, 12);
    assert!(
        tag.starts_with("kind=distributed") && tag.ends_with("tags=(network), src=network"),
        "{tag}"
    );
    assert_eq!(world.count(Counter::NetworksFlagged), 1);
    assert!(world.count(Counter::VerdictsDistributed) >= 3);
    assert_eq!(world.tag("203.0.113.200"), "", "who did nothing is clean");
    assert_eq!(world.knock("203.0.112.1", 1_000), "", "another network");
}

#[test]
fn without_networks_it_is_not() {
    let mut world = World::new(r#"{"without": ["decoy", "silent", "network"]}"#);
    assert_eq!(scan_from_many(&mut world, 12), "");
}

#[test]
fn a_source_that_does_enough_by_itself_is_no_part_of_the_distributed_scan() {
    let mut world = World::new("");
    scan_from_many(&mut world, 12);
    let tag = world.knock("203.0.113.99", 23);
    assert!(
        tag.starts_with("kind=probe") && tag.ends_with("src=local"),
        "{tag}"
    );
}

#[test]
fn neighbours_do_not_spoil_good_standing() {
    let mut world = World::new("");
    scan_from_many(&mut world, 12);
    assert_eq!(world.request("203.0.113.77"), "");
    assert_eq!(world.knock("203.0.113.77", 8443), "");
}

#[test]
fn a_decoy_that_many_networks_in_good_standing_touch_says_less() {
    let mut world = World::new("");
    for network in 0..60 {
        let client = format!("10.{network}.0.1");
        world.request(&client);
        assert_eq!(world.knock(&client, 9000), "", "{client}");
    }
    world.wait(60);
    world.tick();
    let mut stranger = world.decoy("192.0.2.1", 9000);
    stranger.send(b"x");
    assert_eq!(stranger.close(), "", "a stranger");
    assert_ne!(world.knock("192.0.2.1", 9001), "", "at a second decoy");
    assert_ne!(world.knock("192.0.2.2", 23), "", "at another decoy");
}

#[test]
fn scanners_teach_nothing_about_a_decoy() {
    let mut world = World::new("");
    for network in 0..200 {
        world.knock(&format!("10.{network}.0.1"), 9000);
    }
    world.wait(60);
    world.tick();
    assert_ne!(world.knock("192.0.2.1", 9000), "");
}

#[test]
fn short_sessions_at_logins_are_brute_force_from_the_fourth_on() {
    let mut world = World::new("");
    world.real = listener(r#"{"role":"sensor","login":true,"standing":"tagger"}"#);
    let tags: Vec<String> = (0..4)
        .map(|_| {
            let mut visit = world.real("192.0.2.7", 22);
            visit.send(b"SSH-2.0-x\r\n");
            visit.wait(2);
            visit.close()
        })
        .collect();
    assert_eq!(tags[..3], ["", "", ""]);
    assert!(
        tags[3].contains("class=malicious") && tags[3].contains("tags=(bruteforce)"),
        "{}",
        tags[3]
    );
}

#[test]
fn one_session_at_each_of_many_decoys_is_a_scan_and_no_brute_force() {
    let mut world = World::new("");
    let mut session = |port| {
        let mut visit = world.decoy("192.0.2.7", port);
        visit.send(b"SSH-2.0-x\r\n");
        visit.close()
    };
    for port in [22, 23, 21, 3389, 5900] {
        let tag = session(port);
        assert!(!tag.contains("bruteforce"), "{port}: {tag}");
    }
    session(22);
    let tag = session(22);
    assert!(tag.contains("bruteforce"), "{tag}");
}

#[test]
fn long_sessions_health_checks_and_other_services_are_no_brute_force() {
    let mut world = World::new("");
    for _ in 0..20 {
        let mut visit = world.real("192.0.2.9", 443);
        visit.send(b"x");
        assert_eq!(visit.close(), "", "not a login listener");
    }
    world.real = listener(r#"{"role":"sensor","login":true,"standing":"tagger"}"#);
    for _ in 0..20 {
        let mut visit = world.real("192.0.2.7", 22);
        visit.send(b"SSH-2.0-x\r\n");
        visit.wait(10);
        assert_eq!(visit.close(), "");
        let mut visit = world.real("192.0.2.7", 22);
        visit.send(&[b'x'; 4_096]);
        assert_eq!(visit.close(), "");
        assert_eq!(world.real("192.0.2.8", 22).close(), "", "a health check");
        world.wait(61);
    }
}

#[test]
fn a_health_check_from_a_network_that_scans_is_not_flagged() {
    let mut world = World::new("");
    scan_from_many(&mut world, 12);
    for _ in 0..100 {
        assert_eq!(world.real("203.0.113.200", 80).close(), "");
        assert_eq!(world.real("203.0.113.200", 443).close(), "");
        world.wait(1);
    }
}

#[test]
fn a_flood_between_two_ticks_costs_no_contact_more_than_a_few_calls() {
    let mut world = World::new("");
    for n in 0..600_u16 {
        let (reads, writes) = (world.store.reads(), world.store.writes());
        world.decoy(&format!("10.{}.{}.1", n / 256, n % 256), 23);
        let reads = world.store.reads() - reads;
        let writes = world.store.writes() - writes;
        assert!(reads <= 4 && writes <= 3, "{n}: {reads} {writes}");
    }
    world.tick();
    assert_eq!(world.count(Counter::CasGiveups), 0);
}
