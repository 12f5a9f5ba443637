//! Silence at real ports: what it adds to a scan, and whom it must not condemn.

use std::net::{Ipv4Addr, SocketAddr};

use real_envoy::{
    Result,
    envoy::{PortLease, free_port},
    eventually,
    http::{Source, read_until_close},
};

use crate::{
    edge::{self, Edge, PATIENCE},
    words::Words,
};

#[test]
fn silence_at_a_real_port_after_one_at_a_decoy_makes_a_vertical_scan() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.concurrency(1))?;
    let scanner = Source::loopback(87, 1, 1);
    scanner.touch(edge.decoy(0))?;
    eventually("the decoy counts", PATIENCE, || {
        let words = Words::of(&edge.tag(&scanner).ok()??);
        (words.tags == ["decoy", "silent"]).then_some(())
    })?;
    let words = Words::of(&edge.wait_for_tag(&scanner)?);
    assert_eq!((words.kind.as_str(), words.ports), ("probe", 1));

    scanner.touch(edge.service())?;
    let words = eventually("both ports count", PATIENCE, || {
        let words = Words::of(&edge.tag(&scanner).ok()??);
        (words.ports != 1).then_some(words)
    })?;
    assert_eq!((words.kind.as_str(), words.ports), ("vertical", 2));
    Ok(())
}

/// Browsers connect ahead and change their mind; whoever was served is no scanner for that.
#[test]
fn a_served_client_may_idle_at_many_real_ports_and_a_stranger_may_not() -> Result<()> {
    let edge = Services::start()?;
    let (client, stranger) = (Source::loopback(87, 2, 1), Source::loopback(87, 2, 2));
    assert_eq!(edge::tag(&client.get(edge.edge.service(), "/")?)?, None);
    edge.idle_everywhere(&client)?;
    assert_eq!(edge.edge.tag(&client)?, None);
    // While it has a slot for that, too.
    edge.idle_everywhere(&client)?;
    assert_eq!(edge.edge.tag(&client)?, None);

    edge.idle_everywhere(&stranger)?;
    let words = Words::of(&edge.edge.wait_for_tag(&stranger)?);
    assert_eq!(words.kind, "block");
    edge.edge.wait_for_metric("sources_flagged", 1)
}

/// An edge with several real ports, which hang up on who stays silent for a second.
struct Services {
    edge: Edge,
    _ports: [PortLease; 3],
}

/// Ports of the file that are real here.
const REAL: [u16; 3] = [10_022, 10_023, 10_445];

impl Services {
    fn start() -> Result<Self> {
        let ports = [free_port()?, free_port()?, free_port()?];
        let [a, b, c] = [&ports[0], &ports[1], &ports[2]].map(PortLease::port);
        let edge = Edge::start_with("edge.yaml", |builder| {
            builder
                .concurrency(1)
                .map_port(REAL[0], a)
                .map_port(REAL[1], b)
                .map_port(REAL[2], c)
                .replace(
                    r#"{"role":"sensor","decoy":true}"#,
                    &format!(r#"{{"role":"sensor","decoy":true,"real_ports":[{a},{b},{c}]}}"#),
                )
        })?;
        Ok(Self {
            edge,
            _ports: ports,
        })
    }

    /// `source` connects to each real port on each of five addresses and goes, without a byte.
    fn idle_everywhere(&self, source: &Source) -> Result<()> {
        for host in 1..=5 {
            for port in REAL {
                let to: SocketAddr = self
                    .edge
                    .envoy
                    .addr_at(Ipv4Addr::new(127, 0, 0, host), port);
                let mut stream = source.connect(to)?;
                let from = stream.local_addr()?;
                stream.shutdown(std::net::Shutdown::Write)?;
                read_until_close(&mut stream, PATIENCE)?;
                // Judged by then.
                self.edge.logged(from)?;
            }
        }
        Ok(())
    }
}
