//! Scenario files with a mistake, each with the exact words for it in a file next to it.

use std::path::PathBuf;

use host_test::scenario::Scenario;

use super::command::{assert_is_file, folder, host_test};

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder().join("broken")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    files.sort();
    files
}

#[test]
fn a_mistake_is_told_in_one_line_with_its_place() {
    let files = files();
    assert!(files.len() > 60, "{} files", files.len());
    for file in files {
        let read = Scenario::read(&file).map(|_| ());
        let error = read.expect_err(&file.display().to_string());
        let text = format!("{error}\n");
        assert_eq!(text.lines().count(), 1, "{text}");
        let text = text.replace(&format!("{}/", folder().join("broken").display()), "");
        assert_is_file(&text, &file.with_extension("error"));
    }
}
#[test]
fn a_broken_scenario_is_another_end_than_a_failed_one() {
    let ran = host_test(&["run", "broken/unknown_step.yaml"]);
    let expected = std::fs::read_to_string(folder().join("broken/unknown_step.error")).unwrap();
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stdout.contains(expected.trim_end()), "{ran:?}");
}
