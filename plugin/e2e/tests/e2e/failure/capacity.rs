//! A table that is far too small for those who come.

use std::net::SocketAddr;

use real_envoy::{Result, envoy::free_port, http::Source};

use crate::{
    edge::{Edge, PATIENCE, POLICY, knock},
    sound::assert_sound,
    words::Words,
};

/// The smallest table has 64 slots, in 3 pages of 31.
const SLOTS_MAX: u64 = 93;

#[test]
fn a_full_table_passes_traffic_counts_evictions_and_knows_the_newest_scanner() -> Result<()> {
    let light = free_port()?;
    // All of them come out of one network, which is not the point here.
    let policy = format!(
        r#"{{ "without": ["network"], "sources": {{ "capacity": 64 }}, "decoy_weights": {{ "{}": 1.0 }} }}"#,
        light.port()
    );
    let edge = Edge::start_with("edge.yaml", |builder| {
        builder
            .replace(POLICY, &policy)
            .map_port(10_022, light.port())
    })?;
    let unflagged = edge.envoy.addr(10_022);

    // Evidence that is not enough: slots, but no verdicts.
    flood(63, 300, unflagged)?;
    edge.wait_for_metric("connections_total.listener.decoy", 300)?;
    assert!(edge.metric("table_evictions_total.slot.unflagged")? >= 300 - SLOTS_MAX);
    assert_eq!(edge.counted("table_evictions_total.slot.flagged")?, 0);
    assert_eq!(edge.metric("tagged_connections_total")?, 0);

    // Scanners make room for themselves, first among those, then among each other.
    flood(64, 300, edge.decoy(1))?;
    edge.wait_for_metric("connections_total.listener.decoy", 600)?;
    let gone = edge.metric("table_evictions_total.slot.flagged")?;
    assert!((300 - SLOTS_MAX..300).contains(&gone), "{gone}");
    assert_eq!(edge.metric("tagged_connections_total")?, 300);

    // Who is not flagged finds no room any more, and is served all the same.
    flood(65, 100, unflagged)?;
    // At its connection, and at its end: a short session of SSH at a decoy.
    edge.wait_for_metric("table_rejections_total", 200)?;
    assert_eq!(edge.metric("table_evictions_total.slot.flagged")?, gone);
    for host in 1..=50 {
        assert_eq!(edge.tag(&Source::loopback(66, 200, host))?, None);
    }

    let newest = Source::loopback(65, 200, 1);
    knock(&newest, edge.decoy(2))?;
    knock(&newest, edge.decoy(3))?;
    assert_eq!(Words::of(&edge.wait_for_tag(&newest)?).kind, "vertical");

    edge.envoy
        .wait_for_counter("wasmcustom.portscan_sources_flagged", 1, PATIENCE)?;
    for gauge in ["sources_flagged", "sources_tracked"] {
        assert!(edge.metric(gauge)? <= SLOTS_MAX);
    }
    assert_sound(&edge.envoy);
    Ok(())
}

/// Scanners of one network may fill their share, and the one scanner of another network stays.
#[test]
fn scanners_of_one_network_cannot_push_out_that_of_another() -> Result<()> {
    let policy = r#"{ "sources": { "capacity": 64, "flagged_per_network": 8 } }"#;
    let edge = Edge::start_with("edge.yaml", |builder| builder.replace(POLICY, policy))?;
    let lonely = Source::loopback(67, 1, 1);
    knock(&lonely, edge.decoy(0))?;
    for host in 1..=200 {
        knock(&Source::loopback(67, 2, host), edge.decoy(1))?;
    }
    edge.wait_for_metric("connections_total.listener.decoy", 201)?;
    assert!(edge.tag(&lonely)?.is_some());
    assert_sound(&edge.envoy);
    Ok(())
}

/// `count` sources of 200 networks, 127.`net`.x.y, knock at `to` one after the other.
fn flood(net: u8, count: u16, to: SocketAddr) -> Result<()> {
    for number in 0..count {
        let (wide, host) = (number / 200, number % 200);
        let source = Source::loopback(net, u8::try_from(host)?, 1 + u8::try_from(wide)?);
        knock(&source, to)?;
    }
    Ok(())
}
