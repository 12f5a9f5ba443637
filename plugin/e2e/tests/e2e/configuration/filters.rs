//! Broken configurations of filters, each refused with its lines.

use super::{SENSOR, refused, refused_sensor};
use crate::edge::POLICY;

const ROLES: &str = r#"must be one of "sensor", "tagger", "portal", "keeper""#;

#[test]
fn a_filter_without_a_role_is_refused() {
    for text in ["", "{}", "  "] {
        refused_sensor(text, &[&format!("role: missing: {ROLES}")]);
    }
}

#[test]
fn a_role_that_does_not_exist_is_refused() {
    refused_sensor(
        r#"{"role":"guard"}"#,
        &[&format!(r#"role: "guard": {ROLES}"#)],
    );
    refused_sensor(r#"{"role":1}"#, &[&format!("role: 1: {ROLES}")]);
}

#[test]
fn a_key_of_another_role_or_a_typo_is_refused() {
    refused_sensor(
        r#"{"role":"sensor","decoys":true}"#,
        &["decoys: unknown key: \
           keys here are role, decoy, real_ports, login, speaks, names, standing, hold_secs, \
           policy"],
    );
    refused_sensor(
        r#"{"role":"tagger","decoy":true}"#,
        &[
            "decoy: unknown key: keys here are role, observe, source_address_is_trusted, inspect, \
           policy",
        ],
    );
    refused_sensor(
        r#"{"role":"keeper","decoy":true}"#,
        &["decoy: unknown key: keys here are role, policy"],
    );
}

#[test]
fn a_repeated_key_of_a_filter_is_refused() {
    refused_sensor(
        r#"{"role":"sensor","decoy":true,"decoy":false}"#,
        &["decoy: repeated key: each key stands once"],
    );
    refused_sensor(
        r#"{"role":"sensor","role":"tagger"}"#,
        &["role: repeated key: each key stands once"],
    );
}

#[test]
fn filter_text_that_is_not_json_is_refused_with_line_and_column() {
    refused_sensor(
        "sensor",
        &["plugin: not JSON: expected value at line 1 column 1"],
    );
    refused_sensor(
        r#"{"role":"sensor""#,
        &["plugin: not JSON: EOF while parsing an object at line 1 column 16"],
    );
    refused_sensor(
        "[]",
        &[
            "plugin: a list: must be an object",
            &format!("role: missing: {ROLES}"),
        ],
    );
}

#[test]
fn wrong_types_of_a_sensor_are_all_reported() {
    refused_sensor(
        r#"{"role":"sensor","decoy":"yes","real_ports":80,"names":"shop","standing":true,"hold_secs":65536}"#,
        &[
            r#"decoy: "yes": must be true or false"#,
            "real_ports: 80: must be a list",
            r#"names: "shop": must be a list"#,
            r#"standing: true: must be one of "bytes", "tagger""#,
            "hold_secs: 65536: must be a whole number from 0 to 65535",
        ],
    );
}

#[test]
fn a_port_that_is_none_is_refused() {
    refused_sensor(
        r#"{"role":"sensor","decoy":true,"real_ports":[80,0,65536,"443"]}"#,
        &[
            "real_ports[1]: 0: must be a port from 1 to 65535",
            "real_ports[2]: 65536: must be a port from 1 to 65535",
            r#"real_ports[3]: "443": must be a port from 1 to 65535"#,
        ],
    );
}

#[test]
fn real_ports_of_a_listener_that_is_no_decoy_are_refused() {
    refused_sensor(
        r#"{"role":"sensor","real_ports":[80,443]}"#,
        &[r#"real_ports: 80: must be empty unless "decoy" is true"#],
    );
}

#[test]
fn a_host_name_that_is_none_is_refused() {
    let allowed = r#"must be a host name in lower case, perhaps behind "*.", without port"#;
    refused_sensor(
        r#"{"role":"sensor","names":["shop.example","Shop.example","shop.example:443","*","a..b"]}"#,
        &[
            &format!(r#"names[1]: "Shop.example": {allowed}"#),
            &format!(r#"names[2]: "shop.example:443": {allowed}"#),
            &format!(r#"names[3]: "*": {allowed}"#),
            &format!(r#"names[4]: "a..b": {allowed}"#),
        ],
    );
}

#[test]
fn too_many_host_names_are_refused() {
    let names = vec![r#""a.example""#; 1_025].join(",");
    refused_sensor(
        &format!(r#"{{"role":"sensor","names":[{names}]}}"#),
        &["names: 1025: entries are too many, at most 1024 are allowed"],
    );
}

#[test]
fn observing_without_a_word_about_the_address_is_refused() {
    refused_sensor(
        r#"{"role":"tagger","observe":true}"#,
        &[
            "observe: true: needs \"source_address_is_trusted\": true, because the module cannot \
           see whether Envoy takes the address from X-Forwarded-For",
        ],
    );
}

#[test]
fn a_policy_in_both_places_is_refused() {
    refused_sensor(
        r#"{"role":"sensor","policy":{"sensitivity":"medium"}}"#,
        &["policy: stands in vm_config.configuration too: must stand in one of the two places"],
    );
}

#[test]
fn problems_of_the_policy_and_of_the_filter_are_reported_together() {
    refused(
        &[
            (POLICY, r#"{ "block_risk": 0 }"#),
            (
                SENSOR,
                r#"{"role":"sensor","decoy":1,"policy":{"header":"X"}}"#,
            ),
        ],
        &[
            "policy.block_risk: 0: must be a whole number from 1 to 100",
            "decoy: 1: must be true or false",
            r#"policy.header: "X": must be "x-" and more of a-z, 0-9 and at most 2 further '-', 64 in all"#,
        ],
    );
}
