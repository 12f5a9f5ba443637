//! The same for the same seed, and what it says.

use hashbrown::{HashMap, HashSet};
use portscan_core::first_bytes::{Asks, Names, asks};
use portscan_replay::trace::read_file;

use super::payload::{client_hello, http};
use super::*;
use crate::traces;

fn all(seed: u64) -> Population {
    people(seed, write::START, 1e-2, 500)
        .with(machines(seed, write::START, 50))
        .with(scans(seed, write::START, 200))
}

#[test]
fn the_same_seed_makes_the_same_clients_and_another_seed_others() {
    assert_eq!(all(1), all(1));
    assert_ne!(all(1).contacts, all(2).contacts);
}

#[test]
fn every_kind_is_made_and_every_address_is_one_client() {
    let made = all(1);
    let kinds: HashSet<Kind> = made.clients.iter().map(|client| client.kind).collect();
    assert_eq!(kinds.len(), Kind::ALL.len());
    let addresses: HashSet<IpAddr> = made.clients.iter().map(|client| client.src).collect();
    assert_eq!(addresses.len(), made.clients.len());
    let strangers = made
        .contacts
        .iter()
        .find(|contact| !addresses.contains(&contact.src));
    assert_eq!(strangers, None);
}

#[test]
fn accidents_happen_as_often_as_asked_for_and_with_decoys_alone() {
    for probability in [1e-3, 1e-2] {
        let made = people(3, write::START, probability, 2);
        let days: u64 = made.clients.iter().map(|client| client.client_days).sum();
        let expected = probability * days as f64;
        let found = made.accidents.len() as f64;
        // Five standard deviations.
        assert!(
            (found - expected).abs() < 5.0 * expected.sqrt(),
            "{found} {expected}"
        );
        let decoys = made
            .contacts
            .iter()
            .filter(|contact| !REAL_PORTS.contains(&contact.dport));
        assert_eq!(decoys.count(), made.accidents.len());
        for accident in made.accidents.iter().take(20) {
            let contact = &made.contacts[accident.contact];
            let was_served = made.contacts.iter().any(|other| {
                other.src == contact.src
                    && other.served == Some(true)
                    && (contact.at - DAY..contact.at).contains(&other.at)
            });
            assert_eq!(accident.in_good_standing, was_served);
        }
    }
}

#[test]
fn machines_never_leave_their_port() {
    let made = machines(5, write::START, 10);
    let mut ports: HashMap<IpAddr, HashSet<u16>> = HashMap::new();
    for contact in &made.contacts {
        ports.entry(contact.src).or_default().insert(contact.dport);
    }
    assert!(ports.values().all(|ports| ports.len() == 1));
    let checker = made
        .clients
        .iter()
        .find(|client| client.kind == Kind::HealthChecker)
        .unwrap();
    let checks: Vec<&Contact> = made
        .contacts
        .iter()
        .filter(|contact| contact.src == checker.src)
        .collect();
    assert_eq!(checks.len(), 8_640);
    assert!(
        checks
            .windows(2)
            .all(|two| two[1].at - two[0].at == 10 * SECOND)
    );
    assert!(checks.iter().all(|check| check.bytes == Some(0)));
}

#[test]
fn scanners_come_in_the_shares_that_were_measured() {
    let made = scans(7, write::START, 10_000);
    let mut ports: HashMap<IpAddr, HashSet<u16>> = HashMap::new();
    for contact in &made.contacts {
        ports.entry(contact.src).or_default().insert(contact.dport);
    }
    assert_eq!(ports.len(), made.clients.len());
    let share = |count: usize| count as f64 / made.clients.len() as f64;
    let one = ports.values().filter(|ports| ports.len() == 1).count();
    assert!((0.86..0.90).contains(&share(one)), "{}", share(one));
    let real_only = ports
        .values()
        .filter(|ports| ports.iter().all(|port| REAL_PORTS.contains(port)))
        .count();
    assert!(
        (0.01..0.03).contains(&share(real_only)),
        "{}",
        share(real_only)
    );
    let distributed = made
        .clients
        .iter()
        .filter(|client| client.kind == Kind::Distributed)
        .count();
    assert_eq!(distributed, 5_600);
    let decoys = made.contacts.iter().filter(|contact| {
        let client = made.clients.iter().find(|client| client.src == contact.src);
        client.is_some_and(|client| client.kind == Kind::SinglePort)
    });
    let (mut silent, mut contacts) = (0, 0);
    for contact in decoys {
        contacts += 1;
        silent += usize::from(contact.first.is_empty());
    }
    let silent = silent as f64 / contacts as f64;
    assert!((0.21..0.28).contains(&silent), "{silent}");
}

#[test]
fn login_probers_come_every_611_seconds_for_a_day() {
    let made = login_probers(1, write::START, 5900, 10);
    assert_eq!(made.contacts.len(), 10 * 141);
    let mut times: Vec<Micros> = made
        .contacts
        .iter()
        .filter(|contact| contact.src == made.clients[0].src)
        .map(|contact| contact.at)
        .collect();
    times.sort_unstable();
    let gaps = times.windows(2).map(|two| (two[1] - two[0]) / SECOND);
    assert!(gaps.clone().all(|gap| (550..=672).contains(&gap)));
    let mean = gaps.sum::<u64>() / 140;
    assert!((595..=625).contains(&mean), "{mean}");
}

#[test]
fn first_bytes_are_what_they_seem() {
    let names = Names::default();
    let asked = |bytes: &[u8]| asks(bytes, &names);
    assert_eq!(asked(&client_hello(Some(SERVED_NAME))), Asks::Served);
    assert_eq!(asked(&http(SERVED_NAME, "/")), Asks::Served);
    assert_eq!(asked(&client_hello(None)), Asks::Otherwise);
    assert_eq!(asked(&http("192.0.2.1", "/")), Asks::Address);
    assert_eq!(asked(payload::SSH), Asks::Otherwise);
}

#[test]
fn the_set_in_the_repository_is_what_its_seed_makes() {
    let set = write::set();
    let file = traces::package_dir().join(traces::GENERATED);
    assert!(std::fs::metadata(&file).unwrap().len() <= 200_000);
    assert_eq!(read_file(&file).unwrap(), set.contacts);
    let labels = std::fs::read_to_string(traces::package_dir().join(traces::GENERATED_LABELS));
    assert_eq!(labels.unwrap(), write::labels(&set));
}
