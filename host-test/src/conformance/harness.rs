//! The conformance set in this harness: each guest in a host of its own.

mod play;
mod servers;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;

use self::servers::Seen;
use super::{Breakage, ENVIRONMENT, Guest, PLUGIN_CONFIGURATION, Stage, VM_CONFIGURATION, refusal};
use crate::{
    BuildError, Host,
    abi::{LogLevel, MetricType},
    callout::PendingCall,
    config::{
        Bootstrap, Code, FailurePolicy, FilterChain, HttpConnectionManager, HttpFilter, Listener,
        NetworkFilter, Node, PathMatch, Plugin, Route, RouteAction, RouteMatch, Service,
        VirtualHost,
    },
    guest::Engine,
    shared::Shared,
};

/// Guests that this harness does not do justice to, and why.
pub const NOT_YET_RIGHT: &[(&str, &str)] = &[(
    "foreign_expr",
    "expressions in CEL are not evaluated: expr_create, expr_evaluate and expr_delete answer NotFound",
)];

/// Runs `guest` and returns what it reported. Fails when it does not assemble.
pub fn run(guest: &Guest, engine: &Engine) -> Result<Vec<String>> {
    run_plugin(guest, plugin(guest, guest.module()?), engine)
}

/// Runs `guest` where the host is broken, and returns what it reported. Fails like
/// [`Guest::broken_module`].
pub fn run_broken(guest: &Guest, breakage: &Breakage, engine: &Engine) -> Result<Vec<String>> {
    let mut plugin = plugin(guest, guest.broken_module(breakage)?);
    if *breakage == Breakage::FailsClosed {
        plugin.failure_policy = FailurePolicy::FailClosed;
    }
    run_plugin(guest, plugin, engine)
}

fn run_plugin(guest: &Guest, plugin: Plugin, engine: &Engine) -> Result<Vec<String>> {
    let seen = Seen::default();
    let mut host = match build(guest, plugin, engine, seen.clone()) {
        Ok(host) => host,
        Err(error) => return Ok(refusal::of_harness(&error)),
    };
    let outcomes = play::play(&mut host, guest)?;
    host.advance(PATIENCE)?;
    let mut lines = logged(host.shared());
    lines.extend(stats(guest, host.shared()));
    lines.extend(seen.lines());
    lines.extend(outcomes);
    Ok(lines)
}

/// Long enough for every guest's last tick.
const PATIENCE: Duration = Duration::from_secs(1);

fn plugin(guest: &Guest, module: Vec<u8>) -> Plugin {
    let mut plugin = Plugin::new("plugin", Code::Inline(module.into()));
    plugin.root_id = "root".to_owned();
    plugin.configuration = PLUGIN_CONFIGURATION.into();
    plugin.failure_policy = guest.setup.policy;
    let allowed = guest.setup.allowed;
    plugin.capabilities =
        (!allowed.is_empty()).then(|| allowed.iter().map(|name| (*name).to_owned()).collect());
    plugin.vm.vm_id = guest.name.to_owned();
    plugin.vm.configuration = VM_CONFIGURATION.into();
    plugin.vm.environment = ENVIRONMENT
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    plugin
}

fn build(guest: &Guest, plugin: Plugin, engine: &Engine, seen: Seen) -> Result<Host, BuildError> {
    let mut bootstrap = Bootstrap {
        node: Node {
            id: "node".to_owned(),
            cluster: "cluster".to_owned(),
            ..Node::default()
        },
        clusters: ["upstream", "grpc", "closed"].map(str::to_owned).into(),
        ..Bootstrap::default()
    };
    let filters = match guest.stage {
        Stage::Root | Stage::Refused => {
            bootstrap.services.push(Service {
                plugin,
                singleton: true,
            });
            Vec::new()
        }
        Stage::Connection(_) => {
            vec![NetworkFilter::Wasm(Arc::new(plugin)), NetworkFilter::Echo]
        }
        Stage::Http(_) => vec![NetworkFilter::Http(Box::new(manager(plugin)))],
    };
    bootstrap.listeners.push(Listener {
        name: guest.name.to_owned(),
        addresses: vec![play::LISTENER],
        chains: vec![FilterChain {
            filters,
            ..FilterChain::default()
        }],
        ..Listener::default()
    });
    // A time of day, as the wall clock of a real Envoy has one.
    Host::builder(bootstrap)
        .engine(engine)
        .start_at(NOW)
        .responder("upstream", move |call: &PendingCall| {
            servers::upstream(&seen, call)
        })
        .responder("grpc", servers::grpc)
        .responder("closed", servers::closed)
        .build()
}

/// 2026-01-01, in nanoseconds since the Unix epoch.
const NOW: u64 = 1_767_225_600_000_000_000;

/// As the real Envoys of the set are configured.
fn manager(plugin: Plugin) -> HttpConnectionManager {
    let route = |name: &str, prefix: &str, action| Route {
        name: name.to_owned(),
        matching: RouteMatch {
            path: PathMatch::Prefix(prefix.to_owned()),
            case_sensitive: true,
            headers: Vec::new(),
        },
        action,
    };
    let direct = RouteAction::DirectResponse {
        status: 202,
        body: b"direct".to_vec(),
    };
    let upstream = RouteAction::Cluster {
        cluster: "upstream".to_owned(),
        timeout: Some(Duration::from_secs(15)),
        prefix_rewrite: String::new(),
        host_rewrite: String::new(),
    };
    HttpConnectionManager {
        generate_request_id: false,
        http1_trailers: true,
        filters: vec![HttpFilter::Wasm(Arc::new(plugin)), HttpFilter::Router],
        virtual_hosts: vec![VirtualHost {
            name: "everything".to_owned(),
            domains: vec!["*".to_owned()],
            routes: vec![
                route("direct", "/direct", direct),
                route("route", "/", upstream),
            ],
        }],
        ..HttpConnectionManager::default()
    }
}

/// What guests have logged so far, as lines of a transcript.
fn logged(shared: &Shared) -> Vec<String> {
    let lines = shared.log.since(0).into_iter();
    // Lines of a VM that initializes itself, and of the host, say no plugin.
    lines
        .filter(|line| !line.plugin.is_empty())
        .map(|line| {
            let text = super::printable(&line.text);
            match line.level {
                LogLevel::Info => text,
                level => format!("{}: {text}", level_name(level)),
            }
        })
        .collect()
}

fn stats(guest: &Guest, shared: &Shared) -> Vec<String> {
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
    let lines = numbers.iter();
    lines
        .map(|(name, value)| format!("stat {name}: {value}"))
        .collect()
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
