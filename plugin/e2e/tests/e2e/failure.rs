//! Refusing sources, running out of room, and what a restart or an update leaves.

mod blocking;
mod capacity;
mod refusal;
mod restart;
mod update;

use std::net::Ipv4Addr;

use host_test::{Envoy, Result, http::Source};

use crate::edge::DECOYS;

/// `source` knocks at every decoy on three addresses of this machine: as bad as it gets.
fn scan(envoy: &Envoy, source: &Source) -> Result<()> {
    for host in 1..=3 {
        for port in DECOYS {
            source.touch(envoy.addr_at(Ipv4Addr::new(127, 0, 0, host), port))?;
        }
    }
    Ok(())
}
