//! The conformance set in this harness: each guest in a host of its own.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;

use super::{
    ENVIRONMENT, Guest, Mismatch, PLUGIN_CONFIGURATION, Stage, VM_CONFIGURATION, Version, refusal,
};
use crate::{
    BuildError, Host,
    abi::{LogLevel, MetricType},
    config::{Bootstrap, Code, Node, Plugin, Service},
    guest::Engine,
    hook::Hook,
    shared::Shared,
};

/// Runs `guest` and returns what it reported.
///
/// `hook`, if any, sees every host call, the first ones of the start excepted. Fails when the guest
/// does not assemble.
pub fn run(guest: &Guest, engine: &Engine, hook: Option<Arc<dyn Hook>>) -> Result<Vec<String>> {
    let plugin = plugin(guest)?;
    match build(guest, plugin, engine) {
        Ok(mut host) => {
            host.set_hook(hook);
            host.advance(PATIENCE);
            Ok(transcript(guest, host.shared()))
        }
        Err(error) => Ok(refusal::of_harness(&error)),
    }
}

/// Runs `guest` and compares what it reported with what the newest Envoy makes it report.
pub fn check(guest: &Guest, engine: &Engine) -> Result<Result<(), Mismatch>> {
    let lines = run(guest, engine, None)?;
    Ok(guest.compare(Version::NEWEST, &lines))
}

/// Long enough for every guest's last tick.
const PATIENCE: Duration = Duration::from_secs(1);

fn plugin(guest: &Guest) -> Result<Plugin> {
    let mut plugin = Plugin::new("plugin", Code::Inline(guest.module()?.into()));
    plugin.root_id = "root".to_owned();
    plugin.configuration = PLUGIN_CONFIGURATION.into();
    plugin.vm.vm_id = guest.name.to_owned();
    plugin.vm.configuration = VM_CONFIGURATION.into();
    plugin.vm.environment = ENVIRONMENT
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Ok(plugin)
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
