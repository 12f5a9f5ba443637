//! How an Envoy is started.

use std::{env, path::PathBuf, time::Duration};

use anyhow::{Result, bail};

use crate::{Netns, workspace::workspace_root};

/// The choices before a start; made by [`Envoy::builder`](super::Envoy::builder).
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    pub(super) source: Source,
    pub(super) folder: PathBuf,
    pub(super) concurrency: u16,
    pub(super) log_level: String,
    pub(super) args: Vec<String>,
    pub(super) replacements: Vec<(String, String)>,
    pub(super) fixed_ports: Vec<(u16, u16)>,
    pub(super) keep_ports: bool,
    pub(super) envoy: Option<PathBuf>,
    pub(super) namespace: Option<Netns>,
    pub(super) ready_within: Duration,
    pub(super) virtual_start_nanos: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) enum Source {
    File(PathBuf),
    Text(String),
}

impl Builder {
    pub(super) fn new(yaml: PathBuf) -> Self {
        Self::of(Source::File(yaml))
    }

    pub(super) fn of_text(text: String) -> Self {
        Self::of(Source::Text(text))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            folder: workspace_root(),
            concurrency: 2,
            log_level: "info".into(),
            args: Vec::new(),
            replacements: Vec::new(),
            fixed_ports: Vec::new(),
            keep_ports: false,
            envoy: None,
            namespace: None,
            ready_within: Duration::from_secs(60),
            virtual_start_nanos: None,
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

    /// The folder that relative paths in the configuration count from; default: the root of the
    /// workspace.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// Lets Envoy live in a time of its own, which begins at `start_nanos` since 1970, stands still
    /// and goes by through [`Envoy::clock`](super::Envoy::clock). Nothing depends on the speed of the machine then:
    /// every timer runs exactly at its time, and [`Clock::rest`](super::Clock::rest) says when all is done.
    ///
    /// Envoy also gets an admin interface on loopback, whatever the configuration says; statistics
    /// that are flushed when they are asked for, access logs that are written at once, and no watch
    /// dog. A client on this machine whose socket has the mark N (`SO_MARK`) is accepted by worker N.
    ///
    /// It cannot be combined with [`Builder::inside`]: call [`Builder::start`] in the namespace.
    pub fn virtual_time(mut self, start_nanos: u64) -> Self {
        self.virtual_start_nanos = Some(start_nanos);
        self
    }
}

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
