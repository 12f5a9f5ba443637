//! Health and statistics.

use super::*;
use crate::state::heartbeat;

#[test]
fn health_shows_the_keepers_heartbeat() {
    let mut edge = Edge::new();
    let health = |edge: &mut Edge| edge.get("/healthz").expect(200).json();
    let before = health(&mut edge);
    assert_eq!(
        (&before["status"], &before["keeper"]),
        (&"ok".into(), &"never seen".into())
    );
    assert_eq!(before["heartbeat_age_secs"], Value::Null);
    heartbeat::beat(&mut edge.store, &mut edge.detector.counters, NOW);
    edge.now = NOW.plus_secs(15);
    assert_eq!(health(&mut edge)["keeper"], "alive");
    edge.now = NOW.plus_secs(16);
    let stale = health(&mut edge);
    assert_eq!(
        (&stale["keeper"], &stale["heartbeat_age_secs"]),
        (&"stale".into(), &16.into())
    );
}

#[test]
fn statistics_are_counted_in_one_walk() {
    let mut edge = Edge::with(
        r#"{"known_scanners":[{"actor":"survey","networks":["203.0.113.0/24"]}]}"#,
        Config::default(),
    );
    edge.touch("198.51.100.7", &[22, 23, 445, 3306, 3389, 5900, 6379]);
    edge.touch("198.51.100.9", &[23]);
    edge.touch("203.0.113.1", &[23]);
    let kinds = edge.get("/v1/stats/kinds").expect(200).json();
    assert_eq!(
        (&kinds["kinds"]["vertical"], &kinds["kinds"]["probe"]),
        (&1.into(), &2.into())
    );
    let classes =
        ["suspicious", "malicious", "benign"].map(|class| kinds["classes"][class].as_u64());
    assert_eq!(classes, [Some(1); 3]);
    let summary = edge.get("/v1/stats/summary").expect(200);
    assert!(summary.header("etag").starts_with("W/"));
    let summary = summary.json();
    assert_eq!(
        (&summary["sources_tracked"], &summary["sources_flagged"]),
        (&3.into(), &3.into())
    );
    assert_eq!(summary["table"]["slots"], 65_536);
    // Of both kinds of evictions.
    assert_eq!(summary["table"]["evictions_total"], 14);
    assert_eq!(summary["heartbeat_age_secs"], Value::Null);
    edge.get("/v1/stats/kinds?x=1").refused(400);
}

#[test]
fn time_line_and_ports_take_a_parameter_each() {
    let mut edge = Edge::new();
    let minutes = edge.get("/v1/stats/timeline").expect(200).json();
    assert_eq!(minutes["step_secs"], 60);
    let hours = edge.get("/v1/stats/timeline?step=hour").expect(200).json();
    assert_eq!(hours["contacts"].as_array().map(Vec::len), Some(24));
    let detail = edge.get("/v1/stats/timeline?step=day").refused(400);
    assert!(detail.contains("must be minute or hour"), "{detail}");
    assert!(edge.get("/v1/stats/ports").expect(200).json()["ports"].is_array());
    edge.get("/v1/stats/ports?max=64").expect(200);
    edge.get("/v1/stats/ports?max=65").refused(400);
}
