//! Refusing sources, running out of room, and what a restart or an update leaves.

mod blocking;
mod capacity;
mod refusal;
mod restart;
mod retry;
mod update;

use std::net::Ipv4Addr;

use real_envoy::{Result, http::Source};

use crate::edge::{DECOYS, Edge, PATIENCE, metric};

/// `source` knocks at every decoy on three addresses of this machine: as bad as it gets. Returns
/// once all of that is judged.
fn scan(edge: &Edge, source: &Source) -> Result<()> {
    let counter = metric("connections_total.listener.decoy");
    let before = edge.envoy.counter(&counter)?;
    for host in 1..=3 {
        for port in DECOYS {
            source.touch(edge.envoy.addr_at(Ipv4Addr::new(127, 0, 0, host), port))?;
        }
    }
    edge.envoy
        .wait_for_counter(&counter, before + 21, PATIENCE)?;
    Ok(())
}
