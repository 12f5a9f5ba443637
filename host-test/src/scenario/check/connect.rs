//! How a client connects.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::step::{Surroundings, optional};
use super::value::{address, client, destination};
use crate::scenario::expression::Scope;
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::{Connect, Destination, Tls};
use crate::scenario::raw;
use crate::scenario::text::{Place, Text};

/// Reads how a client connects.
pub(super) fn connect(
    raw: &raw::Connect,
    place: Place,
    around: &Surroundings<'_>,
) -> Result<Connect, InvalidScenario> {
    let scope = around.scope;
    let to = raw.to.as_ref();
    Ok(Connect {
        worker: worker(raw.worker.as_ref(), around)?,
        source: match &raw.from {
            Some(from) => client(from, scope)?,
            None => DEFAULT_CLIENT,
        },
        destination: to.map_or(Ok(Destination::First), |to| destination(to, scope))?,
        place: to.map_or(place, |to| to.place),
        tls: raw
            .tls
            .as_ref()
            .map(|tls| greeting(tls, scope))
            .transpose()?,
        proxied: match &raw.proxied {
            Some(proxied) => Some((client(&proxied.from, scope)?, address(&proxied.to, scope)?)),
            None => None,
        },
    })
}

fn worker(raw: Option<&Text>, around: &Surroundings<'_>) -> Result<usize, InvalidScenario> {
    let Some(raw) = raw else {
        return Ok(around.worker);
    };
    in_range(raw, around.scope, around.case.workers)
}

/// The number of a worker, of which there are so many.
pub(super) fn in_range(
    raw: &Text,
    scope: &Scope<'_>,
    workers: usize,
) -> Result<usize, InvalidScenario> {
    let worker = raw.parse(scope, "the number of a worker, from 0")?;
    if worker >= workers {
        let reason =
            format!("there is no worker {worker}; workers is {workers}, the first one is 0");
        return Err(raw.error(reason));
    }
    Ok(worker)
}

fn greeting(raw: &raw::Tls, scope: &Scope<'_>) -> Result<Tls, InvalidScenario> {
    Ok(Tls {
        server_name: optional(raw.sni.as_ref(), scope)?,
        version: optional(raw.version.as_ref(), scope)?.unwrap_or_else(|| "TLSv1.3".to_owned()),
        client_certificate: raw.client_certificate,
        failure: optional(raw.fails.as_ref(), scope)?,
    })
}

const DEFAULT_CLIENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)), 0);
