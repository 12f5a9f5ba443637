//! Metrics as a real Prometheus sees them, and what promtool says of the files for it. Skipped where
//! they are missing; `./justw prometheus` brings them.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, ensure};
use real_envoy::{
    Result, Scratch,
    envoy::{PortLease, free_port},
    eventually,
    http::Source,
    workspace_root,
};
use serde_json::Value;

use crate::{
    dashboard,
    edge::{Edge, PATIENCE, knock},
};

/// Prometheus and promtool; said and none where one is missing.
fn tools() -> Option<[PathBuf; 2]> {
    let found = ["prometheus", "promtool"].map(|name| {
        let ours = workspace_root().join(".tools/bin").join(name);
        let program = if ours.exists() { ours } else { name.into() };
        let answer = Command::new(&program).arg("--version").output();
        answer.is_ok().then_some(program)
    });
    if let [Some(prometheus), Some(promtool)] = found {
        return Some([prometheus, promtool]);
    }
    eprintln!("skipped: this test needs Prometheus: ./justw prometheus brings it");
    None
}

/// What promtool says; its status and both outputs.
fn promtool<S: AsRef<OsStr>>(
    program: &PathBuf,
    arguments: impl IntoIterator<Item = S>,
    input: &str,
) -> Result<(bool, String)> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    let mut child = command
        .current_dir(workspace_root().join("envoy/prometheus"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("its input")?;
    let input = input.to_owned();
    // What is longer than a pipe would wait for who reads the answer.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    let _ = writer.join();
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8(text)?))
}

/// A Prometheus that scrapes one edge.
struct Prometheus {
    process: Child,
    port: PortLease,
    promtool: PathBuf,
    _data: Scratch,
}

impl Prometheus {
    /// Starts it with the configuration that is published, but for the address and the pace.
    fn start([prometheus, promtool]: [PathBuf; 2], edge: &Edge) -> Result<Self> {
        let (port, data) = (free_port()?, Scratch::new()?);
        let folder = workspace_root().join("envoy/prometheus");
        let text = fs::read_to_string(folder.join("prometheus.yaml"))?;
        let rules = folder.join("alerts.yaml");
        let admin = edge.envoy.admin_addr().to_string();
        let mut changed = text.clone();
        for (from, to) in [
            ("127.0.0.1:9901", admin.as_str()),
            ("- alerts.yaml", &format!("- {}", rules.display())),
            ("scrape_interval: 15s", "scrape_interval: 1s"),
            ("evaluation_interval: 15s", "evaluation_interval: 1s"),
        ] {
            ensure!(changed.contains(from), "prometheus.yaml has no {from}");
            changed = changed.replace(from, to);
        }
        let config = data.write("prometheus.yaml", &changed)?;
        let log = fs::File::create(data.path("log"))?;
        let process = Command::new(prometheus)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                data.path("tsdb").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{}", port.port()))
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self {
            process,
            port,
            promtool,
            _data: data,
        })
    }

    /// The samples that `query` has at present.
    fn query(&self, query: &str) -> Result<Vec<Value>> {
        let server = format!("http://127.0.0.1:{}", self.port.port());
        let arguments = ["query", "instant", "-o", "json", &server, query];
        let (is_good, text) = promtool(&self.promtool, arguments, "")?;
        ensure!(is_good, "{query}: {text}");
        serde_json::from_str(&text).with_context(|| format!("{query}: {text}"))
    }

    /// Waits until `query` has this one value.
    fn wait_for(&self, query: &str, value: u64) -> Result<()> {
        let (mut last, text) = (None, value.to_string());
        eventually("the value", PATIENCE, || {
            let samples = self.query(query).map_err(|error| format!("{error:#}"));
            let is_there = samples.as_ref().is_ok_and(|samples| match &samples[..] {
                [one] => one["value"][1] == text.as_str(),
                _ => false,
            });
            last = Some(samples);
            is_there.then_some(())
        })
        .with_context(|| format!("{query} is {last:?} and not {value}"))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn prometheus_knows_what_a_scan_did() -> Result<()> {
    let Some(tools) = tools() else { return Ok(()) };
    let edge = Edge::start("edge.yaml")?;
    let prometheus = Prometheus::start(tools, &edge)?;
    // Before the scan, so that there is something to rise from.
    prometheus.wait_for(r#"portscan_connections_total{listener="decoy"}"#, 0)?;
    let scanner = Source::loopback(91, 1, 1);
    for decoy in 0..6 {
        knock(&scanner, edge.decoy(decoy))?;
    }
    knock(&Source::loopback(91, 1, 2), edge.decoy(0))?;
    edge.wait_for_tag(&scanner)?;
    for (query, value) in [
        (r#"portscan_connections_total{listener="decoy"}"#, 7),
        (r#"portscan_evidence_total{kind="decoy"}"#, 7),
        (r#"portscan_evidence_total{kind="ports"}"#, 5),
        (r#"portscan_verdicts_total{kind="probe"}"#, 2),
        ("sum(portscan_verdicts_total)", 2),
        (r#"portscan_table_evictions_total{slot="flagged"}"#, 0),
        ("portscan_sources_flagged", 2),
        ("portscan_sources_tracked", 2),
        ("count(up == 1)", 1),
        ("count(portscan_host_errors_total > 0) or vector(0)", 0),
    ] {
        prometheus.wait_for(query, value)?;
    }
    // What the dashboard asks is answered, whether or not there is anything to show.
    for query in dashboard::queries() {
        prometheus.query(&query)?;
    }
    Ok(())
}

#[test]
fn promtool_finds_nothing_wrong_with_the_names_of_metrics() -> Result<()> {
    let Some([_, program]) = tools() else {
        return Ok(());
    };
    let edge = Edge::start("edge.yaml")?;
    edge.wait_for_metric("sources_tracked", 0)?;
    let ours: String = edge
        .envoy
        .prometheus()?
        .lines()
        .filter(|line| line.trim_start_matches("# TYPE ").starts_with("portscan_"))
        .map(|line| format!("{line}\n"))
        .collect();
    let (_, text) = promtool(&program, ["check", "metrics"], &ours)?;
    let problems: Vec<&str> = text.lines().collect();
    ensure!(problems.len() > 20, "{text}");
    // Envoy has no place for a help text.
    let wrong: Vec<&&str> = problems
        .iter()
        .filter(|line| !line.ends_with(" no help text"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    // Each label is one, none is left in a name.
    for part in [".", "_kind_", "_slot_", "_listener_"] {
        let is_left = ours.lines().any(|line| line.contains(part));
        assert!(!is_left, "{part} in {ours}");
    }
    Ok(())
}

#[test]
fn promtool_agrees_with_the_configuration_and_the_alerts() -> Result<()> {
    let Some([_, program]) = tools() else {
        return Ok(());
    };
    for arguments in [
        ["check", "config", "prometheus.yaml"],
        ["check", "rules", "alerts.yaml"],
        ["test", "rules", "alerts.test.yaml"],
    ] {
        let (is_good, text) = promtool(&program, arguments, "")?;
        ensure!(is_good && text.contains("SUCCESS"), "{text}");
    }
    // Every alert is tested.
    let read =
        |name: &str| fs::read_to_string(workspace_root().join("envoy/prometheus").join(name));
    let (alerts, tests) = (read("alerts.yaml")?, read("alerts.test.yaml")?);
    for alert in alerts
        .lines()
        .filter_map(|line| line.split_once("- alert: "))
    {
        let name = format!("alertname: {}\n", alert.1);
        ensure!(tests.contains(&name), "no test of {}", alert.1);
    }
    Ok(())
}
