//! Broken policies, each refused with its lines.

use super::{refused_policy, validate};
use crate::edge::POLICY;

#[test]
fn a_word_that_is_none_of_the_choices_is_refused() {
    refused_policy(
        r#"{ "sensitivity": "paranoid" }"#,
        &[r#"policy.sensitivity: "paranoid": must be one of "medium", "low", "high""#],
    );
    refused_policy(
        r#"{ "action": "drop" }"#,
        &[r#"policy.action: "drop": must be one of "tag", "block", "dry_run""#],
    );
}

#[test]
fn an_unknown_key_is_refused_with_the_known_ones() {
    refused_policy(
        r#"{ "sensivity": "low" }"#,
        &[
            "policy.sensivity: unknown key: keys here are sensitivity, sources, standing, networks, \
           verdict_ttl_secs, evidence_half_life_secs, trusted, known_scanners, decoy_weights, \
           without, exploits, exploits_disabled, action, block_risk, events, header",
        ],
    );
    refused_policy(
        r#"{ "sources": { "size": 1000 } }"#,
        &["policy.sources.size: unknown key: \
           keys here are capacity, ipv6_prefix, flagged_per_network"],
    );
}

#[test]
fn a_repeated_key_is_refused() {
    refused_policy(
        r#"{ "action": "tag", "action": "block" }"#,
        &["policy.action: repeated key: each key stands once"],
    );
    refused_policy(
        r#"{ "decoy_weights": { "23": 4, "023": 5 } }"#,
        &["policy.decoy_weights.023: 5: each port stands once"],
    );
}

#[test]
fn a_value_of_another_type_is_refused() {
    for (policy, problem) in [
        (r#"[]"#, "policy: a list: must be an object"),
        (
            r#"{ "sources": 5 }"#,
            "policy.sources: 5: must be an object",
        ),
        (
            r#"{ "verdict_ttl_secs": "7d" }"#,
            r#"policy.verdict_ttl_secs: "7d": must be a whole number from 1 to 31536000"#,
        ),
        (
            r#"{ "block_risk": 90.5 }"#,
            "policy.block_risk: 90.5: must be a whole number from 1 to 100",
        ),
        (
            r#"{ "trusted": "10.0.0.0/8" }"#,
            r#"policy.trusted: "10.0.0.0/8": must be a list"#,
        ),
        (
            r#"{ "decoy_weights": [23] }"#,
            "policy.decoy_weights: a list: must be an object of ports and weights",
        ),
        (
            r#"{ "known_scanners": { "actor": "censys" } }"#,
            "policy.known_scanners: an object: must be a list",
        ),
        (
            r#"{ "header": null }"#,
            "policy.header: null: must be \"x-\" and more of a-z, 0-9 and at most 2 further '-', 64 in all",
        ),
    ] {
        refused_policy(policy, &[problem]);
    }
}

#[test]
fn a_number_below_or_above_its_range_is_refused() {
    for (policy, problem) in [
        (
            r#"{ "sources": { "capacity": 63 } }"#,
            "policy.sources.capacity: 63: must be a whole number from 64 to 4194304",
        ),
        (
            r#"{ "sources": { "capacity": 4194305 } }"#,
            "policy.sources.capacity: 4194305: must be a whole number from 64 to 4194304",
        ),
        (
            r#"{ "block_risk": 0 }"#,
            "policy.block_risk: 0: must be a whole number from 1 to 100",
        ),
        (
            r#"{ "block_risk": 101 }"#,
            "policy.block_risk: 101: must be a whole number from 1 to 100",
        ),
        (
            r#"{ "verdict_ttl_secs": -1 }"#,
            "policy.verdict_ttl_secs: -1: must be a whole number from 1 to 31536000",
        ),
        (
            r#"{ "standing": { "capacity": 99999999999999999999 } }"#,
            "policy.standing.capacity: a number that is far too large: \
             must be a whole number from 1000 to 100000000",
        ),
    ] {
        refused_policy(policy, &[problem]);
    }
}

#[test]
fn networks_wider_than_their_sources_are_refused() {
    refused_policy(
        r#"{ "sources": { "ipv6_prefix": 32 }, "networks": { "ipv6_prefix": 48 } }"#,
        &["policy.networks.ipv6_prefix: 48: must be at most sources.ipv6_prefix"],
    );
}

#[test]
fn text_that_is_not_json_is_refused_with_line_and_column() {
    refused_policy(
        "{ sensitivity: medium }",
        &["policy: not JSON: key must be a string at line 1 column 3"],
    );
    refused_policy(
        r#"{ "action": "tag", }"#,
        &["policy: not JSON: trailing comma at line 1 column 20"],
    );
    refused_policy(
        r#"{ "action": "tag" } { }"#,
        &["policy: not JSON: trailing characters at line 1 column 21"],
    );
}

#[test]
fn a_network_that_is_none_is_refused_at_its_place_in_the_list() {
    refused_policy(
        r#"{ "trusted": ["192.0.2.0/24", "192.0.2.0/33", "office", 7] }"#,
        &[
            r#"policy.trusted[1]: "192.0.2.0/33": must be an address or a network such as "192.0.2.0/24""#,
            r#"policy.trusted[2]: "office": must be an address or a network such as "192.0.2.0/24""#,
            r#"policy.trusted[3]: 7: must be an address or a network such as "192.0.2.0/24""#,
        ],
    );
}

#[test]
fn a_scanner_without_a_proper_name_or_network_is_refused() {
    refused_policy(
        r#"{ "known_scanners": [ { "actor": "censys", "networks": ["162.142.125.0/24"] }, { "actor": "two words", "networks": [] }, { "networks": ["all"], "since": 2015 } ] }"#,
        &[
            r#"policy.known_scanners[1].actor: "two words": must be 1 to 32 of A-Z, a-z, 0-9, '.', '_' and '-'"#,
            "policy.known_scanners[1].networks: a list: must name at least one network",
            r#"policy.known_scanners[2].actor: null: must be 1 to 32 of A-Z, a-z, 0-9, '.', '_' and '-'"#,
            r#"policy.known_scanners[2].networks[0]: "all": must be an address or a network such as "192.0.2.0/24""#,
            "policy.known_scanners[2].since: unknown key: keys here are actor, networks",
        ],
    );
}

#[test]
fn a_weight_beyond_its_range_or_of_no_port_is_refused() {
    refused_policy(
        r#"{ "decoy_weights": { "0": 1, "ssh": 1, "65536": 1, "22": 21, "23": -1, "24": 1.234 } }"#,
        &[
            r#"policy.decoy_weights.0: "0": must be a port from 1 to 65535"#,
            r#"policy.decoy_weights.ssh: "ssh": must be a port from 1 to 65535"#,
            r#"policy.decoy_weights.65536: "65536": must be a port from 1 to 65535"#,
            "policy.decoy_weights.22: 21: must be a number of nats from 0 to 20, in hundredths",
            "policy.decoy_weights.23: -1: must be a number of nats from 0 to 20, in hundredths",
            "policy.decoy_weights.24: 1.234: must be a number of nats from 0 to 20, in hundredths",
        ],
    );
}

#[test]
fn a_header_that_is_no_name_is_refused() {
    let allowed = "must be \"x-\" and more of a-z, 0-9 and at most 2 further '-', 64 in all";
    for name in ["", "X-PortScan", "x_portscan", "x portscan"] {
        refused_policy(
            &format!(r#"{{ "header": "{name}" }}"#),
            &[&format!("policy.header: {name:?}: {allowed}")],
        );
    }
    let long = "x".repeat(65);
    let shown = "x".repeat(60);
    refused_policy(
        &format!(r#"{{ "header": "{long}" }}"#),
        &[&format!(r#"policy.header: "{shown}"…: {allowed}"#)],
    );
}

#[test]
fn every_problem_of_a_policy_is_reported_not_only_the_first() {
    refused_policy(
        r#"{ "block_risk": 500, "sensitivity": 3, "colour": "red", "trusted": ["x"], "sources": { "capacity": 1 } }"#,
        &[
            r#"policy.sensitivity: 3: must be one of "medium", "low", "high""#,
            "policy.sources.capacity: 1: must be a whole number from 64 to 4194304",
            r#"policy.trusted[0]: "x": must be an address or a network such as "192.0.2.0/24""#,
            "policy.block_risk: 500: must be a whole number from 1 to 100",
            "policy.colour: unknown key: keys here are sensitivity, sources, standing, networks, \
             verdict_ttl_secs, evidence_half_life_secs, trusted, known_scanners, decoy_weights, \
             without, exploits, exploits_disabled, action, block_risk, events, header",
        ],
    );
}

#[test]
fn an_empty_policy_is_the_default_one() {
    for policy in ["", "{}", " "] {
        validate(&[(POLICY, policy)]).unwrap();
    }
}
