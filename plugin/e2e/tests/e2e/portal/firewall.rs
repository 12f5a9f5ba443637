//! The feed in the sets of real firewalls, inside a namespace.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use anyhow::ensure;
use real_envoy::{Netns, Result, http::Source};

use super::feed_with;
use crate::edge::{Edge, knock, namespaces_are_available};

/// An edge inside `namespace` that a scanner of each family has touched.
fn scanned(namespace: &Netns) -> Result<Edge> {
    let edge = Edge::start_inside(namespace, "edge.yaml", |builder| builder)?;
    let decoy = edge.decoy(0);
    knock(&Source::loopback(31, 0, 1).inside(namespace), decoy)?;
    knock(&Source::loopback(31, 0, 2).inside(namespace), decoy)?;
    Source::loopback_v6()
        .inside(namespace)
        .touch(([0, 0, 0, 0, 0, 0, 0, 1u16], decoy.port()).into())?;
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
fn is_there(program: &str, package: &str) -> bool {
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
    let v4 = listed("sources_v4")?;
    for address in ["127.31.0.1", "127.31.0.2"] {
        assert!(
            v4.contains(&format!("{address} timeout 7d expires ")),
            "{v4}"
        );
    }
    assert!(listed("sources_v6")?.contains("::/64 timeout 7d expires "));
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
