//! Tests of the configuration: what is refused, in which words, and that the README tells the
//! truth.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use ipnet::IpNet;

use super::*;
use crate::exploit::{Pattern, Places, Strength};

#[track_caller]
fn refused(result: Result<impl core::fmt::Debug, Vec<Problem>>) -> Vec<String> {
    result
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[track_caller]
fn policy_refused(text: &str, expected: &[&str]) {
    assert_eq!(refused(parse_policy(text.as_bytes())), expected);
}

#[track_caller]
fn plugin_refused(text: &str, expected: &[&str]) {
    assert_eq!(refused(parse_plugin(text.as_bytes())), expected);
}

/// The example of the design, complete.
const FULL: &str = r#"{
  "sensitivity": "medium",
  "sources":  { "capacity": 65536, "ipv6_prefix": 64, "flagged_per_network": 64 },
  "standing": { "capacity": 1000000 },
  "networks": { "capacity": 8192, "ipv4_prefix": 24, "ipv6_prefix": 48 },
  "verdict_ttl_secs": 604800,
  "evidence_half_life_secs": 86400,
  "trusted": ["10.0.0.0/8", "2001:db8::/32"],
  "known_scanners": [ { "actor": "censys", "networks": ["162.142.125.0/24"] } ],
  "decoy_weights": { "8080": 4.0 },
  "action": "tag",
  "block_risk": 90,
  "header": "x-portscan"
}"#;

#[test]
fn the_documented_defaults_are_the_defaults() {
    let full = parse_policy(FULL.as_bytes()).unwrap();
    let default = Policy {
        trusted: full.trusted.clone(),
        known_scanners: full.known_scanners.clone(),
        decoy_weights: full.decoy_weights.clone(),
        ..Policy::default()
    };
    assert_eq!(full, default);
    assert_eq!(parse_policy(b"").unwrap(), Policy::default());
    assert_eq!(parse_policy(b"{}").unwrap(), Policy::default());
}

#[test]
fn every_problem_is_reported() {
    policy_refused(
        r#"{"sensitivity":"extreme","sources":{"capacity":12,"ipv6_prefx":64},"block_risk":0,"x":1}"#,
        &[
            "policy.sensitivity: \"extreme\": must be one of \"medium\", \"low\", \"high\"",
            "policy.sources.capacity: 12: must be a whole number from 64 to 4194304",
            "policy.sources.ipv6_prefx: unknown key: keys here are capacity, ipv6_prefix, \
             flagged_per_network",
            "policy.block_risk: 0: must be a whole number from 1 to 100",
            "policy.x: unknown key: keys here are sensitivity, sources, standing, networks, \
             verdict_ttl_secs, evidence_half_life_secs, trusted, known_scanners, decoy_weights, \
             without, exploits, exploits_disabled, action, block_risk, events, header",
        ],
    );
}

#[test]
fn text_that_is_no_object_is_refused() {
    policy_refused(
        "[",
        &["policy: not JSON: EOF while parsing a list at line 1 column 1"],
    );
    policy_refused(
        "{} {}",
        &["policy: not JSON: trailing characters at line 1 column 4"],
    );
    policy_refused("7", &["policy: 7: must be an object"]);
    policy_refused(
        r#"{"sources":null}"#,
        &["policy.sources: null: must be an object"],
    );
    plugin_refused(
        "\"sensor\"",
        &[
            "plugin: \"sensor\": must be an object",
            "role: missing: must be one of \"sensor\", \"tagger\", \"portal\", \"keeper\"",
        ],
    );
    plugin_refused(
        "",
        &["role: missing: must be one of \"sensor\", \"tagger\", \"portal\", \"keeper\""],
    );
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = "[".repeat(100_000);
    policy_refused(
        &deep,
        &["policy: not JSON: recursion limit exceeded at line 1 column 128"],
    );
}

#[test]
fn numbers_are_whole_and_in_range() {
    for (value, shown) in [
        ("-1", "-1"),
        ("63", "63"),
        ("4194305", "4194305"),
        ("64.5", "64.5"),
        ("1e99", "a number that is far too large"),
        ("\"64\"", "\"64\""),
        ("true", "true"),
        ("18446744073709551615", "a number that is far too large"),
        ("-0.25", "-0.25"),
    ] {
        policy_refused(
            &format!(r#"{{"sources":{{"capacity":{value}}}}}"#),
            &[&format!(
                "policy.sources.capacity: {shown}: must be a whole number from 64 to 4194304"
            )],
        );
    }
}

#[test]
fn a_key_with_line_breaks_is_one_line() {
    let known = "keys here are capacity";
    let key = "standing\\nportscan: all is well";
    policy_refused(
        r#"{"standing":{"a\nb":1}}"#,
        &[&format!("policy.standing.a\\nb: unknown key: {known}")],
    );
    let found = refused(parse_policy(format!(r#"{{"{key}":1}}"#).as_bytes()));
    assert_eq!(found.first().unwrap().lines().count(), 1);
}

#[test]
fn a_key_stands_once() {
    policy_refused(
        r#"{"block_risk":50,"block_risk":60}"#,
        &["policy.block_risk: repeated key: each key stands once"],
    );
}

#[test]
fn networks_are_normalised_or_refused() {
    let policy = parse_policy(
        br#"{"trusted":["10.1.2.3/8","192.0.2.7","2001:db8::1/32","::ffff:192.0.2.0/120"]}"#,
    );
    let trusted: Vec<String> = policy
        .unwrap()
        .trusted
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        trusted,
        [
            "10.0.0.0/8",
            "192.0.2.7/32",
            "2001:db8::/32",
            "192.0.2.0/24"
        ]
    );
    let allowed = "must be an address or a network such as \"192.0.2.0/24\"";
    policy_refused(
        r#"{"trusted":["10.0.0.0/33","",7,"fe80::1%eth0"]}"#,
        &[
            &format!("policy.trusted[0]: \"10.0.0.0/33\": {allowed}"),
            &format!("policy.trusted[1]: \"\": {allowed}"),
            &format!("policy.trusted[2]: 7: {allowed}"),
            &format!("policy.trusted[3]: \"fe80::1%eth0\": {allowed}"),
        ],
    );
}

#[test]
fn own_exploits_are_read() {
    let policy = parse_policy(
        br#"{"exploits":[{"name":"old-shop","pattern":"^/shop/install.php","where":["path","query"]},
            {"name":"x","pattern":"a\\x00bc","where":["payload"],"strength":"probe"}],
            "exploits_disabled":["dotenv"]}"#,
    );
    let policy = policy.unwrap();
    let [shop, x] = &policy.exploits[..] else {
        panic!("{:?}", policy.exploits);
    };
    assert_eq!(shop.name, "old-shop");
    assert_eq!(shop.pattern, Pattern::parse("^/shop/install.php").unwrap());
    assert_eq!(shop.places, Places::PATH.and(Places::QUERY));
    assert_eq!(shop.strength, Strength::Certain);
    assert_eq!(x.pattern.head, b"a\0bc");
    assert_eq!(x.strength, Strength::Probe);
    assert_eq!(policy.exploits_disabled, ["dotenv"]);
}

#[test]
fn exploits_are_named_written_and_placed_or_refused() {
    let name = "must be 1 to 32 of a-z, 0-9 and '-', and no name of the list or of another entry";
    let pattern = "must be 4 to 128 printable ASCII characters, 4 of them before a '*' of which \
                   there may be one, with \\\\, \\r, \\n and \\xNN for bytes";
    let place = "must be one of \"path\", \"query\", \"header\", \"payload\"";
    policy_refused(
        r#"{"exploits":[{"name":"a","pattern":"abcd","where":["path"]},
            {"name":"a","pattern":"abc","where":["body"]},
            {"name":"dotenv","pattern":"ab*cd","where":[]},
            {"name":"b","pattern":7,"where":"path","strength":"sure","why":1},
            7],
            "exploits_disabled":["nothing",1]}"#,
        &[
            &format!("policy.exploits[1].name: \"a\": {name}"),
            &format!("policy.exploits[1].pattern: \"abc\": {pattern}"),
            &format!("policy.exploits[1].where[0]: \"body\": {place}"),
            &format!("policy.exploits[2].name: \"dotenv\": {name}"),
            &format!("policy.exploits[2].pattern: \"ab*cd\": {pattern}"),
            "policy.exploits[2].where: a list: must name at least one place",
            &format!("policy.exploits[3].pattern: 7: {pattern}"),
            "policy.exploits[3].where: \"path\": must be a list",
            "policy.exploits[3].strength: \"sure\": must be one of \"certain\", \"probe\"",
            "policy.exploits[3].why: unknown key: keys here are name, pattern, where, strength",
            "policy.exploits[4]: 7: must be an object",
            &format!("policy.exploits[4].name: null: {name}"),
            &format!("policy.exploits[4].pattern: null: {pattern}"),
            "policy.exploits[4].where: a list: must name at least one place",
            "policy.exploits_disabled[0]: \"nothing\": must be the name of an exploit in the list",
            "policy.exploits_disabled[1]: 1: must be the name of an exploit in the list",
        ],
    );
    let many = "7,".repeat(256);
    policy_refused(
        &format!(r#"{{"exploits":[{many}7]}}"#),
        &["policy.exploits: 257: entries are too many, at most 256 are allowed"],
    );
    policy_refused(
        r#"{"exploits":{"a":"b"}}"#,
        &["policy.exploits: an object: must be a list"],
    );
}

#[test]
fn declared_scanners_have_a_name() {
    let allowed = "must be 1 to 32 of A-Z, a-z, 0-9, '.', '_' and '-'";
    policy_refused(
        r#"{"known_scanners":[{"networks":["::1"]},{"actor":"a\"b"},{"actor":"x","networks":"y"},7]}"#,
        &[
            &format!("policy.known_scanners[0].actor: null: {allowed}"),
            &format!("policy.known_scanners[1].actor: \"a\\\"b\": {allowed}"),
            "policy.known_scanners[2].networks: \"y\": must be a list",
            "policy.known_scanners[3]: 7: must be an object",
            &format!("policy.known_scanners[3].actor: null: {allowed}"),
        ],
    );
}

#[test]
fn decoy_weights_are_ports_and_nats() {
    let allowed = "must be a number of nats from 0 to 20, in hundredths";
    policy_refused(
        r#"{"decoy_weights":{"0":1,"http":1,"22":-1,"23":20.01,"24":1.005,"25":"6","26":1,"26":2}}"#,
        &[
            "policy.decoy_weights.0: \"0\": must be a port from 1 to 65535",
            "policy.decoy_weights.http: \"http\": must be a port from 1 to 65535",
            &format!("policy.decoy_weights.22: -1: {allowed}"),
            &format!("policy.decoy_weights.23: 20.01: {allowed}"),
            &format!("policy.decoy_weights.24: 1.005: {allowed}"),
            &format!("policy.decoy_weights.25: \"6\": {allowed}"),
            "policy.decoy_weights.26: 2: each port stands once",
        ],
    );
    let policy = parse_policy(br#"{"decoy_weights":{"22":0.07,"23":20}}"#).unwrap();
    let weights: Vec<i32> = policy
        .decoy_weights
        .iter()
        .map(|(_, n)| n.hundredths())
        .collect();
    assert_eq!(weights, [7, 2_000]);
}

#[test]
fn a_network_is_not_smaller_than_a_source() {
    policy_refused(
        r#"{"sources":{"ipv6_prefix":48},"networks":{"ipv6_prefix":56}}"#,
        &["policy.networks.ipv6_prefix: 56: must be at most sources.ipv6_prefix"],
    );
}

#[test]
fn a_header_is_a_lower_case_name() {
    let allowed = "must be \"x-\" and more of a-z, 0-9 and at most 2 further '-', 64 in all";
    for header in [
        "",
        "host",
        "X-Portscan",
        "x_portscan",
        ":path",
        "x portscan",
        "x-a-b-c-d",
    ] {
        let expected = format!("policy.header: {header:?}: {allowed}");
        policy_refused(&format!(r#"{{"header":{header:?}}}"#), &[&expected]);
    }
    assert!(parse_policy(br#"{"header":"x-edge-scan-1"}"#).is_ok());
}

#[test]
fn a_sensor_says_what_it_guards() {
    plugin_refused(
        r#"{"role":"sensor","real_ports":[80,0,70000],"names":["A.example"],"hold_secs":65536,"standing":"me"}"#,
        &[
            "real_ports[1]: 0: must be a port from 1 to 65535",
            "real_ports[2]: 70000: must be a port from 1 to 65535",
            "real_ports: 80: must be empty unless \"decoy\" is true",
            "names[0]: \"A.example\": must be a host name in lower case, perhaps behind \"*.\", \
         without port",
            "standing: \"me\": must be one of \"bytes\", \"tagger\"",
            "hold_secs: 65536: must be a whole number from 0 to 65535",
        ],
    );
    plugin_refused(
        r#"{"role":"sensor","observe":true}"#,
        &[
            "observe: unknown key: keys here are role, decoy, real_ports, login, speaks, names, standing, \
         hold_secs, policy",
        ],
    );
}

#[test]
fn hold_secs_has_its_default_on_decoys_only() {
    let hold = |text: &str| match parse_plugin(text.as_bytes()).unwrap().role {
        Role::Sensor(sensor) => sensor.hold_secs,
        other => panic!("{other:?}"),
    };
    assert_eq!(hold(r#"{"role":"sensor","decoy":true}"#), 30);
    assert_eq!(hold(r#"{"role":"sensor"}"#), 0);
    assert_eq!(hold(r#"{"role":"sensor","decoy":true,"hold_secs":0}"#), 0);
}

#[test]
fn observing_needs_a_trusted_address() {
    plugin_refused(
        r#"{"role":"tagger","observe":true}"#,
        &[
            "observe: true: needs \"source_address_is_trusted\": true, because the module cannot see \
         whether Envoy takes the address from X-Forwarded-For",
        ],
    );
    let plugin =
        parse_plugin(br#"{"role":"tagger","observe":true,"source_address_is_trusted":true}"#);
    assert_eq!(
        plugin.unwrap().role,
        Role::Tagger(Tagger {
            observe: true,
            inspect: true
        })
    );
}

#[test]
fn a_policy_may_stand_in_the_plugin_configuration() {
    let plugin = parse_plugin(br#"{"role":"keeper","policy":{"block_risk":50}}"#).unwrap();
    assert_eq!(plugin.policy.unwrap().block_risk, 50);
    plugin_refused(
        r#"{"role":"keeper","policy":{"block_risk":101}}"#,
        &["policy.block_risk: 101: must be a whole number from 1 to 100"],
    );
}

#[test]
fn of_endless_problems_the_first_hundred_are_reported() {
    let keys = (0..1_000).map(|n| format!("\"k{n}\":0"));
    let text = format!("{{{}}}", keys.collect::<Vec<_>>().join(","));
    let problems = refused(parse_policy(text.as_bytes()));
    assert_eq!(problems.len(), 101);
    let last = "configuration: 900 more problems: not shown";
    assert_eq!(problems.last().unwrap(), last);
    let repeated = "\"22\":1,".repeat(500_000);
    let text = format!(r#"{{"decoy_weights":{{{repeated}"22":1}}}}"#);
    assert_eq!(refused(parse_policy(text.as_bytes())).len(), 101);
}

#[test]
fn too_many_networks_are_refused_with_the_maximum() {
    let list = "\"::1\",".repeat(1_000_000);
    let text = format!(r#"{{"trusted":[{list}"::1"]}}"#);
    let allowed = "entries are too many, at most 1000000 are allowed";
    policy_refused(&text, &[&format!("policy.trusted: 1000001: {allowed}")]);
    let blank = " ".repeat(CONFIG_LEN_MAX + 1);
    policy_refused(
        &blank,
        &["policy: 33554433 bytes: at most 33554432 bytes are read"],
    );
}

#[test]
fn the_readme_shows_the_fields_and_metrics() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let mut readme = std::fs::read_to_string(path).unwrap();
    let before = readme.clone();
    let configuration = format!(
        "\nOf a filter:\n\n{}\nOf the policy:\n\n{}\n",
        reference::plugin_fields(),
        reference::policy_fields()
    );
    for (name, text) in [
        ("configuration", configuration),
        ("metrics", format!("\n{}\n", reference::metrics())),
    ] {
        let (begin, end) = (
            format!("<!-- {name}: begin -->\n"),
            format!("<!-- {name}: end -->"),
        );
        let start = readme.find(&begin).expect(&begin) + begin.len();
        let stop = readme.get(start..).unwrap().find(&end).expect(&end) + start;
        readme.replace_range(start..stop, &text);
    }
    if readme != before {
        std::fs::write(path, &readme).unwrap();
        panic!("README.md did not show the fields as the code has them; it does now");
    }
}

#[test]
fn an_actor_without_networks_has_those_that_come_with_the_module() {
    let text =
        br#"{"known_scanners":[{"actor":"censys"},{"actor":"me","networks":["192.0.2.1"]}]}"#;
    let policy = parse_policy(text).unwrap();
    let [censys, me] = &policy.known_scanners[..] else {
        panic!("{policy:?}")
    };
    let listed: IpNet = "162.142.125.0/24".parse().unwrap();
    assert!(censys.networks.len() > 5 && censys.networks.contains(&listed));
    assert_eq!(me.networks.len(), 1);
    let problems = parse_policy(br#"{"known_scanners":[{"actor":"acme"}]}"#).unwrap_err();
    let said = problems[0].to_string();
    assert!(
        said.starts_with(
            "policy.known_scanners[0].actor: \"acme\": must have \"networks\", or be one of"
        ) && said.contains("shodan"),
        "{said}"
    );
}
