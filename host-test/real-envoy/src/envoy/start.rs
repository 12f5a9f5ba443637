//! Starts Envoy as its builder says.

use std::{fs, net::SocketAddr, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};

use super::{
    Envoy,
    admin::Admin,
    builder::{Builder, Source, find_envoy},
    clock::{self, Clock, QUIET_ARGUMENTS, Waiting},
    config,
    failed::StartFailed,
    ports::PortMap,
    process::Process,
};
use crate::{
    eventually,
    workspace::{Scratch, workspace_root},
};

impl Builder {
    /// Starts Envoy and waits until it is ready.
    ///
    /// Fails when the file, its admin interface, a replacement or the program is missing, when no
    /// port is free, when Envoy refuses the configuration (with the lines of its log that say
    /// why; then the error is a [`StartFailed`]), or when it is not ready in time.
    pub fn start(self) -> Result<Envoy> {
        let (text, ports) = self.configuration()?;
        let scratch = Scratch::new()?;
        let file = scratch.write("envoy.yaml", &text)?;
        let admin_file = scratch.path("admin");
        let program = find_envoy(self.envoy.clone())?;
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .arg("-c")
            .arg(file)
            .arg("--admin-address-path")
            .arg(&admin_file)
            .args(["-l", &self.log_level])
            .args(["--concurrency", &self.concurrency.to_string()])
            .args(&self.args);
        let (mut process, clock) = self.spawn(&mut command, &text, &scratch)?;
        let admin = self.wait_until_ready(&mut process, &admin_file)?;
        if let Some(clock) = &clock {
            clock.rest()?;
        }
        Ok(Envoy {
            process,
            clock,
            admin,
            ports,
            namespace: self.namespace,
            _scratch: scratch,
        })
    }

    fn spawn(
        &self,
        command: &mut Command,
        text: &str,
        scratch: &Scratch,
    ) -> Result<(Process, Option<Clock>)> {
        let Some(start_nanos) = self.virtual_start_nanos else {
            command.args(["--use-dynamic-base-id", "--file-flush-interval-msec", "20"]);
            let process = Process::spawn(command, self.namespace.as_ref())?;
            return Ok((process, None));
        };
        let waiting = Waiting::new(scratch)?;
        waiting.prepare(command, start_nanos);
        command
            .args(["--disable-hot-restart", "--config-yaml"])
            .arg(clock::beside(text))
            .args(QUIET_ARGUMENTS);
        let mut process = Process::spawn_into(command, &scratch.path(""))?;
        let clock = waiting.clock(|| process.exit().is_some());
        let clock = clock.with_context(|| reason(&process))?;
        // A failure is told by whoever waits until Envoy is ready, with its reason.
        let _ = clock.rest();
        Ok((process, Some(clock)))
    }

    /// The final text, and which ports it has.
    fn configuration(&self) -> Result<(String, PortMap)> {
        let mut text = match &self.source {
            Source::Text(text) => text.clone(),
            Source::File(path) => {
                let path = workspace_root().join(path);
                fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?
            }
        };
        for (from, to) in &self.replacements {
            text = config::replace(&text, from, to)?;
        }
        if self.virtual_start_nanos.is_none() && !text.contains("admin:") {
            bail!("the configuration has no admin interface to ask");
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
                let reason = format!("envoy ended before it was ready ({status}): {reason}");
                let log = process.stderr();
                Err(StartFailed { reason, log }.into())
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
        let lines = problems(&log);
        (!lines.is_empty()).then_some(lines)
    });
    let lines = found.unwrap_or_else(|_| process.stderr().lines().map(str::to_owned).collect());
    let first = lines.len().saturating_sub(REASON_LINES_MAX);
    lines[first..].join(" | ")
}

/// The lines that report a problem; a message may have several.
fn problems(log: &str) -> Vec<String> {
    let mut problem = false;
    let of_a_problem = |line: &&str| {
        if line.starts_with('[') {
            problem = line.contains("[critical]") || line.contains("[error]");
        }
        problem
    };
    log.lines()
        .filter(of_a_problem)
        .map(|line| line.trim().to_owned())
        .collect()
}

const REASON_LINES_MAX: usize = 20;
