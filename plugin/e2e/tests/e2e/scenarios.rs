//! The scenarios of the plugin, in the harness; `./justw scenarios` runs them with a report.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use host_test::{
    guest::Engine,
    report::{CaseReport, Style, Verdict, case_text},
    scenario::{Case, Scenario, play_in_harness},
};
use real_envoy::{Result, workspace_root};

use crate::tls::make_certificate;

/// One after the other: other tests beside this one wait for a real Envoy.
#[test]
fn every_scenario_passes_in_the_harness() -> Result<()> {
    make_certificate()?;
    let engine = Engine::cached()?;
    let (mut passed, mut others) = (0, String::new());
    for file in files(&workspace_root().join("plugin/scenarios"))? {
        for case in Scenario::read(&file)?.cases {
            let report = play(&file, &case, &engine);
            if report.verdict() == Verdict::Passed {
                passed += 1;
            } else {
                others += &case_text(&report, Style::Plain);
            }
        }
    }
    assert!(others.is_empty(), "{others}");
    assert!(passed >= 200, "{passed} cases");
    Ok(())
}

fn play(file: &Path, case: &Case, engine: &Engine) -> CaseReport {
    CaseReport {
        file: file.to_owned(),
        name: case.name.clone(),
        description: case.description.clone(),
        result: play_in_harness(case, engine),
        elapsed: Duration::ZERO,
    }
}

/// All files in this folder and those in it, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files.extend(self::files(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
