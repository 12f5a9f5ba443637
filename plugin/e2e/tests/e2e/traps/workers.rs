//! What goes wrong only between threads, or because each thread does the same.

use std::{collections::BTreeSet, thread};

use real_envoy::{Result, eventually, http::Source};

use crate::{
    edge::{DECOYS, Edge, PATIENCE, POLICY, knock, metric},
    sound::assert_sound,
    words::Words,
};

/// All pages of the table are new, and 64 clients at once are the first in one of them.
#[test]
fn first_contacts_on_all_workers_at_once_are_all_kept() -> Result<()> {
    for _ in 0..4 {
        let policy = r#"{ "sources": { "capacity": 512 } }"#;
        let edge = Edge::start_with("edge.yaml", |builder| {
            builder.replace(POLICY, policy).concurrency(4)
        })?;
        let sources: Vec<_> = (1..=64).map(|n| Source::loopback(81, n, 1)).collect();
        at_once(&sources, |source| knock(source, edge.decoy(0)).map(drop))?;
        edge.wait_for_metric("connections_total.listener.decoy", 64)?;
        assert_eq!(edge.metric("evidence_total.kind.decoy")?, 64);
        for source in &sources {
            assert_eq!(Words::of(&edge.wait_for_tag(source)?).kind, "probe");
        }
        edge.wait_for_metric("sources_tracked", 64)?;
        edge.wait_for_metric("sources_flagged", 64)?;
        assert_sound(&edge.envoy);
    }
    Ok(())
}

#[test]
fn contacts_of_one_source_on_all_workers_at_once_are_all_counted() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.concurrency(4))?;
    let source = Source::loopback(82, 1, 1);
    let turns: Vec<_> = (0..16).collect();
    at_once(&turns, |turn| {
        (0..25).try_for_each(|n| knock(&source, edge.decoy((turn + n) % DECOYS.len())).map(drop))
    })?;
    edge.wait_for_metric("connections_total.listener.decoy", 400)?;
    assert_eq!(edge.metric("evidence_total.kind.decoy")?, 7);
    assert_eq!(edge.metric("verdicts_total.kind.probe")?, 1);
    assert_eq!(edge.metric("cas_giveups_total")?, 0);
    // Each of these requests is a connection too, and may be counted or not.
    let words = eventually("all hits", PATIENCE, || {
        let words = Words::of(&edge.tag(&source).ok()??);
        (words.hits >= 400 && words.ports == 7).then_some(words)
    })?;
    assert_eq!(words.kind, "vertical");
    let requests = edge.upstream.seen().len();
    assert!(
        words.hits <= 400 + i64::try_from(requests)?,
        "{} of {requests}",
        words.hits
    );
    assert_sound(&edge.envoy);
    Ok(())
}

#[test]
fn an_edge_that_has_seen_nobody_has_counted_nothing() -> Result<()> {
    for file in ["edge.yaml", "edge-inspect.yaml", "block.yaml"] {
        let edge = Edge::start_with(file, |builder| builder.concurrency(4))?;
        // Once a first client is counted, a tick has flushed what else there was.
        assert_eq!(edge.tag(&Source::loopback(86, 1, 1))?, None);
        edge.wait_for_metric("connections_total.listener.real", 1)?;
        let stats = edge.envoy.stats()?;
        let module = stats
            .iter()
            .filter(|(name, _)| name.starts_with("wasmcustom."));
        let counted: Vec<_> = module.clone().filter(|(_, value)| **value > 0).collect();
        let the_client = metric("connections_total.listener.real");
        assert_eq!(counted, [(&the_client, &1)], "{file}");
        assert!(module.count() > 20, "{file}");
        assert_sound(&edge.envoy);
    }
    Ok(())
}

/// One per worker, one on the main thread, and the ones Envoy copies them from.
#[test]
fn all_filters_of_a_worker_share_one_vm() -> Result<()> {
    let vms = |workers| -> Result<u64> {
        let edge = Edge::start_with("edge-inspect.yaml", |builder| builder.concurrency(workers))?;
        edge.envoy.counter("wasm.envoy.wasm.runtime.v8.active")
    };
    let (two, four) = (vms(2)?, vms(4)?);
    assert_eq!(four - two, 2);
    assert!(two <= 2 + 3, "{two}");
    Ok(())
}

#[test]
fn no_client_makes_a_new_metric() -> Result<()> {
    let edge = Edge::start("edge.yaml")?;
    let names = || -> Result<BTreeSet<String>> {
        let stats = edge.envoy.stats()?.into_keys();
        Ok(stats.filter(|name| name.starts_with("wasm")).collect())
    };
    let before = names()?;
    assert!(
        before
            .iter()
            .any(|name| name.contains("portscan_connections_total"))
    );
    for host in 1..=30 {
        let source = Source::loopback(83, host, 1);
        knock(&source, edge.decoy(usize::from(host % 7)))?;
        edge.wait_for_tag(&source)?;
    }
    edge.wait_for_metric("connections_total.listener.decoy", 30)?;
    assert_eq!(names()?, before);
    Ok(())
}

/// Does `work` for every item, all of them at once.
fn at_once<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let running: Vec<_> = items
            .iter()
            .map(|item| scope.spawn(|| work(item)))
            .collect();
        running
            .into_iter()
            .try_for_each(|thread| thread.join().expect("no panic"))
    })
}
