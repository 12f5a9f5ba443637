//! The end of connections whose listener is gone.

use std::sync::Arc;

use super::Listeners;
use super::turn::Place;
use crate::Worker;
use crate::network;
use crate::shared::lock;

impl Worker {
    /// Closes the connections that are at home in none of these listeners.
    pub(crate) fn close_strangers(&mut self, listeners: &[Arc<Listeners>]) {
        let strangers = self.traffic.handles();
        for connection in strangers {
            let listener = Arc::clone(&lock(&connection).listener);
            if !listeners.iter().any(|known| known.has(&listener)) {
                network::close_flushed(self, &connection, "");
            }
        }
        self.end_turn();
    }
}

impl super::Traffic {
    /// Connections at their filters.
    fn handles(&self) -> Vec<network::Handle> {
        let at_filters = |place: &Place| match place {
            Place::Filters(connection) => Some(Arc::clone(connection)),
            Place::Waiting(_) | Place::Swallowed => None,
        };
        self.places().filter_map(at_filters).collect()
    }
}
