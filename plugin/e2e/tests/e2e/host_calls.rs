//! What the callbacks of the module ask of the host, counted in the harness: exact numbers, which
//! may not grow unnoticed.

use std::fs;

use host_test::{
    bench::{Baseline, measure},
    guest::Engine,
    scenario::Scenario,
};
use real_envoy::{Result, workspace_root};

#[test]
fn no_callback_asks_more_of_the_host_than_it_did() -> Result<()> {
    let folder = workspace_root().join("plugin/bench");
    let before: Baseline =
        serde_json::from_str(&fs::read_to_string(folder.join("host-calls.json"))?)?;
    let engine = Engine::cached()?;
    let mut figures = Vec::new();
    for case in Scenario::read(&folder.join("connections.yaml"))?.cases {
        figures.push(measure(&case, &engine)?);
    }
    let changes = before.compare(&Baseline::of(&figures));
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert!(
        changes.is_empty(),
        "if that is right, write the counts anew: ./justw bench-callbacks --write-baseline\n{}",
        changes.join("\n")
    );
    Ok(())
}
