//! Small traces, and what a replay says of them.

use super::*;
use crate::native::Native;
use crate::trace::read;
use portscan_core::evidence::{Evidence, EvidenceSet};

fn setup(policy: &str, without: &[Evidence]) -> Setup {
    let without: EvidenceSet = without.iter().copied().collect();
    let mut setup = Setup::new(policy, without).unwrap();
    setup.real_ports = [80, 443].into();
    setup
}

fn run(setup: &Setup, trace: &str) -> Outcome {
    let contacts = read(trace.as_bytes()).unwrap();
    replay(&contacts, setup, Native::new)
}

const HEAD: &str = "ts,src,dst,dport,dur,bytes,first,served\n";

#[test]
fn a_scanner_is_flagged_at_its_first_decoy_and_tagged_from_then_on() {
    let trace = format!(
        "{HEAD}100,192.0.2.7,198.51.100.1,80,1,10,,\n\
         200,192.0.2.7,198.51.100.1,23,1,0,,\n\
         300,192.0.2.7,198.51.100.1,80,1,10,,\n\
         300,192.0.2.8,198.51.100.1,443,1,10,,1\n"
    );
    let Outcome {
        verdicts,
        summary,
        tagged,
    } = run(&setup("", &[]), &trace);
    assert_eq!(tagged, [false, true, true, false]);
    assert_eq!(verdicts.len(), 1);
    let line = &verdicts[0];
    assert_eq!((line.flagged_at, line.contacts_before), (200.0, 2));
    assert_eq!(
        (line.kind.as_str(), line.src_kind.as_str()),
        ("probe", "local")
    );
    assert_eq!(line.tags, ["decoy"]);
    assert_eq!((summary.sources, summary.contacts), (2, 4));
    assert_eq!(
        (summary.real_contacts, summary.tagged_real_contacts),
        (3, 1)
    );
    assert_eq!((summary.tagged_contacts, summary.peak_slots), (2, 1));
}

#[test]
fn the_order_is_that_of_time_and_an_end_comes_before_a_later_beginning() {
    // Silence at four real ports is a scan; it is known when the contacts are over.
    let mut trace = String::from(HEAD);
    for port in [443, 80] {
        trace.push_str(&format!(
            "{},192.0.2.7,198.51.100.1,{port},1,0,,\n",
            1_000 - port
        ));
    }
    let mut edge = setup("", &[]);
    edge.real_ports.extend(1..=20);
    for port in 1..=4 {
        trace.push_str(&format!(
            "{},192.0.2.7,198.51.100.1,{port},500,0,,\n",
            2_000 + port
        ));
    }
    let Outcome { verdicts, .. } = run(&edge, &trace);
    assert_eq!(verdicts.len(), 1);
    // The last but one contact that ends: at 2003 + 500 s, being the fifth of six.
    assert!(verdicts[0].flagged_at > 2_500.0, "{verdicts:?}");
}

#[test]
fn edges_by_destination_know_nothing_of_each_other() {
    let trace = format!(
        "{HEAD}1,192.0.2.7,198.51.100.1,23,0,1,,\n\
         2,192.0.2.7,198.51.100.2,80,0,1,,\n"
    );
    let mut edge = setup("", &[]);
    assert_eq!(run(&edge, &trace).summary.tagged_real_contacts, 1);
    edge.edge_by_destination = true;
    let apart = run(&edge, &trace);
    assert_eq!(apart.summary.tagged_real_contacts, 0);
    assert_eq!(
        (apart.summary.sources, apart.summary.flagged_sources),
        (2, 1)
    );
    assert_eq!(apart.verdicts[0].edge, "198.51.100.1".parse().ok());
}

#[test]
fn ports_that_are_neither_real_nor_decoys_are_not_seen() {
    let trace = format!("{HEAD}1,192.0.2.7,,23,0,1,,\n2,192.0.2.7,,5432,0,1,,\n");
    let mut edge = setup("", &[]);
    edge.decoys = Some([5432].into());
    let Outcome {
        summary, tagged, ..
    } = run(&edge, &trace);
    assert_eq!(tagged, [false, true]);
    assert_eq!(summary.contacts, 1);
}

#[test]
fn unknown_bytes_are_no_silence_and_short_logins_count() {
    let mut edge = setup("", &[]);
    edge.real_ports.insert(22);
    let trace = "ts,src,dport\n1,192.0.2.7,22\n2,192.0.2.7,22\n3,192.0.2.7,22\n4,192.0.2.7,22\n";
    assert_eq!(run(&edge, trace).summary.flagged_sources, 0);
    edge.login_ports.insert(22);
    let Outcome { verdicts, .. } = run(&edge, trace);
    assert_eq!(verdicts[0].contacts_before, 4);
    assert_eq!(verdicts[0].tags, ["bruteforce"]);
}

#[test]
fn evidence_can_be_switched_off() {
    let trace = format!("{HEAD}1,192.0.2.7,,23,0,1,,\n");
    assert_eq!(run(&setup("", &[]), &trace).verdicts.len(), 1);
    let without = setup(r#"{"sensitivity":"high"}"#, &[Evidence::Decoy]);
    assert_eq!(run(&without, &trace).verdicts.len(), 0);
    assert!(without.policy_text.contains(r#""without":["decoy"]"#));
}

#[test]
fn what_is_wrong_with_a_policy_is_told() {
    let problems = Setup::new(r#"{"sensitivity":"huge"}"#, EvidenceSet::default()).unwrap_err();
    assert!(
        problems[0].to_string().contains("sensitivity"),
        "{problems:?}"
    );
}
