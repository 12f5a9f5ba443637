//! The edge of the demo: Envoy with `envoy/edge.yaml`, and a service that repeats what it gets.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use real_envoy::{
    Envoy, eventually,
    http::{Echo, EchoUpstream, Response},
    workspace_root,
};

use crate::tell::Tell;

const CONFIGURATION: &str = "envoy/edge.yaml";
const MODULE: &str = "target/portscan.wasm";

/// Port of the configuration, and who seems to listen there.
pub(crate) const DECOYS: [(u16, &str); 7] = [
    (10_022, "SSH"),
    (10_023, "Telnet"),
    (10_445, "SMB"),
    (13_306, "MySQL"),
    (13_389, "RDP"),
    (16_379, "Redis"),
    (8_008, "web"),
];

/// How long anything may take that the demo waits for; all of it takes less than a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// Envoy and the service behind it; both end when it is dropped.
pub(crate) struct Edge {
    pub(crate) envoy: Envoy,
    pub(crate) has_ipv6: bool,
    _upstream: EchoUpstream,
}

impl Edge {
    /// Starts both on free ports.
    pub(crate) fn start(tell: &Tell) -> Result<Self> {
        tell.line(&module()?);
        tell.line(&format!("Starting Envoy with {CONFIGURATION} …"));
        let upstream = EchoUpstream::start()?;
        let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
        let mut builder = Envoy::builder(CONFIGURATION).map_port(18_080, upstream.port());
        if !has_ipv6 {
            for line in ipv6_lines()? {
                builder = builder.replace(&line, "");
            }
        }
        let envoy = builder.start()?;
        let edge = Self {
            envoy,
            has_ipv6,
            _upstream: upstream,
        };
        edge.introduce(tell);
        Ok(edge)
    }

    /// Where the service listens.
    pub(crate) fn service(&self) -> SocketAddr {
        self.envoy.addr(10_000)
    }

    /// Where the decoys listen.
    pub(crate) fn decoys(&self) -> Vec<SocketAddr> {
        DECOYS.map(|(port, _)| self.envoy.addr(port)).into()
    }

    /// Waits until a counter of the module is at least `least`.
    pub(crate) fn wait_for(&self, counter: &str, least: u64) -> Result<()> {
        let name = format!("wasmcustom.portscan_{counter}");
        self.envoy.wait_for_counter(&name, least, PATIENCE)?;
        Ok(())
    }

    /// Waits until `probe` answers.
    pub(crate) fn wait<T>(&self, what: &str, probe: impl FnMut() -> Option<T>) -> Result<T> {
        eventually(what, PATIENCE, probe)
    }

    /// Waits for the line of Envoy's log with `part`.
    pub(crate) fn log_line(&self, part: &str) -> Result<String> {
        self.envoy.wait_for_log(part, PATIENCE)
    }

    /// Waits for the line of the access log with `part`.
    pub(crate) fn access_log_line(&self, part: &str) -> Result<String> {
        self.envoy.wait_for_stdout(part, PATIENCE)
    }

    fn introduce(&self, tell: &Tell) {
        let service = self.service();
        tell.line(&format!(
            "   service   http://{service}/   answers with what it gets"
        ));
        let mut list = Vec::new();
        for (port, name) in DECOYS {
            list.push(format!("{} {name}", self.envoy.port(port)));
        }
        tell.line(&format!("   decoys    {}", list.join(", ")));
        tell.line(&format!("   admin     http://{}/", self.envoy.admin_addr()));
    }
}

/// What the service saw of the verdict. Fails when it got anything else under that name, in any
/// spelling.
pub(crate) fn tag(response: &Response) -> Result<Option<String>> {
    ensure!(
        response.status == 200,
        "the service answered {}",
        response.status
    );
    let echo = Echo::parse(&response.text()).context("the answer is not the service's")?;
    let is_ours = |name: &str| name.to_lowercase().replace('_', "-") == "x-portscan";
    let all = echo.headers.into_iter().chain(echo.trailers);
    let mut found = all.filter(|(name, _)| is_ours(name));
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some((name, value)), None) if name == "x-portscan" => Ok(Some(value)),
        (Some((name, value)), _) => bail!("the service got {name}: {value}, or more than one"),
    }
}

/// A line about the module: its size, and its checksum where the system can tell it.
fn module() -> Result<String> {
    let path = workspace_root().join(MODULE);
    let len = fs::metadata(&path)
        .with_context(|| format!("{MODULE} is missing: run ./justw wasm"))?
        .len();
    let mut line = format!("Module {MODULE}: {len} bytes");
    if let Ok(output) = Command::new("sha256sum").arg(&path).output()
        && let Some(sum) = String::from_utf8_lossy(&output.stdout).split(' ').next()
        && sum.len() == 64
    {
        line.push_str(&format!(", SHA-256 {sum}"));
    }
    Ok(line)
}

/// The lines of the configuration that only a machine with IPv6 takes.
fn ipv6_lines() -> Result<Vec<String>> {
    let path = workspace_root().join(CONFIGURATION);
    let text = fs::read_to_string(&path).with_context(|| format!("read {CONFIGURATION}"))?;
    let lines = text.split_inclusive('\n');
    let mut found: Vec<String> = lines
        .filter(|line| line.contains("address: \"::\""))
        .map(str::to_owned)
        .collect();
    found.dedup();
    Ok(found)
}
