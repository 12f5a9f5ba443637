//! The feed in the sets of real firewalls, inside a namespace.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use anyhow::ensure;
use real_envoy::{Netns, Result, eventually, http::Source, workspace_root};

use super::feed_with;
use crate::edge::{Edge, PATIENCE, host, knock, namespaces_are_available, stranger};

/// An edge inside `namespace` that a scanner of each family has touched.
fn scanned(namespace: &Netns) -> Result<Edge> {
    let edge = Edge::start_inside(namespace, "edge.yaml", |builder| builder)?;
    let decoy = edge.decoy(0);
    knock(&Source::loopback(31, 0, 1).inside(namespace), decoy)?;
    knock(&Source::loopback(31, 0, 2).inside(namespace), decoy)?;
    Source::loopback_v6()
        .inside(namespace)
        .touch(([0, 0, 0, 0, 0, 0, 0, 1u16], decoy.port()).into())?;
    for address in ["127.31.0.1", "127.31.0.2"] {
        feed_with(&edge, "/v1/feed.txt", address)?;
    }
    Ok(edge)
}

/// Feeds `program` with `text` inside `namespace`; what it prints.
pub(super) fn load(namespace: &Netns, program: &str, args: &[&str], text: &str) -> Result<String> {
    let mut child = namespace
        .command(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    ensure!(output.status.success(), "{program}: {said}\n{text}");
    Ok(said)
}

/// Whether `program` is there; says so if not.
pub(super) fn is_there(program: &str, package: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: no {program} on PATH: install {package}");
    }
    found
}

#[test]
fn nft_loads_the_feed_and_loads_it_again() -> Result<()> {
    if !is_there("nft", "nftables") || !namespaces_are_available() {
        return Ok(());
    }
    let namespace = Netns::new()?;
    let edge = scanned(&namespace)?;
    let feed = feed_with(&edge, "/v1/feed.nft", "::/64 timeout")?;
    // Twice: what is there is replaced in one step.
    for _ in 0..2 {
        load(&namespace, "nft", &["-f", "-"], &feed)?;
    }
    let listed = |set| {
        load(
            &namespace,
            "nft",
            &["list", "set", "inet", "portscan", set],
            "",
        )
    };
    // A week; less the seconds between verdict and feed.
    let has = |set: &str, address: &str| {
        let mut weeks = ["7d", "6d23h"].into_iter();
        weeks.any(|week| set.contains(&format!("{address} timeout {week}")))
    };
    let (v4, v6) = (listed("sources_v4")?, listed("sources_v6")?);
    assert!(has(&v4, "127.31.0.1") && has(&v4, "127.31.0.2"), "{v4}");
    assert!(has(&v6, "::/64"), "{v6}");
    // An empty feed empties the sets.
    let none = feed_with(&edge, "/v1/feed.nft?min_risk=100", "# 0 flagged")?;
    load(&namespace, "nft", &["-f", "-"], &none)?;
    assert!(!listed("sources_v4")?.contains("elements"));
    Ok(())
}

#[test]
fn ipset_restores_the_feed_and_restores_it_again() -> Result<()> {
    if !is_there("ipset", "ipset") || !namespaces_are_available() {
        return Ok(());
    }
    let namespace = Netns::new()?;
    let edge = scanned(&namespace)?;
    let feed = feed_with(&edge, "/v1/feed.ipset", "::/64 timeout")?;
    for _ in 0..2 {
        load(&namespace, "ipset", &["restore"], &feed)?;
    }
    let v4 = load(&namespace, "ipset", &["list", "portscan_sources_v4"], "")?;
    assert!(v4.contains("127.31.0.1 timeout 604") && v4.contains("127.31.0.2 timeout 604"));
    let v6 = load(&namespace, "ipset", &["list", "portscan_sources_v6"], "")?;
    assert!(v6.contains("::/64 timeout 604"), "{v6}");
    let names = load(&namespace, "ipset", &["list", "-name"], "")?;
    assert!(!names.contains("_new"), "{names}");
    Ok(())
}

/// The recipe of the README, word for word.
#[test]
fn who_scans_is_shut_out_by_the_rules_of_the_example() -> Result<()> {
    if !is_there("nft", "nftables") || !is_there("curl", "curl") || !namespaces_are_available() {
        return Ok(());
    }
    let (proxy, clients) = Netns::pair(
        &["198.51.100.1/24"],
        &["198.51.100.7/24", "198.51.100.8/24"],
    )?;
    let edge = Edge::start_inside(&proxy, "edge.yaml", |builder| builder)?;
    let example = workspace_root().join("examples/firewall");
    let rules = example.join("portscan.nft");
    // Loading the rules again changes nothing.
    for _ in 0..2 {
        proxy.run("nft", &["-f", &rules.to_string_lossy()])?;
    }
    let (scanner, other) = (
        host(&clients, "198.51.100.7")?,
        host(&clients, "198.51.100.8")?,
    );
    for port in [10_022, 10_023, 10_445] {
        scanner.touch(([198, 51, 100, 1], port).into())?;
    }
    feed_with(&edge, "/v1/feed.nft?min_risk=50", "198.51.100.7")?;
    let service = ([198, 51, 100, 1], 10_000).into();
    assert_eq!(scanner.send(service, &stranger())?.status, 200);
    eventually("the scanner is in the set", PATIENCE, || {
        proxy
            .run(&example.join("update.sh").to_string_lossy(), &[])
            .ok()?;
        let set = load(&proxy, "nft", &["list", "table", "inet", "portscan"], "").ok()?;
        set.contains("198.51.100.7 timeout").then_some(())
    })?;
    assert_eq!(other.send(service, &stranger())?.status, 200);
    assert!(scanner.connect(service).is_err());
    Ok(())
}
