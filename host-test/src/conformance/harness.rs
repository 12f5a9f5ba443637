//! The conformance set in this harness: each guest in a host of its own.

mod servers;

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;

use super::{Breakage, ENVIRONMENT, Guest, PLUGIN_CONFIGURATION, Stage, VM_CONFIGURATION, refusal};
use crate::{
    BuildError, Host,
    abi::{LogLevel, MetricType},
    config::{Bootstrap, Code, Node, Plugin, Service},
    guest::Engine,
    shared::Shared,
};

/// Runs `guest` and returns what it reported. Fails when it does not assemble.
pub fn run(guest: &Guest, engine: &Engine) -> Result<Vec<String>> {
    Ok(run_module(guest, guest.module()?, engine))
}

/// Runs `guest` where the host is broken, and returns what it reported. Fails like
/// [`Guest::broken_module`].
pub fn run_broken(guest: &Guest, breakage: &Breakage, engine: &Engine) -> Result<Vec<String>> {
    Ok(run_module(guest, guest.broken_module(breakage)?, engine))
}

fn run_module(guest: &Guest, module: Vec<u8>, engine: &Engine) -> Vec<String> {
    match build(guest, plugin(guest, module), engine) {
        Ok(mut host) => {
            host.advance(PATIENCE);
            transcript(guest, host.shared())
        }
        Err(error) => refusal::of_harness(&error),
    }
}

/// Long enough for every guest's last tick.
const PATIENCE: Duration = Duration::from_secs(1);

fn plugin(guest: &Guest, module: Vec<u8>) -> Plugin {
    let mut plugin = Plugin::new("plugin", Code::Inline(module.into()));
    plugin.root_id = "root".to_owned();
    plugin.configuration = PLUGIN_CONFIGURATION.into();
    plugin.vm.vm_id = guest.name.to_owned();
    plugin.vm.configuration = VM_CONFIGURATION.into();
    plugin.vm.environment = ENVIRONMENT
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    plugin
}

fn build(guest: &Guest, plugin: Plugin, engine: &Engine) -> Result<Host, BuildError> {
    let mut bootstrap = Bootstrap {
        node: Node {
            id: "node".to_owned(),
            cluster: "cluster".to_owned(),
            ..Node::default()
        },
        clusters: ["upstream", "grpc", "closed"].map(str::to_owned).into(),
        ..Bootstrap::default()
    };
    match guest.stage {
        Stage::Root | Stage::Refused | Stage::Connection(_) | Stage::Http(_) => {
            bootstrap.services.push(Service {
                plugin,
                singleton: true,
            });
        }
    }
    // A time of day, as the wall clock of a real Envoy has one.
    Host::builder(bootstrap)
        .engine(engine)
        .start_at(NOW)
        .responder("upstream", servers::upstream)
        .responder("grpc", servers::grpc)
        .responder("closed", servers::closed)
        .build()
}

/// 2026-01-01, in nanoseconds since the Unix epoch.
const NOW: u64 = 1_767_225_600_000_000_000;

fn transcript(guest: &Guest, shared: &Shared) -> Vec<String> {
    let log = shared.log.since(0);
    // Lines of the VM itself, and of the host, say no plugin.
    let ours = log.iter().filter(|line| !line.plugin.is_empty());
    let mut lines: Vec<String> = ours
        .map(|line| {
            let text = super::printable(&line.text);
            match line.level {
                LogLevel::Info => text,
                level => format!("{}: {text}", level_name(level)),
            }
        })
        .collect();
    let metrics = shared.metrics.all().into_iter();
    // Of a counter and a gauge with one name the gauge is the last.
    let numbers: BTreeMap<String, u64> = metrics
        .filter(|(name, metric)| {
            let rest = name.strip_prefix(guest.name);
            let is_ours = rest.is_some_and(|rest| rest.starts_with('.'));
            is_ours && metric.kind != MetricType::Histogram
        })
        .map(|(name, metric)| (name, metric.value))
        .collect();
    let stats = numbers.iter();
    lines.extend(stats.map(|(name, value)| format!("stat {name}: {value}")));
    lines
}

/// As Envoy's log has it.
fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warning",
        LogLevel::Error => "error",
        LogLevel::Critical => "critical",
    }
}
