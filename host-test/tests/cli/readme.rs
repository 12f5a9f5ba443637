//! Scenarios in the README are read, and pass.

use std::path::Path;

use host_test::guest::Engine;
use host_test::scenario::{Scenario, play_in_harness};

#[test]
fn every_scenario_of_the_readme_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let engine = Engine::new().unwrap();
    let mut played = 0;
    for (line, block) in blocks(&text) {
        // As if it lay beside the README; lines are told as they are there.
        let file = folder.join("README.md");
        let source = "\n".repeat(line) + &block;
        let scenario = Scenario::parse(&file, &source).unwrap_or_else(|error| panic!("{error}"));
        for case in &scenario.cases {
            let outcome = play_in_harness(case, &engine).unwrap_or_else(|error| panic!("{error}"));
            assert!(
                outcome.failures.is_empty(),
                "line {line}: {:#?}",
                outcome.failures
            );
            played += 1;
        }
    }
    assert!(played >= 8, "{played} cases");
}

/// Blocks of YAML that are whole scenarios, and the number of the line before each.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line == "```yaml" {
            let block: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| *line != "```")
                .collect();
            if block
                .first()
                .is_some_and(|first| first.starts_with("description:"))
            {
                blocks.push((number + 1, block.join("\n") + "\n"));
            }
        }
    }
    blocks
}
