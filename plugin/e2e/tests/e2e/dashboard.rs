//! The dashboard for Grafana, as far as a file can be checked: what it shows, and where.

use std::{collections::BTreeSet, fs};

use portscan_core::counters::Counter;
use real_envoy::workspace_root;
use serde_json::Value;

/// The gauges of the keeper; all other metrics are counters of the core.
const GAUGES: [&str; 2] = ["portscan_sources_tracked", "portscan_sources_flagged"];

/// The panels of the dashboard, without the headings of its rows.
fn panels() -> Vec<Value> {
    let text = fs::read_to_string(workspace_root().join("envoy/dashboards/portscan.json"));
    let dashboard: Value = serde_json::from_str(&text.expect("the dashboard")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let is_shown = |panel: &&Value| panel["type"] != "row";
    panels.iter().filter(is_shown).cloned().collect()
}

/// What the panels ask Prometheus, with the variables of the dashboard filled in.
pub(crate) fn queries() -> Vec<String> {
    let panels = panels();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().expect("targets"));
    targets
        .map(|target| {
            let query = target["expr"].as_str().expect("a query");
            let filled = query.replace("$instance", ".*");
            filled.replace("$__rate_interval", "1m")
        })
        .collect()
}

#[test]
fn the_dashboard_shows_every_metric_by_its_labels() {
    let queries = queries();
    let counters = Counter::ALL.iter().map(|counter| counter.metric());
    for metric in counters.chain(GAUGES) {
        let (name, label) = metric.split_once('.').unwrap_or((metric, ""));
        let label = label.split('.').next().unwrap_or_default();
        let is_shown = queries.iter().any(|query| {
            let by_label = label.is_empty() || query.contains(&format!("by ({label})"));
            query.contains(&format!("{name}{{")) && by_label
        });
        assert!(is_shown, "no panel of the dashboard shows {metric}");
    }
}

#[test]
fn the_panels_of_the_dashboard_have_their_place_and_ask_the_chosen_source() {
    let panels = panels();
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in &panels {
        let title = panel["title"].as_str().expect("a title");
        assert!(ids.insert(panel["id"].as_u64()), "{title}");
        assert!(!panel["description"].as_str().unwrap_or_default().is_empty());
        let at = |key: &str| panel["gridPos"][key].as_u64().expect(title);
        assert!(at("x") + at("w") <= 24, "{title}");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(cells.insert((x, y)), "{title} lies on another panel");
            }
        }
        for target in panel["targets"].as_array().expect(title) {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
}
