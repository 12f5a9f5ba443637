//! The sensor: a network filter that tells the detector what connections do.

use std::rc::Rc;

use portscan_core::address::parse_endpoint;
use portscan_core::contact::Endpoints;
use portscan_core::detector::Ending;
use portscan_core::listener::Listener;
use proxy_wasm::traits::{Context, StreamContext};
use proxy_wasm::types::{Action, PeerType};

use crate::host;
use crate::worker;

/// One connection.
pub(crate) struct Sensor {
    pub(crate) context_id: u32,
    pub(crate) listener: Rc<Listener>,
    /// The client has sent its end: whoever closes the connection then, it was the client's.
    pub(crate) has_ended: bool,
}

impl Context for Sensor {}

impl StreamContext for Sensor {
    fn on_new_connection(&mut self) -> Action {
        let endpoints = endpoints();
        let connection_id = worker::needs_connection_id(&self.listener)
            .then(connection_id)
            .flatten();
        let effects = worker::with(|worker| {
            worker.open(self.context_id, &self.listener, endpoints, connection_id)
        });
        let effects = effects.unwrap_or_default();
        effects.perform();
        if effects.close {
            Action::Pause
        } else {
            Action::Continue
        }
    }

    fn on_downstream_data(&mut self, data_size: usize, end_of_stream: bool) -> Action {
        self.has_ended |= end_of_stream;
        #[cfg(feature = "trap-for-tests")]
        trap_if_asked(data_size);
        let effects = worker::with(|worker| worker.data(self.context_id, data_size));
        let effects = effects.unwrap_or_default();
        effects.perform();
        if effects.close || effects.pause {
            Action::Pause
        } else {
            Action::Continue
        }
    }

    fn on_downstream_close(&mut self, peer_type: PeerType) {
        let is_silent = worker::with(|worker| worker.is_silent(self.context_id));
        let has_failed = is_silent == Some(true)
            && matches!(host::property(FAILURE_REASON), Ok(Some(reason)) if !reason.is_empty());
        let ending = match peer_type {
            _ if has_failed => Ending::HandshakeFailed,
            PeerType::Local if !self.has_ended => Ending::ByUs,
            _ => Ending::ByPeer,
        };
        let effects = worker::with(|worker| worker.close(self.context_id, ending));
        effects.unwrap_or_default().perform();
    }
}

/// Close events are not always sent: what is left of the connection ends with its context, and
/// nobody knows how.
impl Drop for Sensor {
    fn drop(&mut self) {
        worker::with(|worker| worker.close(self.context_id, Ending::ByUs));
    }
}

const PEER: &str = "source\0address";
const LOCAL: &str = "destination\0address";
const CONNECTION_ID: &str = "connection\0id";
const FAILURE_REASON: &str = "connection\0transport_failure_reason";

/// Where the present connection comes from and goes to; none for pipes and internal listeners.
pub(crate) fn endpoints() -> Option<Endpoints> {
    let peer = host::property(PEER).ok().flatten()?;
    let local = host::property(LOCAL).ok().flatten()?;
    Some(Endpoints {
        peer: parse_endpoint(&peer).ok()?,
        local: parse_endpoint(&local).ok()?,
    })
}

/// The number of the present connection, the same for its network and HTTP filters.
pub(crate) fn connection_id() -> Option<u64> {
    let bytes = host::property(CONNECTION_ID).ok().flatten()?;
    Some(u64::from_le_bytes(*bytes.first_chunk()?))
}

/// Traps when a client asks for it, so that a test sees what Envoy does then.
#[cfg(feature = "trap-for-tests")]
#[expect(clippy::panic, reason = "this build is made to trap")]
fn trap_if_asked(data_size: usize) {
    let bytes = host::buffer(host::Buffer::DownstreamData, 0, data_size.min(64));
    if bytes.is_ok_and(|bytes| bytes.windows(10).any(|word| word == b"trap-here!")) {
        panic!("a client asked for a trap");
    }
}
