//! Each rule flags what it says, and not one less.

use super::*;
use crate::generate::SECOND;

fn attempt(secs: u64, host: u8, dst: u8, port: u16, failed: bool) -> Attempt {
    Attempt {
        at: secs * SECOND,
        src: IpAddr::from([192, 0, 2, host]),
        dst: IpAddr::from([198, 51, 100, dst]),
        port,
        failed,
    }
}

/// The number of the attempt that flags, from 1.
fn flagged_by(mut rule: impl Rule, attempts: impl IntoIterator<Item = Attempt>) -> Option<usize> {
    let at = attempts
        .into_iter()
        .position(|attempt| rule.attempt(&attempt))?;
    Some(at + 1)
}

fn ports(count: u16, gap: u64) -> impl Iterator<Item = Attempt> {
    (0..count).map(move |n| attempt(u64::from(n) * gap, 1, 1, 1_000 + n, true))
}

fn hosts(count: u8, gap: u64) -> impl Iterator<Item = Attempt> {
    (0..count).map(move |n| attempt(u64::from(n) * gap, 1, n, 22, true))
}

#[test]
fn fail2ban_flags_the_fifth_failure_in_600_seconds() {
    let same = |gap: u64| (0..20_u64).map(move |n| attempt(n * gap, 1, 1, 5900, true));
    assert_eq!(flagged_by(Fail2ban::default(), same(150)), Some(5));
    assert_eq!(flagged_by(Fail2ban::default(), same(151)), None);
    let served = (0..20).map(|n| attempt(n, 1, 1, 80, false));
    assert_eq!(flagged_by(Fail2ban::default(), served), None);
}

#[test]
fn zeek_flags_15_ports_or_25_addresses_in_5_minutes() {
    assert_eq!(flagged_by(Zeek::default(), ports(30, 20)), Some(15));
    assert_eq!(flagged_by(Zeek::default(), ports(30, 22)), None);
    assert_eq!(flagged_by(Zeek::default(), hosts(30, 10)), Some(25));
    assert_eq!(flagged_by(Zeek::default(), hosts(30, 13)), None);
    assert_eq!(flagged_by(Zeek::default(), hosts(24, 1)), None);
}

#[test]
fn snort_flags_ports_and_sweeps_at_each_level() {
    for (level, by_ports, by_hosts, window) in [
        (Level::Low, 5, 5, 60),
        (Level::Medium, 15, 7, 90),
        (Level::High, 10, 3, 600),
    ] {
        let make = || Snort::new(level);
        assert_eq!(flagged_by(make(), ports(40, 1)), Some(by_ports));
        assert_eq!(flagged_by(make(), hosts(40, 1)), Some(by_hosts));
        let too_slow = window / (u64::try_from(by_ports).unwrap() - 1) + 1;
        assert_eq!(flagged_by(make(), ports(40, too_slow)), None);
    }
}

#[test]
fn trw_takes_three_failures_more_than_successes_and_a_fourth() {
    // ln(0.99 / 0.01) / ln 4 = 3.3.
    let by_port = || Trw::new(Target::AddressAndPort);
    assert_eq!(flagged_by(by_port(), ports(10, 3_600)), Some(4));
    let good = attempt(0, 1, 1, 80, false);
    let mixed = std::iter::once(good).chain(ports(10, 60));
    assert_eq!(flagged_by(by_port(), mixed), Some(6));
    let good = |count| (0..count).map(|n| attempt(0, 1, 1, n, false));
    assert_eq!(
        flagged_by(by_port(), good(3).chain(ports(20, 60))),
        Some(10)
    );
    // The fourth ends the walk: benign, and it begins anew.
    assert_eq!(flagged_by(by_port(), good(4).chain(ports(20, 60))), Some(8));
    // A target counts once a day, and one address is one target.
    let same = (0..100).map(|n| attempt(n, 1, 1, 23, true));
    assert_eq!(flagged_by(by_port(), same), None);
    assert_eq!(flagged_by(Trw::new(Target::Address), ports(100, 1)), None);
    assert_eq!(flagged_by(Trw::new(Target::Address), hosts(10, 1)), Some(4));
    let daily = (0..10).map(|n| attempt(n * 86_400, 1, 1, 23, true));
    assert_eq!(flagged_by(by_port(), daily), Some(4));
}

#[test]
fn the_network_rule_takes_six_targets_and_three_addresses_in_an_hour() {
    let from = |sources: u8, gap: u64| {
        (0..30_u16).map(move |n| {
            let host = u8::try_from(n).unwrap() % sources;
            attempt(u64::from(n) * gap, host, 1, 1_000 + n, true)
        })
    };
    let rule = NetworkRule::default;
    assert_eq!(flagged_by(rule(), from(3, 60)), Some(6));
    assert_eq!(flagged_by(rule(), from(2, 60)), None);
    assert_eq!(flagged_by(rule(), from(3, 721)), None);
    // Then its neighbours, for a day.
    let later = |secs| from(3, 60).take(6).chain([attempt(secs, 99, 1, 22, true)]);
    let mut rule = NetworkRule::default();
    let said: Vec<bool> = later(86_000)
        .map(|attempt| rule.attempt(&attempt))
        .collect();
    assert_eq!(said, [false, false, false, false, false, true, true]);
    let mut rule = NetworkRule::default();
    let said: Vec<bool> = later(87_000)
        .map(|attempt| rule.attempt(&attempt))
        .collect();
    assert!(!said[6]);
}
