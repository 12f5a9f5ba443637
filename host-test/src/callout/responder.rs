//! Who answers calls beforehand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::{CallAnswer, CallId, PendingCall};
use crate::shared::lock;

/// Answers the calls to a cluster: when one is made, and at each message of a gRPC stream.
pub trait Responder: Send + Sync {
    /// What happens to the call now; nothing leaves it open.
    fn answer(&self, call: &PendingCall) -> Vec<CallAnswer>;
}

impl<F: Fn(&PendingCall) -> Vec<CallAnswer> + Send + Sync> Responder for F {
    fn answer(&self, call: &PendingCall) -> Vec<CallAnswer> {
        self(call)
    }
}

/// What all threads know of calls: the clusters, and who answers for them.
#[derive(Default)]
pub struct Callouts {
    clusters: Mutex<BTreeSet<String>>,
    responders: Mutex<BTreeMap<String, Arc<dyn Responder>>>,
    made: AtomicU64,
}

impl Callouts {
    /// Clusters that can be called; calls to others are refused.
    pub fn set_clusters(&self, clusters: BTreeSet<String>) {
        *lock(&self.clusters) = clusters;
    }

    /// Whether there is a cluster of this name.
    #[must_use]
    pub fn has_cluster(&self, name: &str) -> bool {
        lock(&self.clusters).contains(name)
    }

    /// Lets `responder` answer for a cluster from now on; nobody if none.
    pub fn set_responder(&self, cluster: &str, responder: Option<Arc<dyn Responder>>) {
        let mut responders = lock(&self.responders);
        match responder {
            Some(responder) => responders.insert(cluster.to_owned(), responder),
            None => responders.remove(cluster),
        };
    }

    /// What the responder of its cluster says to a call.
    pub(crate) fn answers(&self, call: &PendingCall) -> Vec<CallAnswer> {
        let cluster = call.request.cluster();
        let responder = cluster.and_then(|name| lock(&self.responders).get(name).cloned());
        responder.map_or_else(Vec::new, |responder| responder.answer(call))
    }

    pub(crate) fn next_id(&self) -> CallId {
        CallId(self.made.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl fmt::Debug for Callouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callouts")
            .field("clusters", &self.clusters)
            .finish_non_exhaustive()
    }
}
