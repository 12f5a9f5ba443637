//! What only a running Envoy shows: filters that do not go together.

use real_envoy::{Result, http::Source};

use super::{SENSOR, refusals, validate};
use crate::edge::{Edge, POLICY};

const OTHER_POLICY: &str = r#"{"role":"sensor","policy":{"action":"block"}}"#;
const DIFFERS: &str = "policy: differs from that of another filter of this VM: \
                       must be the same for all filters with one vm_config";

/// `--mode validate` asks each filter in a VM of its own, so there it is only said; on the main
/// thread, where they meet, it stops the start.
#[test]
fn filters_of_one_vm_with_different_policies_stop_the_start() {
    let output = validate(&[(POLICY, ""), (SENSOR, OTHER_POLICY)]);
    let output = output.unwrap_or_else(|output| output);
    assert_eq!(refusals(&output), [DIFFERS]);

    let started = Edge::start_with("edge.yaml", |builder| {
        builder.replace(POLICY, "").replace(SENSOR, OTHER_POLICY)
    });
    let error = format!("{:#}", started.err().expect("refused"));
    assert!(error.contains(DIFFERS), "{error}");
}

/// The same policy twice is one policy, wherever it stands, in whatever order.
#[test]
fn the_same_policy_in_each_filter_is_as_good_as_one_for_all() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| {
        builder
            .replace(POLICY, "")
            .replace(
                r#"{"role":"keeper"}"#,
                r#"{"role":"keeper","policy":{"block_risk":70,"action":"tag"}}"#,
            )
            .replace(
                SENSOR,
                r#"{"role":"sensor","policy":{"action":"tag","block_risk":70}}"#,
            )
            .replace(
                r#"{"role":"sensor","decoy":true}"#,
                r#"{"role":"sensor","policy":{"block_risk":70},"decoy":true}"#,
            )
            .replace(
                r#"{"role":"portal"}"#,
                r#"{"role":"portal","policy":{"block_risk":70}}"#,
            )
    })?;
    let source = Source::loopback(66, 2, 1);
    source.touch(edge.decoy(0))?;
    assert!(edge.wait_for_tag(&source)?.starts_with("kind=probe"));
    Ok(())
}

#[test]
fn a_keeper_with_a_broken_configuration_stops_the_start() {
    let started = Edge::start_with("edge.yaml", |builder| {
        builder.replace(r#"{"role":"keeper"}"#, r#"{"role":"keeper","lease":5}"#)
    });
    let error = format!("{:#}", started.err().expect("refused"));
    let line = "portscan: configuration refused: lease: unknown key: keys here are role, policy";
    assert!(error.contains(line), "{error}");
}
