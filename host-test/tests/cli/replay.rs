//! `host-test replay`, with the detector itself.

use super::command::{Ran, host_test};

/// Replays `trace` with more arguments.
fn replay(name: &str, trace: &str, more: &[&str]) -> Ran {
    let path = std::env::temp_dir().join(format!("host-test-replay-{}-{name}", std::process::id()));
    std::fs::write(&path, trace).unwrap();
    let path_text = path.display().to_string();
    let mut arguments = vec!["replay", "--real-ports", "80,443", "--trace", &path_text];
    arguments.extend(more);
    let mut ran = host_test(&arguments);
    for text in [&mut ran.stdout, &mut ran.stderr] {
        *text = text.replace(&path_text, "T");
    }
    std::fs::remove_file(&path).unwrap();
    ran
}

const TRACE: &str = "ts,src,dst,dport,dur,bytes\n\
                     100,192.0.2.7,198.51.100.1,443,1,500\n\
                     200,192.0.2.7,198.51.100.1,23,1,0\n\
                     300,192.0.2.7,198.51.100.1,443,1,500\n\
                     400,192.0.2.8,198.51.100.2,443,1,500\n";

fn summary(ran: &Ran) -> serde_json::Value {
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn a_summary_comes_out_and_verdicts_go_to_a_file() {
    let out = std::env::temp_dir().join(format!("host-test-verdicts-{}", std::process::id()));
    let summary = summary(&replay("plain", TRACE, &["--out", out.to_str().unwrap()]));
    let verdicts = std::fs::read_to_string(&out).unwrap();
    std::fs::remove_file(&out).unwrap();
    for (key, value) in [
        ("sources", 2),
        ("contacts", 4),
        ("flagged_sources", 1),
        ("tagged_contacts", 2),
        ("tagged_real_contacts", 1),
        ("real_contacts", 3),
        ("peak_slots", 1),
        ("evictions", 0),
    ] {
        assert_eq!(summary[key], value, "{key}: {summary}");
    }
    assert_eq!(summary["mean_contacts_to_flag"], 2.0);
    let line: serde_json::Value = serde_json::from_str(verdicts.trim()).unwrap();
    assert_eq!(line["src"], "192.0.2.7");
    assert_eq!(line["contacts_before"], 2);
    assert_eq!(line["tags"], serde_json::json!(["decoy"]));
}

#[test]
fn decoys_edges_and_evidence_are_what_is_said() {
    let flagged = |name, more: &[&str]| {
        let summary = summary(&replay(name, TRACE, more));
        summary["flagged_sources"].as_u64().unwrap()
    };
    assert_eq!(flagged("decoys", &["--decoys", "25,110"]), 0);
    assert_eq!(flagged("without", &["--without", "decoy,silent"]), 0);
    let edges = summary(&replay("edges", TRACE, &["--edge-by", "dst"]));
    assert_eq!(edges["sources"], 2);
}

#[test]
fn what_is_wrong_is_told_in_one_line() {
    let said = |name, trace, more: &[&str]| {
        let ran = replay(name, trace, more);
        assert_eq!(ran.code, Some(2), "{}", ran.stdout);
        ran.stderr
    };
    assert_eq!(
        said("line", "ts,src,dport\n1,192.0.2.1,23\n2,here,23\n", &[]),
        "host-test: T:3: invalid IP address syntax\n"
    );
    assert_eq!(
        said("port", "ts,src,dport\n1,192.0.2.1,0\n", &[]),
        "host-test: T:2: dport: 0: must be a port from 1 to 65535\n"
    );
    let kind = said("kind", TRACE, &["--without", "noise"]);
    assert!(kind.contains("expected one of decoy, ports"), "{kind}");
    let policy = said("policy", TRACE, &["--policy", "/no/such/policy.json"]);
    assert!(
        policy.contains("/no/such/policy.json: No such file"),
        "{policy}"
    );
    let module = said(
        "module",
        TRACE,
        &["--engine", "wasm", "--module", "/no/such.wasm"],
    );
    assert!(module.contains("/no/such.wasm"), "{module}");
}
