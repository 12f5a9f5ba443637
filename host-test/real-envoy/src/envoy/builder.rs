//! How an Envoy is started.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::{Envoy, admin::Admin, config, ports::PortMap, process::Process};
use crate::{
    Netns, eventually,
    workspace::{Scratch, workspace_root},
};

/// The choices before a start; made by [`Envoy::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    yaml: PathBuf,
    concurrency: u16,
    log_level: String,
    args: Vec<String>,
    replacements: Vec<(String, String)>,
    fixed_ports: Vec<(u16, u16)>,
    keep_ports: bool,
    envoy: Option<PathBuf>,
    namespace: Option<Netns>,
    ready_within: Duration,
}

impl Builder {
    pub(super) fn new(yaml: PathBuf) -> Self {
        Self {
            yaml,
            concurrency: 2,
            log_level: "info".into(),
            args: Vec::new(),
            replacements: Vec::new(),
            fixed_ports: Vec::new(),
            keep_ports: false,
            envoy: None,
            namespace: None,
            ready_within: Duration::from_secs(60),
        }
    }

    /// Number of worker threads; default 2.
    pub fn concurrency(mut self, workers: u16) -> Self {
        self.concurrency = workers;
        self
    }

    /// Level of Envoy's log; default `info`.
    pub fn log_level(mut self, level: &str) -> Self {
        self.log_level = level.into();
        self
    }

    /// Replaces every `from` in the configuration by `to`, before ports are replaced; the start
    /// fails when `from` does not occur.
    pub fn replace(mut self, from: &str, to: &str) -> Self {
        self.replacements.push((from.into(), to.into()));
        self
    }

    /// Lets the real port `real` stand for `port` of the configuration, such as that of an
    /// upstream that already listens.
    pub fn map_port(mut self, port: u16, real: u16) -> Self {
        self.fixed_ports.push((port, real));
        self
    }

    /// Keeps the ports of the file (but for those of [`Builder::map_port`]): for use inside a
    /// namespace, where all of them are free.
    pub fn keep_ports(mut self) -> Self {
        self.keep_ports = true;
        self
    }

    /// One more command-line argument for Envoy.
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.into());
        self
    }

    /// The program to start; default: [`default_envoy`].
    pub fn envoy_binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.envoy = Some(path.into());
        self
    }

    /// Runs Envoy in `namespace`, and talks to its admin interface there.
    pub fn inside(mut self, namespace: &Netns) -> Self {
        self.namespace = Some(namespace.clone());
        self
    }

    /// How long Envoy may take until it is ready; default 60 s, for many at once on few cores.
    pub fn ready_within(mut self, limit: Duration) -> Self {
        self.ready_within = limit;
        self
    }

    /// Starts Envoy and waits until it is ready.
    ///
    /// Fails when the file, its admin interface, a replacement or the program is missing, when no
    /// port is free, when Envoy refuses the configuration (with the lines of its log that say
    /// why), or when it is not ready in time.
    pub fn start(self) -> Result<Envoy> {
        let (text, ports) = self.configuration()?;
        let scratch = Scratch::new()?;
        let file = scratch.write("envoy.yaml", &text)?;
        let admin_file = scratch.path("admin");
        let program = find_envoy(self.envoy.clone())?;
        let mut command = Command::new(program);
        command
            .current_dir(workspace_root())
            .arg("-c")
            .arg(file)
            .arg("--admin-address-path")
            .arg(&admin_file)
            .args(["-l", &self.log_level, "--use-dynamic-base-id"])
            .args(["--concurrency", &self.concurrency.to_string()])
            .args(["--file-flush-interval-msec", "20"])
            .args(&self.args);
        let mut process = Process::spawn(&mut command, self.namespace.as_ref())?;
        let admin = self.wait_until_ready(&mut process, &admin_file)?;
        Ok(Envoy {
            process,
            admin,
            ports,
            namespace: self.namespace,
            _scratch: scratch,
        })
    }

    /// The final text, and which ports it has.
    fn configuration(&self) -> Result<(String, PortMap)> {
        let path = workspace_root().join(&self.yaml);
        let mut text =
            fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        for (from, to) in &self.replacements {
            text = config::replace(&text, from, to)?;
        }
        if !text.contains("admin:") {
            bail!("{} has no admin interface to ask", path.display());
        }
        let mut ports = PortMap::default();
        let known = config::ports(&text);
        for (port, real) in &self.fixed_ports {
            if !known.contains(port) {
                bail!("the configuration has no port_value {port} to stand {real} for");
            }
            ports.fix(*port, *real);
        }
        for port in known {
            if !self.keep_ports {
                ports.take(port)?;
            } else if ports.get(port).is_none() {
                ports.fix(port, port);
            }
        }
        Ok((config::with_ports(&text, &ports), ports))
    }

    fn wait_until_ready(&self, process: &mut Process, admin_file: &Path) -> Result<Admin> {
        let answer = eventually("envoy is ready", self.ready_within, || {
            if let Some(status) = process.exit() {
                return Some(Err(status));
            }
            // Envoy writes the file in one go, but after it was made; until then it is empty.
            let addr: SocketAddr = fs::read_to_string(admin_file).ok()?.trim().parse().ok()?;
            let admin = Admin::new(addr, self.namespace.as_ref());
            let ready = admin.get("/ready").is_ok_and(|answer| answer.status == 200);
            ready.then_some(Ok(admin))
        });
        match answer {
            Ok(Ok(admin)) => Ok(admin),
            Ok(Err(status)) => {
                let reason = reason(process);
                bail!("envoy ended before it was ready ({status}): {reason}")
            }
            Err(late) => Err(late.context(reason(process))),
        }
    }
}

/// The last lines of Envoy's log that report a problem, in one line.
fn reason(process: &Process) -> String {
    // The pipe may deliver the end of the log after the process is gone.
    let found = eventually("a reason", Duration::from_secs(2), || {
        let log = process.stderr();
        let lines: Vec<_> = log
            .lines()
            .filter(|line| line.contains("[critical]") || line.contains("[error]"))
            .map(str::to_owned)
            .collect();
        (!lines.is_empty()).then_some(lines)
    });
    let lines = found.unwrap_or_else(|_| process.stderr().lines().map(str::to_owned).collect());
    let first = lines.len().saturating_sub(REASON_LINES_MAX);
    lines[first..].join(" | ")
}

const REASON_LINES_MAX: usize = 20;

/// The program that is started unless told otherwise: that of the environment variable `ENVOY`,
/// else the pinned one that `./justw setup` installs. Fails when it is missing.
pub fn default_envoy() -> Result<PathBuf> {
    find_envoy(None)
}

pub(super) fn find_envoy(chosen: Option<PathBuf>) -> Result<PathBuf> {
    let path = chosen
        .or_else(|| {
            env::var_os("ENVOY")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        })
        .unwrap_or_else(|| PathBuf::from(PINNED));
    let path = workspace_root().join(path);
    if !path.is_file() {
        bail!(
            "no envoy at {}: run ./justw setup, or set ENVOY to one",
            path.display()
        );
    }
    Ok(path)
}

/// Where the tool installer puts the pinned Envoy; a link, so that the version stands only in
/// `envoy/requirements.txt`.
const PINNED: &str = ".tools/bin/envoy";
