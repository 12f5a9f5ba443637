//! The pipeline that turns the access log into a list of scanners, on the log of a scanned edge.

use std::{collections::BTreeSet, process::Command};

use anyhow::ensure;
use real_envoy::{Result, Scratch, http::Source, workspace_root};

use super::is_there;
use crate::{
    access_log::wait_for_entries,
    edge::{Edge, POLICY, knock, tag},
};

#[test]
fn the_list_of_scanners_has_every_scanner_and_nobody_else() -> Result<()> {
    if !is_there("jq") {
        return Ok(());
    }
    let known = r#"{ "known_scanners": [ { "actor": "censys", "networks": ["127.75.3.0/24"] } ] }"#;
    let edge = Edge::start_with("edge.yaml", |builder| builder.replace(POLICY, known))?;
    for host in 1..=5 {
        // Served, and one of them with a typo afterwards.
        let client = Source::loopback(75, 1, host);
        assert_eq!(tag(&client.get(edge.service(), "/")?)?, None);
    }
    knock(&Source::loopback(75, 1, 1), edge.decoy(0))?;
    let mut scanners = BTreeSet::new();
    for host in 1..=9 {
        let scanner = Source::loopback(75, 2, host);
        knock(&scanner, edge.decoy(usize::from(host % 6)))?;
        scanners.insert(format!("127.75.2.{host}"));
    }
    knock(&Source::loopback(75, 3, 1), edge.decoy(0))?;
    for address in scanners
        .iter()
        .map(String::as_str)
        .chain(["127.75.1.1", "127.75.3.1"])
    {
        wait_for_entries(&edge.envoy, address, 1)?;
    }

    let scratch = Scratch::new()?;
    let log = scratch.write("access.log", &edge.envoy.stdout())?;
    let list = |mode: &str| -> Result<String> {
        let output = Command::new("sh")
            .arg(workspace_root().join("examples/access-log/scanners.sh"))
            .arg(mode)
            .arg(&log)
            .output()?;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            output.status.success() && errors.contains(" 0 malformed"),
            "{errors}"
        );
        Ok(String::from_utf8(output.stdout)?)
    };
    let addresses: BTreeSet<String> = list("--addresses")?.lines().map(str::to_owned).collect();
    assert_eq!(addresses, scanners);
    let table = list("--table")?;
    assert_eq!(table.lines().count(), 10, "{table}");
    let known = table.lines().find(|line| line.starts_with("127.75.3.1\t"));
    assert!(
        known.is_some_and(|line| line.contains("\tbenign\t")),
        "{table}"
    );
    Ok(())
}
