//! nmap against the edge: some decoys on loopback, and all 65,535 ports in a namespace.

use std::{collections::BTreeSet, process::Command};

use anyhow::ensure;
use real_envoy::{Netns, Result, eventually, http::Source, workspace_root};

use crate::{
    access_log::{Entry, wait_for_entries},
    edge::{DECOYS, Edge, PATIENCE, host, metric, namespaces_are_available, stranger, tag},
    sound::assert_sound,
    words::Words,
};

#[test]
fn nmap_is_detected_at_its_first_decoy_and_every_decoy_is_counted() -> Result<()> {
    if !nmap_is_there() {
        return Ok(());
    }
    let edge = Edge::start("edge.yaml")?;
    let ports: Vec<String> = DECOYS
        .map(|port| edge.envoy.port(port).to_string())
        .to_vec();
    // nmap scans the addresses of this machine from 127.0.0.1.
    let scanner = Source::loopback(0, 0, 1);
    scan(
        Command::new("nmap").args(["-p", &ports.join(","), "127.71.0.1"]),
        7,
    )?;

    let counter = metric("connections_total.listener.decoy");
    edge.envoy.wait_for_counter(&counter, 7, PATIENCE)?;
    let entries = wait_for_entries(&edge.envoy, "127.0.0.1", 7)?;
    assert!(
        entries.iter().all(|entry| !entry.portscan.is_empty()),
        "{entries:?}"
    );
    assert_eq!(ports_of(&entries).len(), 7);

    let words = eventually("all seven ports", PATIENCE, || {
        let words = Words::of(&edge.tag(&scanner).ok()??);
        (words.ports == 7).then_some(words)
    })?;
    assert_eq!(words.kind, "vertical");
    assert!(words.hits >= 7, "{}", words.hits);
    assert_eq!(words.tags[..2], ["decoy", "ports"]);
    assert_eq!(edge.metric("evidence_total.kind.decoy")?, 7);
    assert_eq!(edge.metric("verdicts_total.kind.probe")?, 1);
    assert_sound(&edge.envoy);
    Ok(())
}

/// Two real ports among 65,535, and a scanner that tries every one of them.
#[test]
fn a_scan_of_all_ports_is_counted_to_the_last_one() -> Result<()> {
    if !nmap_is_there() || !namespaces_are_available() {
        return Ok(());
    }
    let (proxy, clients) = Netns::pair(
        &["198.51.100.1/24"],
        &["198.51.100.7/24", "198.51.100.8/24"],
    )?;
    let edge = Edge::start_inside(&proxy, "all-ports.yaml", |builder| builder)?;
    redirect_all_ports(&proxy)?;
    let (scanner, other) = (
        host(&clients, "198.51.100.7")?,
        host(&clients, "198.51.100.8")?,
    );
    let web = "198.51.100.1:80".parse()?;
    assert_eq!(tag(&other.send(web, &stranger())?)?, None);

    scan(
        clients.command("nmap").args(["-p-", "198.51.100.1"]),
        65_535,
    )?;
    let counted = eventually("all connections are counted", PATIENCE, || {
        let all = counted(&edge).ok()?;
        (all >= 65_536).then_some(all)
    })?;
    // Envoy's own count of what it accepted, the other client's request included.
    let accepted = edge
        .envoy
        .counter("listener.0.0.0.0_15001.downstream_cx_total")?;
    assert_eq!(counted, accepted);

    // From the very first contact on; the real ports log requests alone, and there was none.
    let entries = wait_for_entries(&edge.envoy, "198.51.100.7", 65_533)?;
    let clean = entries.iter().filter(|entry| entry.portscan.is_empty());
    assert_eq!(clean.count(), 0);
    // A few are logged under the port of a later connection: the kernel remembers by source port.
    assert!(ports_of(&entries).len() > 65_000);

    let words = eventually("the whole scan is in the tag", PATIENCE, || {
        let words = Words::of(&tag(&scanner.send(web, &stranger()).ok()?).ok()??);
        (words.hits >= 65_533).then_some(words)
    })?;
    assert_eq!(
        (words.kind.as_str(), words.class.as_str()),
        ("vertical", "malicious")
    );
    assert!(
        (58_980..=72_088).contains(&words.ports),
        "{} ports",
        words.ports
    );
    assert_eq!(tag(&other.send(web, &stranger())?)?, None);
    assert_sound(&edge.envoy);
    Ok(())
}

/// Connections that the sensors have counted.
fn counted(edge: &Edge) -> Result<u64> {
    let decoy = edge.metric("connections_total.listener.decoy")?;
    Ok(decoy + edge.metric("connections_total.listener.real")?)
}

/// Loads the rules beside the configuration, and gives the decoy of SSH back: nobody here needs it.
fn redirect_all_ports(namespace: &Netns) -> Result<()> {
    let rules = workspace_root().join("envoy/all-ports.nft");
    namespace.run("nft", &["-f", &rules.to_string_lossy()])?;
    let ssh = ["delete", "element", "inet", "portscan", "kept", "{ 22 }"];
    namespace.run("nft", &ssh)?;
    Ok(())
}

/// Runs nmap's connect scan to its end, which must find `open` ports: no names, no question whether
/// the host is there.
fn scan(nmap: &mut Command, open: usize) -> Result<()> {
    let output = nmap.args(["-sT", "-Pn", "-n", "-oG", "-"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text.matches("/open/tcp/").count();
    ensure!(
        output.status.success() && found == open,
        "{found} ports are open"
    );
    Ok(())
}

fn nmap_is_there() -> bool {
    let is_there = Command::new("nmap").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("skipped: this test scans with nmap: install nmap");
    }
    is_there
}

/// The ports that were dialled.
fn ports_of(entries: &[Entry]) -> BTreeSet<&str> {
    entries
        .iter()
        .filter_map(|entry| entry.destination.rsplit_once(':'))
        .map(|(_, port)| port)
        .collect()
}
