//! What clients dial.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Obstacle;
use crate::config::Bootstrap;
use crate::scenario::model::Destination;

/// The address that a client at `source` dials to get to a destination.
///
/// # Errors
///
/// When there is no such listener.
pub fn resolve(
    destination: &Destination,
    source: IpAddr,
    bootstrap: &Bootstrap,
) -> Result<SocketAddr, Obstacle> {
    let listeners = &bootstrap.listeners;
    let names = || {
        listeners
            .iter()
            .map(|listener| listener.name.as_str())
            .collect::<Vec<_>>()
    };
    let found = match destination {
        Destination::Address(address) => return Ok(*address),
        Destination::First => listeners.first(),
        Destination::Listener(name) => listeners.iter().find(|listener| listener.name == *name),
        // Nobody may listen there: then the connection is refused, which is for the world to say.
        Destination::Port(port) => return Ok(SocketAddr::new(local(source), *port)),
    };
    let Some(listener) = found else {
        let reason = match destination {
            Destination::Listener(name) => {
                crate::scenario::invalid::unknown("listener", name, &names())
            }
            _ => "the configuration has no listener".to_owned(),
        };
        return Err(Obstacle::Mistake(reason));
    };
    let same_family = |address: &&SocketAddr| address.is_ipv4() == source.is_ipv4();
    let address = listener
        .addresses
        .iter()
        .find(same_family)
        .or(listener.addresses.first());
    match address {
        Some(address) if address.ip().is_unspecified() => {
            Ok(SocketAddr::new(local(source), address.port()))
        }
        Some(address) => Ok(*address),
        None => Err(Obstacle::Mistake(format!(
            "the listener {:?} has no address",
            listener.name
        ))),
    }
}

/// The address of the edge that clients of a family dial when nothing else is said.
#[must_use]
pub fn local(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    }
}
