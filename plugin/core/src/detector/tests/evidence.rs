//! What makes a source flagged, and what is said of it.

use super::*;
use crate::exploit::Strength;

#[test]
fn a_strangers_first_contact_with_a_decoy_is_enough() {
    let mut world = World::new("");
    assert_eq!(world.tag("192.0.2.7"), "");
    let visit = world.decoy("192.0.2.7", 23);
    assert_eq!(
        visit.tag(),
        "kind=probe, risk=45, class=suspicious, ports=1, hosts=1, hits=1, first=@1790000000, \
         last=@1790000000, tags=(decoy), src=local"
    );
    assert!(visit.opened.tag_changed);
    let line = visit.opened.line.as_deref().unwrap();
    assert!(
        line.starts_with("portscan: 192.0.2.7 flagged: kind=probe"),
        "{line}"
    );
    assert!(line.ends_with("; reasons: touched decoy 23/tcp"), "{line}");
    visit.close();
    assert!(world.tag("192.0.2.7").contains("tags=(decoy silent)"));
    assert_eq!(world.tag("192.0.2.8"), "");
    assert_eq!(world.count(Counter::VerdictsProbe), 1);
}

#[test]
fn sensitivity_says_how_many_contacts_it_takes() {
    let contacts = |sensitivity: &str| {
        let mut world = World::new(&format!(r#"{{"sensitivity":"{sensitivity}"}}"#));
        (1..10).find(|n| !world.knock("192.0.2.7", 20 + n).is_empty())
    };
    assert_eq!(contacts("high"), Some(1));
    assert_eq!(contacts("medium"), Some(1));
    assert_eq!(contacts("low"), Some(2));
}

#[test]
fn the_kind_is_that_of_the_targets() {
    let mut world = World::new("");
    let mut touch = |peer: &str, targets: &[&str]| {
        let mut tag = String::new();
        for target in targets {
            tag = world.visit(0, peer, target, true).close();
        }
        tag
    };
    assert!(touch("192.0.2.1", &["198.51.100.1:22", "198.51.100.1:23"]).contains("kind=vertical"));
    assert!(
        touch("192.0.2.2", &["198.51.100.1:22", "198.51.100.2:22"]).contains("kind=horizontal")
    );
    let block = ["198.51.100.1:22", "198.51.100.2:23", "198.51.100.2:25"];
    let tag = touch("192.0.2.3", &block);
    assert!(
        tag.contains("kind=block") && tag.contains("ports=3, hosts=2"),
        "{tag}"
    );
}

#[test]
fn a_scan_of_all_ports_is_counted_within_a_tenth() {
    let mut world = World::new("");
    for port in 1..=u16::MAX {
        world.knock("192.0.2.7", port);
    }
    let tag = world.tag("192.0.2.7");
    let ports = tag
        .split(", ")
        .find_map(|member| member.strip_prefix("ports="))
        .unwrap();
    let ports: u32 = ports.parse().unwrap();
    assert!((58_982..=72_088).contains(&ports), "{tag}");
    assert!(
        tag.contains("kind=vertical") && tag.contains("class=malicious"),
        "{tag}"
    );
    assert!(tag.contains("hits=65536"), "{tag}");
    assert_eq!(world.pages("sketches"), 1);
}

#[test]
fn a_decoy_reached_by_mistake_needs_a_second_look() {
    let mut world = World::new("");
    assert_eq!(world.decoy("192.0.2.1", 8080).tag(), "");
    assert!(
        world
            .knock("192.0.2.2", 8080)
            .contains("tags=(decoy silent)")
    );
    let mut asks = |peer: &str, bytes: &[u8]| {
        let mut visit = world.decoy(peer, 8080);
        visit.send(bytes);
        (visit.tag().to_string(), visit.close())
    };
    assert_eq!(asks("192.0.2.3", REQUEST), (String::new(), String::new()));
    for (peer, bytes) in [
        (
            "192.0.2.4",
            &b"GET / HTTP/1.1\r\nHost: 198.51.100.1:8080\r\n\r\n"[..],
        ),
        ("192.0.2.5", b"GET / HTTP/1.0\r\n\r\n"),
        ("192.0.2.6", b"SSH-2.0-Go\r\n"),
    ] {
        assert!(asks(peer, bytes).0.contains("tags=(decoy)"), "{peer}");
    }
    // Never enough to tell: unknown counts as not asking.
    let (open, closed) = asks("192.0.2.7", b"GET / HT");
    assert_eq!((open.as_str(), closed.contains("tags=(decoy)")), ("", true));
}

#[test]
fn a_browser_lured_to_a_decoy_is_not_flagged_for_that() {
    let mut world = World::new("");
    let mut visit = world.decoy("192.0.2.7", 5432);
    assert!(visit.tag().starts_with("kind=probe"));
    // Split over two reads.
    assert_eq!(visit.send(&REQUEST[..20]), Reaction::default());
    assert!(visit.contact.wants_more());
    let reaction = visit.send(&REQUEST[20..]);
    assert!(reaction.tag_changed && !visit.contact.wants_more());
    assert_eq!(visit.close(), "");
    assert_eq!(world.tag("192.0.2.7"), "");
    assert_eq!(world.count(Counter::VerdictsWithdrawn), 1);
    // The second decoy target is too much.
    let mut visit = world.decoy("192.0.2.7", 5433);
    visit.send(REQUEST);
    assert!(visit.close().contains("kind=vertical"));
}

#[test]
fn a_verdict_from_before_is_not_withdrawn() {
    let mut world = World::new("");
    world.knock("192.0.2.7", 22);
    let mut visit = world.decoy("192.0.2.7", 5432);
    visit.send(REQUEST);
    assert!(visit.close().starts_with("kind=vertical"));
    assert_eq!(world.count(Counter::VerdictsWithdrawn), 0);
}

#[test]
fn decoy_weights_override() {
    let policy = r#"{"decoy_weights":{"8080":0,"22":4.5,"23":4.6}}"#;
    let mut world = World::new(policy);
    assert_eq!(world.knock("192.0.2.1", 8080), "");
    assert_eq!(world.decoy("192.0.2.2", 22).tag(), "");
    assert!(world.decoy("192.0.2.3", 23).tag().starts_with("kind=probe"));
}

#[test]
fn silence_at_a_real_port_flags_nobody_at_any_sensitivity() {
    let mut world = World::new(r#"{"sensitivity":"high"}"#);
    for _ in 0..2_000 {
        assert_eq!(world.real("192.0.2.7", 443).close(), "");
        world.wait(10);
    }
    assert!(world.count(Counter::EvidenceSilent) < 200);
}

#[test]
fn silence_at_many_real_ports_is_a_scan() {
    let mut world = World::new("");
    let flagged = (1..20).find(|port| !world.real("192.0.2.7", *port).close().is_empty());
    assert_eq!(flagged, Some(4));
}

#[test]
fn a_failed_handshake_is_no_silence() {
    let mut world = World::new("");
    world
        .real("192.0.2.7", 443)
        .close_after(Ending::HandshakeFailed);
    assert_eq!(world.count(Counter::EvidenceSilent), 0);
    assert_eq!(world.count(Counter::RealConnections), 1);
}

#[test]
fn a_held_decoy_connection_is_judged_and_closed() {
    let mut world = World::new("");
    let mut visit = world.decoy("192.0.2.7", 8080);
    visit.wait(30);
    let reaction = visit.hold();
    assert!(reaction.close && reaction.tag_changed);
    assert!(visit.close().contains("tags=(decoy silent)"));
    assert_eq!(world.count(Counter::EvidenceSilent), 1);
    assert_eq!(world.count(Counter::HeldClosed), 1);
    let mut visit = world.real("192.0.2.8", 443);
    assert!(!visit.hold().close);
}

#[test]
fn declared_scanners_are_flagged_at_once_and_never_blocked() {
    let policy = r#"{"known_scanners":[{"actor":"censys","networks":["192.0.2.0/24"]}],
                     "action":"block","block_risk":1}"#;
    let mut world = World::new(policy);
    let visit = world.real("192.0.2.7", 443);
    assert!(
        visit.tag().contains("class=benign, actor=\"censys\""),
        "{}",
        visit.tag()
    );
    assert!(visit.tag().contains("tags=(known)"));
    assert!(!visit.opened.close);
    visit.close();
    for port in 1..30 {
        assert!(!world.decoy("192.0.2.7", port).opened.close);
    }
}

#[test]
fn trusted_sources_are_neither_judged_nor_stored() {
    let mut world = World::new(r#"{"trusted":["192.0.2.0/24","2001:db8::/32"]}"#);
    for port in 1..30 {
        assert_eq!(world.knock("192.0.2.7", port), "");
        assert_eq!(world.knock("::ffff:192.0.2.7", port), "");
        assert_eq!(world.knock("2001:db8::7", port), "");
    }
    assert_eq!(world.pages("sources"), 0);
    assert_eq!(world.count(Counter::DecoyConnections), 87);
}

#[test]
fn a_verdict_ends_and_evidence_renews_it() {
    let mut world = World::new(r#"{"verdict_ttl_secs":100}"#);
    world.knock("192.0.2.7", 22);
    world.wait(99);
    assert!(
        !world.knock("192.0.2.7", 22).is_empty(),
        "a decoy touched again"
    );
    world.wait(99);
    assert!(!world.tag("192.0.2.7").is_empty(), "renewed");
    world.wait(1);
    assert_eq!(world.tag("192.0.2.7"), "");
}

#[test]
fn requests_that_are_served_do_not_renew_a_verdict() {
    let mut world = World::new(r#"{"verdict_ttl_secs":100}"#);
    world.knock("192.0.2.7", 22);
    for _ in 0..9 {
        world.wait(11);
        assert!(!world.request("192.0.2.7").is_empty());
    }
    world.wait(1);
    assert_eq!(world.request("192.0.2.7"), "");
}

#[test]
fn a_verdict_that_ends_disappears_from_an_open_connection() {
    let mut world = World::new(r#"{"verdict_ttl_secs":100}"#);
    world.knock("192.0.2.7", 22);
    let mut visit = world.real("192.0.2.7", 443);
    visit.wait(99);
    visit.send(REQUEST);
    assert!(!visit.tag().is_empty());
    visit.wait(1);
    assert!(visit.send(REQUEST).tag_changed);
    assert_eq!(visit.tag(), "");
}

#[test]
fn the_risk_falls_as_evidence_ages() {
    let mut world = World::new("");
    world.knock("192.0.2.7", 22);
    let at_first = risk(&world.tag("192.0.2.7"));
    world.wait(3 * 86_400);
    let later = risk(&world.tag("192.0.2.7"));
    assert!(later < at_first, "{later} {at_first}");
}

fn risk(tag: &str) -> u8 {
    let risk = tag
        .split(", ")
        .find_map(|member| member.strip_prefix("risk="));
    risk.unwrap().parse().unwrap()
}

#[test]
fn a_target_counts_anew_when_the_memory_has_rotated() {
    let mut world = World::new(r#"{"sensitivity":"low"}"#);
    assert_eq!(world.knock("192.0.2.7", 22), "");
    world.wait(60);
    assert_eq!(world.knock("192.0.2.7", 22), "", "the same target");
    world.wait(86_400);
    assert_eq!(world.count(Counter::EvidenceDecoy), 1);
    assert!(
        !world.knock("192.0.2.7", 22).is_empty(),
        "6 and 1.5 more on half of 7.5"
    );
    assert_eq!(world.count(Counter::EvidenceDecoy), 2);
}

#[test]
fn blocking_closes_from_the_risk_on() {
    let mut world = World::new(r#"{"action":"block","block_risk":60}"#);
    assert!(!world.decoy("192.0.2.7", 22).opened.close);
    assert!(world.decoy("192.0.2.7", 23).opened.close);
    assert!(world.real("192.0.2.7", 443).opened.close);
    assert_eq!(world.count(Counter::Blocked), 2);

    let mut world = World::new(r#"{"action":"dry_run","block_risk":60}"#);
    world.knock("192.0.2.7", 22);
    assert!(!world.decoy("192.0.2.7", 23).opened.close);
    assert_eq!(world.count(Counter::WouldBlock), 1);
}

#[test]
fn a_connection_that_turns_bad_is_left_to_the_tagger_where_there_is_one() {
    for (standing, closes) in [("bytes", true), ("tagger", false)] {
        let policy = r#"{"action":"block","block_risk":40}"#;
        let mut world = World::with_workers(policy, 2);
        world.real = listener(&format!(r#"{{"role":"sensor","standing":"{standing}"}}"#));
        let peer = SocketAddr::new("192.0.2.7".parse().unwrap(), 40_000);
        let local = "198.51.100.1:443".parse().unwrap();
        let endpoints = Endpoints { peer, local };
        let World {
            store,
            workers,
            now,
            real,
            ..
        } = &mut world;
        let (mut contact, _) = workers[0].open(store, *now, real, endpoints);
        world.knock("192.0.2.7", 22);
        let World {
            store,
            workers,
            now,
            real,
            ..
        } = &mut world;
        let read = |_| REQUEST.to_vec();
        let len = REQUEST.len();
        let reaction = workers[0].data(store, *now, real, &mut contact, len, read);
        assert!(reaction.tag_changed);
        assert_eq!(reaction.close, closes, "{standing}");
    }
}

#[test]
fn a_held_connection_of_a_trusted_source_is_closed_too() {
    let mut world = World::new(r#"{"trusted":["192.0.2.7"]}"#);
    let mut visit = world.decoy("192.0.2.7", 22);
    assert!(visit.hold().close);
    assert_eq!(visit.close(), "");
}

#[test]
fn log_lines_are_bounded_and_the_rest_is_counted() {
    let mut world = World::new("");
    let lines = (0..100)
        .filter(|n| {
            world
                .decoy(&format!("192.0.2.{n}"), 22)
                .opened
                .line
                .is_some()
        })
        .count();
    assert_eq!(lines, 10);
    assert_eq!(world.count(Counter::VerdictLinesSuppressed), 90);
}

#[test]
fn a_request_that_only_attackers_send_flags_a_stranger_at_once() {
    let mut world = World::new("");
    let tag = world.ask(
        "192.0.2.7",
        Request {
            exploit: Some(CERTAIN),
            ..Request::default()
        },
    );
    assert!(
        tag.contains("class=malicious") && tag.contains("tags=(exploit)"),
        "{tag}"
    );
    assert_ne!(world.tag("192.0.2.7"), "");
}

#[test]
fn requests_for_what_is_not_there_and_for_bare_addresses_are_weaker() {
    let mut world = World::new("");
    let probe = Request {
        exploit: Some(PROBE),
        ..Request::default()
    };
    let literal = Request {
        has_literal_host: true,
        ..Request::default()
    };
    assert_eq!(world.ask("192.0.2.7", probe), "");
    assert_ne!(world.ask("192.0.2.7", probe), "", "the second one");
    for _ in 0..100 {
        assert_eq!(world.ask("192.0.2.8", literal), "");
        world.wait(600);
    }
    assert_ne!(world.ask("192.0.2.8", probe), "", "both together");
}

#[test]
fn a_client_that_always_asks_for_a_bare_address_is_read_and_not_written() {
    let mut world = World::new("");
    let literal = Request {
        has_literal_host: true,
        ..Request::default()
    };
    world.ask("192.0.2.7", literal);
    world.ask("192.0.2.7", literal);
    let before = world.store.writes();
    for _ in 0..10 {
        world.ask("192.0.2.7", literal);
    }
    assert_eq!(world.store.writes(), before);
}

#[test]
fn a_request_for_a_bare_address_that_is_served_earns_standing() {
    let mut world = World::new("");
    world.real = listener(r#"{"role":"sensor","standing":"tagger"}"#);
    let literal = Request {
        has_literal_host: true,
        ..Request::default()
    };
    let endpoints = Endpoints {
        peer: "192.0.2.7:40000".parse().unwrap(),
        local: "198.51.100.1:443".parse().unwrap(),
    };
    let mut visit = world.real("192.0.2.7", 443);
    visit.send(REQUEST);
    visit
        .detector
        .request(visit.store, *visit.now, visit.listener, endpoints, literal);
    visit.served();
    visit.close();
    assert_eq!(world.knock("192.0.2.7", 22), "");
    assert_ne!(world.knock("192.0.2.7", 23), "");
}

#[test]
fn one_exploit_from_an_address_in_good_standing_is_not_enough() {
    let mut world = World::new("");
    world.request("192.0.2.7");
    let exploit = Request {
        exploit: Some(CERTAIN),
        ..Request::default()
    };
    assert_eq!(world.ask("192.0.2.7", exploit), "");
    assert_ne!(world.ask("192.0.2.7", exploit), "");
}

#[test]
fn a_declared_scanner_that_does_harm_is_malicious() {
    let policy = r#"{"known_scanners":[{"actor":"me","networks":["192.0.2.0/24"]}]}"#;
    let mut world = World::new(policy);
    assert!(
        world
            .real("192.0.2.7", 443)
            .tag()
            .contains("class=benign, actor=\"me\"")
    );
    let exploit = Request {
        exploit: Some(CERTAIN),
        ..Request::default()
    };
    assert!(world.ask("192.0.2.7", exploit).contains("class=malicious"));
}

const CERTAIN: Exploit = Exploit {
    number: 1,
    strength: Strength::Certain,
};
const PROBE: Exploit = Exploit {
    number: 1,
    strength: Strength::Probe,
};
