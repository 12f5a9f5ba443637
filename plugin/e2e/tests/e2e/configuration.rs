//! Configurations: the good ones are valid, broken ones are refused with every problem named.
//!
//! Each broken configuration is `edge.yaml` with one text replaced, given to the real Envoy.

mod files;
mod filters;
mod policy;
mod together;

use std::fs;

use real_envoy::{Result, envoy::validate_text, workspace_root};

use crate::edge::POLICY;

/// A policy that is refused with exactly these problems.
#[track_caller]
fn refused_policy(policy: &str, problems: &[&str]) {
    refused(&[(POLICY, policy)], problems);
}

/// Configurations of the service's sensor that are refused with exactly these problems.
#[track_caller]
fn refused_sensor(sensor: &str, problems: &[&str]) {
    refused(&[(SENSOR, sensor)], problems);
}

/// `edge.yaml` with these replacements is refused with exactly these problems, in this order.
#[track_caller]
fn refused(replacements: &[(&str, &str)], problems: &[&str]) {
    let output = validate(replacements).expect_err("refused");
    assert_eq!(refusals(&output), problems, "{replacements:?}");
    assert!(
        output.contains("Unable to create Wasm plugin portscan sensor"),
        "{output}"
    );
}

/// What Envoy says about `edge.yaml` with these replacements.
fn validate(replacements: &[(&str, &str)]) -> Result<String, String> {
    let path = workspace_root().join("envoy/edge.yaml");
    let mut text = fs::read_to_string(&path).expect("edge.yaml is there");
    for (from, to) in replacements {
        assert!(text.contains(from), "edge.yaml has no {from:?}");
        text = text.replace(from, to);
    }
    validate_text(&text, None)
}

/// The problems in Envoy's output. A second VM that says the same says nothing new.
fn refusals(output: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in output.lines() {
        let problem = line.split_once(" portscan: configuration refused: ");
        found.extend(
            problem
                .map(|(_, problem)| problem)
                .filter(|new| !found.contains(new)),
        );
    }
    found
}

/// The configuration of the service's sensor in `edge.yaml`.
const SENSOR: &str = r#"{"role":"sensor"}"#;
