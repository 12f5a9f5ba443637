//! What a step speaks of: connections of clients, requests, neighbours.

use std::net::SocketAddr;

use super::client::Client;
use super::start::only_vm_id;
use super::{Neighbour, RealWorld};
use crate::config::NetworkFilter;
use crate::connection::Form;
use crate::scenario::{ConnectionIndex, FIRST_PORT, Obstacle, Peer, RequestIndex};

impl RealWorld {
    pub(super) fn client(&mut self, index: ConnectionIndex) -> Result<&mut Client, Obstacle> {
        let refused = || Obstacle::Failure("the connection was refused: nobody listens".to_owned());
        let dialled = self.clients.get_mut(&index);
        dialled
            .map(|dialled| &mut dialled.client)
            .ok_or_else(refused)
    }

    /// Someone ends a half of a connection, or all of it.
    pub(super) fn ends(&mut self, index: ConnectionIndex, by: Peer) {
        let dialled = self.clients.get_mut(&index);
        if let Some(raw) = dialled.and_then(|dialled| dialled.raw.as_mut()) {
            raw.ended_by = by;
        }
    }

    pub(super) fn port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
        port
    }

    pub(super) fn goes_through_raw(&self, destination: SocketAddr) -> bool {
        let here = |address: &SocketAddr| {
            let same_ip = address.ip() == destination.ip() || address.ip().is_unspecified();
            address.port() == destination.port() && same_ip
        };
        let mut listeners = self.bootstrap.listeners.iter();
        let listener = listeners.find(|listener| listener.addresses.iter().any(here));
        let chains = listener
            .into_iter()
            .flat_map(|listener| listener.chains.iter().chain(&listener.default_chain));
        let mut filters = chains.flat_map(|chain| &chain.filters);
        filters.any(|filter| matches!(filter, NetworkFilter::TcpProxy { .. }))
    }

    /// Sends parts one after the other, each when all is done about the one before.
    pub(super) fn send_parts(
        &mut self,
        on: ConnectionIndex,
        parts: &[Vec<u8>],
    ) -> Result<(), Obstacle> {
        for part in parts {
            if let Some(dialled) = self.clients.get_mut(&on) {
                dialled.client.send(part);
            }
            self.settle()?;
        }
        Ok(())
    }

    pub(super) fn neighbour(&self, vm_id: Option<&str>) -> Result<&Neighbour, Obstacle> {
        let vm_id = match vm_id {
            Some(id) => id.to_owned(),
            None => only_vm_id(&self.bootstrap)?,
        };
        let mut neighbours = self.neighbours.iter();
        let found = neighbours.find(|neighbour| neighbour.vm_id == vm_id);
        found.ok_or_else(|| Obstacle::Failure(format!("there is no neighbour for {vm_id:?}")))
    }

    pub(super) fn sent(&self, index: RequestIndex) -> Result<(ConnectionIndex, Form), Obstacle> {
        let missing = || Obstacle::Mistake("the request was not sent".to_owned());
        let sent = self.requests.get(index).ok_or_else(missing)?;
        Ok((sent.connection, sent.form))
    }
}
