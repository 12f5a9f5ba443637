//! Listeners that change while Envoy runs, by a file that it watches (LDS).

use std::{fs, net::SocketAddr};

use anyhow::Context;
use real_envoy::{
    Envoy, Result, Scratch,
    envoy::{PortLease, free_port},
    eventually,
    http::{EchoUpstream, Source, read_until_close},
    workspace_root,
};

use crate::{
    edge::{PATIENCE, POLICY, knock, metric, stranger, tag},
    sound::assert_sound,
    words::Words,
};

#[test]
fn an_update_of_the_listeners_keeps_the_verdicts() -> Result<()> {
    let mut edge = Dynamic::start()?;
    let (scanner, clean) = (Source::loopback(69, 1, 1), Source::loopback(69, 1, 2));
    knock(&scanner, edge.decoy())?;
    let before = Words::of(&edge.wait_for_tag(&scanner)?);

    edge.update("max_connections: 256", "max_connections: 128")?;
    edge.update(
        r#"'{"role":"sensor","decoy":true}'"#,
        r#"'{"role":"sensor","decoy":true,"hold_secs":1}'"#,
    )?;
    let after = Words::of(&edge.wait_for_tag(&scanner)?);
    assert_eq!((after.ports, after.first), (before.ports, before.first));
    assert_eq!(edge.tag(&clean)?, None);
    // The new listener is really there: it closes held connections sooner.
    let mut held = clean.connect(edge.decoy())?;
    read_until_close(&mut held, PATIENCE)?;
    assert!(edge.wait_for_tag(&clean)?.contains("silent"));
    assert_sound(&edge.envoy);
    Ok(())
}

/// Another capacity is another table under other keys: it starts empty, and the old one is as it
/// was when the old policy comes back.
#[test]
fn another_capacity_loses_the_verdicts_and_leaves_the_old_ones_alone() -> Result<()> {
    let mut edge = Dynamic::start()?;
    let (old, new) = (Source::loopback(69, 2, 1), Source::loopback(69, 2, 2));
    knock(&old, edge.decoy())?;
    let first = Words::of(&edge.wait_for_tag(&old)?).first;

    let smaller = r#"{ "sources": { "capacity": 1000 } }"#;
    edge.update(POLICY, smaller)?;
    eventually("the verdict is gone", PATIENCE, || {
        edge.tag(&old).ok()?.is_none().then_some(())
    })?;
    knock(&new, edge.decoy())?;
    edge.wait_for_tag(&new)?;
    assert_eq!(edge.tag(&old)?, None);

    edge.update(smaller, POLICY)?;
    assert_eq!(Words::of(&edge.wait_for_tag(&old)?).first, first);
    assert_eq!(edge.tag(&new)?, None);
    assert_sound(&edge.envoy);
    Ok(())
}

/// The keeper stands in the bootstrap, which no update reaches. It counts what is in use, and for
/// minutes after an update that is the old table too.
#[test]
fn the_gauges_follow_another_capacity() -> Result<()> {
    let mut edge = Dynamic::start()?;
    knock(&Source::loopback(69, 4, 1), edge.decoy())?;
    wait_for_gauge(&edge.envoy, "sources_tracked", 1)?;
    edge.update(POLICY, r#"{ "sources": { "capacity": 1000 } }"#)?;
    for host in 2..=4 {
        knock(&Source::loopback(69, 4, host), edge.decoy())?;
    }
    for gauge in ["sources_tracked", "sources_flagged"] {
        wait_for_gauge(&edge.envoy, gauge, 4)?;
    }
    Ok(())
}

fn wait_for_gauge(envoy: &Envoy, name: &str, value: u64) -> Result<()> {
    let mut last = None;
    let waited = eventually("the gauge", PATIENCE, || {
        last = envoy.counter(&metric(name)).ok();
        (last == Some(value)).then_some(())
    });
    waited.with_context(|| format!("{name} is {last:?} and not {value}"))
}

/// A policy that is refused never replaces one that works.
#[test]
fn a_broken_update_is_refused_and_the_old_listeners_stay() -> Result<()> {
    let edge = Dynamic::start()?;
    let scanner = Source::loopback(69, 3, 1);
    knock(&scanner, edge.decoy())?;
    edge.wait_for_tag(&scanner)?;
    edge.write(
        &edge
            .listeners
            .replace(POLICY, r#"{ "sensitivity": "none" }"#),
    )?;
    edge.envoy
        .wait_for_counter("listener_manager.lds.update_rejected", 1, PATIENCE)?;
    edge.envoy.wait_for_log(
        "configuration refused: policy.sensitivity: \"none\"",
        PATIENCE,
    )?;
    assert!(edge.tag(&scanner)?.is_some());
    Ok(())
}

/// `edge.yaml` with its listeners in a file of their own.
struct Dynamic {
    envoy: Envoy,
    listeners: String,
    updates: u64,
    service: PortLease,
    decoy: PortLease,
    scratch: Scratch,
    _upstream: EchoUpstream,
}

impl Dynamic {
    fn start() -> Result<Self> {
        let upstream = EchoUpstream::start()?;
        let scratch = Scratch::new()?;
        let (service, decoy) = (free_port()?, free_port()?);
        let text = fs::read_to_string(workspace_root().join("envoy/edge.yaml"))?;
        let (bootstrap, listeners) = split(&text, &scratch.path("lds.yaml").to_string_lossy());
        let listeners = listeners
            .replace(
                "port_value: 10000",
                &format!("port_value: {}", service.port()),
            )
            .replace(
                "port_value: 10022",
                &format!("port_value: {}", decoy.port()),
            );
        let listeners = without_other_decoys(&listeners);
        scratch.write("lds.yaml", &listeners)?;
        let envoy = Envoy::builder(scratch.write("bootstrap.yaml", &bootstrap)?)
            .map_port(18_080, upstream.port())
            .arg("--service-node")
            .arg("edge")
            .arg("--service-cluster")
            .arg("edge")
            .start()?;
        let edge = Self {
            envoy,
            listeners,
            updates: 1,
            service,
            decoy,
            scratch,
            _upstream: upstream,
        };
        edge.wait_for_updates()?;
        Ok(edge)
    }

    /// Replaces `from` by `to` in the listeners, and waits until new ones serve.
    fn update(&mut self, from: &str, to: &str) -> Result<()> {
        assert!(self.listeners.contains(from), "no {from:?}");
        self.listeners = self.listeners.replace(from, to);
        self.updates += 1;
        self.write(&self.listeners)?;
        self.wait_for_updates()
    }

    fn wait_for_updates(&self) -> Result<()> {
        let counter = "listener_manager.lds.update_success";
        self.envoy
            .wait_for_counter(counter, self.updates, PATIENCE)?;
        eventually("no listener warms", PATIENCE, || {
            let warming = self
                .envoy
                .counter("listener_manager.total_listeners_warming");
            (warming.ok()? == 0).then_some(())
        })
    }

    /// Envoy looks when a file is moved to the place, not when one is written there.
    fn write(&self, listeners: &str) -> Result<()> {
        let new = self.scratch.write("lds.new", listeners)?;
        Ok(fs::rename(new, self.scratch.path("lds.yaml"))?)
    }

    fn decoy(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.decoy.port()))
    }

    fn tag(&self, source: &Source) -> Result<Option<String>> {
        let service = SocketAddr::from(([127, 0, 0, 1], self.service.port()));
        tag(&source.send(service, &stranger())?)
    }

    fn wait_for_tag(&self, source: &Source) -> Result<String> {
        eventually("a tagged request", PATIENCE, || {
            self.tag(source).ok().flatten()
        })
    }
}

/// The bootstrap and the listeners of `text`; Envoy finds the latter in the file `path`.
fn split(text: &str, path: &str) -> (String, String) {
    const VM: &str = "      vm_config: &vm\n";
    let (before, rest) = text.split_once("  listeners:\n").expect("listeners");
    let (listeners, clusters) = rest.split_once("\n  clusters:\n").expect("clusters");
    let (_, vm) = before.split_once(VM).expect("the VM's configuration");
    let vm: String = vm
        .lines()
        .take_while(|line| line.starts_with("       "))
        .fold("vm_config: &vm\n".to_owned(), |vm, line| {
            format!("{vm}      {line}\n")
        });
    let bootstrap = format!(
        "dynamic_resources:\n  lds_config:\n    resource_api_version: V3\n    \
         path_config_source: {{ path: {path} }}\n\n{before}  clusters:\n{clusters}"
    );
    let typed = "  - \"@type\": type.googleapis.com/envoy.config.listener.v3.Listener\n    name: ";
    let listeners = listeners.replace("\n  - name: ", &format!("\n{typed}"));
    // An anchor holds within one file.
    let listeners = listeners.replacen("vm_config: *vm\n", &vm, 1);
    (bootstrap, format!("resources:\n{listeners}\n"))
}

/// The listeners with one decoy port; ports of the others may be taken on this machine.
fn without_other_decoys(listeners: &str) -> String {
    let is_other = |line: &str| {
        ["10023", "10445", "13306", "13389", "16379", "8008"]
            .iter()
            .any(|port| line.contains(&format!("port_value: {port} ")))
    };
    let kept = listeners.lines().filter(|line| !is_other(line));
    kept.fold(String::new(), |text, line| text + line + "\n")
}
