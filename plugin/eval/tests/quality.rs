//! The numbers that the detector must not fall below, and the document that says what they are.

use portscan_core::evidence::Evidence;
use portscan_eval::document;
use portscan_eval::generate::{Kind, REAL_PORTS, machines, people, write};
use portscan_eval::measure::{Trial, false_tags, share};
use portscan_eval::runs::{self, Traces, false_tags as harmless, quality};
use portscan_eval::textbook::RIVALS;
use portscan_eval::traces;

#[test]
fn made_up_scanners_are_flagged_at_medium_sensitivity() {
    let generated = traces::generated().unwrap().trial;
    let (measured, _) = generated.run("medium", &[]);
    let effectiveness = measured.effectiveness();
    assert!(effectiveness >= 0.97, "{effectiveness}");
    let contacts = measured.contacts_to_flag;
    assert!(contacts <= 1.2, "{contacts}");
}

#[test]
fn nearly_all_sessions_of_login_probers_are_tagged() {
    let (measured, _) = quality::logins().run("medium", &[]);
    let tagged = share(measured.tagged, measured.contacts);
    assert!(tagged >= 0.95, "{tagged}");
}

#[test]
fn machines_at_real_ports_are_never_flagged() {
    let made = machines(write::SEED, write::START, 20);
    let (_, outcome) = Trial::of(&made, &REAL_PORTS).run("medium", &[]);
    for (kind, tags) in false_tags(&made, &outcome) {
        if matches!(kind, Kind::HealthChecker | Kind::DeadPort | Kind::Monitor) {
            assert_eq!(tags.flagged, 0, "{kind:?}");
        }
    }
}

#[test]
fn hardly_any_accident_in_good_standing_leads_to_a_tag() {
    let rows = harmless::run(10).people;
    let medium = || rows.iter().filter(|row| row.sensitivity == "medium");
    let tagged: usize = medium().map(|row| row.in_standing.0).sum();
    let all: usize = medium().map(|row| row.in_standing.1).sum();
    assert!(all >= 100, "{all}");
    assert!(tagged * 100 <= all, "{tagged} of {all}");
    let at = |probability: f64| {
        medium()
            .find(|row| row.probability == probability)
            .unwrap()
            .total()
            .rate()
    };
    assert!(at(1e-4) <= 4.0, "{}", at(1e-4));
    assert!(at(1e-2) <= 100.0, "{}", at(1e-2));
}

#[test]
fn no_reference_finds_a_tenth_of_the_made_up_scanners() {
    let generated = traces::generated().unwrap().trial;
    let ours = generated.run("medium", &[]).0.effectiveness();
    for rival in RIVALS.iter().filter(|rival| rival.is_reference) {
        let theirs = generated.run_rival(rival).0.effectiveness();
        assert!(theirs * 10.0 <= ours, "{}: {theirs}", rival.name);
    }
}

#[test]
fn a_catch_all_honeypot_flags_nearly_all_at_their_first_contact() {
    let Some(dir) = traces::data_dir() else {
        eprintln!("skipped: this test needs honeytrap-2025.csv in ../shared/data or PORTSCAN_DATA");
        return;
    };
    let Some(honeytrap) = traces::honeytrap(&dir).unwrap() else {
        eprintln!("skipped: {} has no honeytrap-2025.csv", dir.display());
        return;
    };
    let (measured, _) = honeytrap.trial.run("medium", &[]);
    assert!(measured.effectiveness() >= 0.97, "{measured:?}");
    assert!(measured.contacts_to_flag <= 1.05, "{measured:?}");
    let (measured, _) = honeytrap.trial.run("medium", &[Evidence::Decoy]);
    assert!(measured.effectiveness() >= 0.69, "{measured:?}");
}

#[test]
fn the_document_is_written_with_its_figures() {
    let traces = Traces {
        honeytrap: None,
        lab: None,
        ..Traces::load().unwrap()
    };
    let dir = std::env::temp_dir().join(format!("portscan-eval-{}", std::process::id()));
    let results = runs::measure(&traces, 50);
    document::write(&results, &dir).unwrap();
    let text = std::fs::read_to_string(dir.join("docs/detection.md")).unwrap();
    for line in text.lines() {
        let Some((_, figure)) = line.split_once("](figures/") else {
            continue;
        };
        let figure = figure.trim_end_matches(')');
        let svg = std::fs::read_to_string(dir.join("docs/figures").join(figure)).unwrap();
        assert!(
            svg.starts_with("<svg") && svg.contains("</svg>"),
            "{figure}"
        );
    }
    assert_eq!(text.matches("](figures/").count(), 4);
    assert!(text.contains("| generated |"), "{text}");
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn people_are_flagged_more_often_the_more_accidents_they_have() {
    let flagged = |probability| {
        let made = people(1, write::START, probability, 20);
        let trial = Trial::of(&made, &REAL_PORTS);
        trial.run("high", &[]).0.false_tags
    };
    let [few, many] = [1e-4, 1e-2].map(flagged);
    assert!(few < many, "{few} {many}");
}
