//! One Envoy process: started from a configuration file, driven, read and stopped.

mod admin;
mod builder;
mod clock;
mod config;
mod failed;
mod ports;
mod process;
mod start;
mod validate;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::ExitStatus,
    time::Duration,
};

use anyhow::{Context, Result};

use self::{admin::Admin, ports::PortMap, process::Process};
use crate::{Netns, eventually, http::Response, workspace::Scratch};

pub use self::{
    builder::{Builder, default_envoy},
    clock::Clock,
    failed::StartFailed,
    ports::{PortLease, free_port},
    validate::{validate, validate_text},
};

/// A running Envoy that answered `/ready`; it is killed on drop.
#[derive(Debug)]
pub struct Envoy {
    process: Process,
    clock: Option<Clock>,
    admin: Admin,
    ports: PortMap,
    namespace: Option<Netns>,
    // The configuration file lies here.
    _scratch: Scratch,
}

impl Envoy {
    /// Prepares the start of an Envoy with the configuration file at `yaml`; a relative path
    /// counts from the root of the workspace.
    pub fn builder(yaml: impl Into<std::path::PathBuf>) -> Builder {
        Builder::new(yaml.into())
    }

    /// Prepares the start of an Envoy with the configuration `text`.
    pub fn configured(text: impl Into<String>) -> Builder {
        Builder::of_text(text.into())
    }

    /// The real port that stands for `port` of the configuration file.
    ///
    /// # Panics
    /// When the file has no such `port_value`: that is a mistake in the calling test.
    #[must_use]
    #[track_caller]
    pub fn port(&self, port: u16) -> u16 {
        self.ports.real(port)
    }

    /// 127.0.0.1 and the real port that stands for `port`; panics like [`Envoy::port`].
    #[must_use]
    #[track_caller]
    pub fn addr(&self, port: u16) -> SocketAddr {
        self.addr_at(Ipv4Addr::LOCALHOST, port)
    }

    /// `ip` and the real port that stands for `port`; panics like [`Envoy::port`].
    #[must_use]
    #[track_caller]
    pub fn addr_at(&self, ip: impl Into<IpAddr>, port: u16) -> SocketAddr {
        SocketAddr::new(ip.into(), self.port(port))
    }

    /// The admin interface; inside the namespace when Envoy runs in one.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    /// The namespace that Envoy runs in.
    #[must_use]
    pub fn namespace(&self) -> Option<&Netns> {
        self.namespace.as_ref()
    }

    /// GETs `path` from the admin interface. Fails when Envoy is gone or answers nothing in 10 s.
    pub fn admin_get(&self, path: &str) -> Result<Response> {
        self.admin.get(path)
    }

    /// POSTs to `path` of the admin interface, such as `/drain_listeners`.
    pub fn admin_post(&self, path: &str) -> Result<Response> {
        self.admin.post(path)
    }

    /// All counters and gauges by name; histograms are left out. Fails like [`Envoy::admin_get`].
    pub fn stats(&self) -> Result<BTreeMap<String, u64>> {
        self.admin.stats()
    }

    /// One counter or gauge; 0 when it does not exist, because Envoy and modules make many of
    /// them only when they are first needed. Fails like [`Envoy::admin_get`].
    pub fn counter(&self, name: &str) -> Result<u64> {
        Ok(self.stats()?.get(name).copied().unwrap_or(0))
    }

    /// Waits until `counter(name)` is at least `least`, and returns it. Fails after `within`.
    pub fn wait_for_counter(&self, name: &str, least: u64, within: Duration) -> Result<u64> {
        let mut last = None;
        eventually(&format!("{name} >= {least}"), within, || {
            last = self.counter(name).ok();
            last.filter(|value| *value >= least)
        })
        .with_context(|| format!("{name} is {last:?}"))
    }

    /// The text of `/stats/prometheus`. Fails like [`Envoy::admin_get`].
    pub fn prometheus(&self) -> Result<String> {
        Ok(self.admin.get("/stats/prometheus")?.text())
    }

    /// Everything on standard error so far: Envoy's log, with the lines of the modules.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// Everything on standard output so far: access logs that write to `/dev/stdout`.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.process.stdout()
    }

    /// Waits for a log line that contains `part`, and returns the first one.
    ///
    /// Fails after `within`. Lines that came before the call count too.
    pub fn wait_for_log(&self, part: &str, within: Duration) -> Result<String> {
        wait_for_line(part, within, || self.log())
            .with_context(|| format!("no log line with {part:?}"))
    }

    /// Waits for a line on standard output that contains `part`, and returns the first one.
    ///
    /// Fails after `within`. Envoy flushes a file access log once a second, or as
    /// `--file-flush-interval-msec` says; [`Builder`] sets 20 ms.
    pub fn wait_for_stdout(&self, part: &str, within: Duration) -> Result<String> {
        wait_for_line(part, within, || self.stdout())
            .with_context(|| format!("no line with {part:?} on standard output"))
    }

    /// What is on standard error from byte `start` on.
    #[must_use]
    pub fn log_since(&self, start: usize) -> Vec<u8> {
        self.process.stderr_since(start)
    }

    /// What is on standard output from byte `start` on.
    #[must_use]
    pub fn stdout_since(&self, start: usize) -> Vec<u8> {
        self.process.stdout_since(start)
    }

    /// The virtual time that it was started with ([`Builder::virtual_time`]).
    #[must_use]
    pub fn clock(&self) -> Option<&Clock> {
        self.clock.as_ref()
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.exit().is_none()
    }

    /// Waits, without a limit, until the process ends by itself or by a signal from elsewhere, such
    /// as Ctrl-C. Fails when the system cannot say how it ended.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.process.wait()
    }

    /// Kills the process at once (SIGKILL) and waits for its end; the ports stay reserved, and
    /// the captured output can still be read.
    pub fn kill9(&mut self) {
        self.process.kill();
    }
}

fn wait_for_line(part: &str, within: Duration, text: impl Fn() -> String) -> Result<String> {
    eventually("the line", within, || {
        text()
            .lines()
            .find(|line| line.contains(part))
            .map(str::to_owned)
    })
}
