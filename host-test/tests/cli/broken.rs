//! Scenario files with a mistake, each with the exact words for it in a file next to it.

use std::path::PathBuf;

use host_test::scenario::Scenario;

use super::command::{assert_is_file, folder};

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
        let error = Scenario::read(&file).expect_err(&file.display().to_string());
        let text = format!("{error}\n");
        assert_eq!(text.lines().count(), 1, "{text}");
        let text = text.replace(&format!("{}/", folder().join("broken").display()), "");
        assert_is_file(&text, &file.with_extension("error"));
    }
}
