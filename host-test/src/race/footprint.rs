//! What a stretch of work touches that other threads can see, and when two stretches commute.
//!
//! Two that commute lead to the same state in either order, so that one order is enough to try.
//! What a connection has for itself (headers, buffers, properties) is not shared. The order of log
//! lines is not taken for a difference.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::abi::{Family, HostCall};
use crate::hook::CallInfo;

/// What a stretch of work touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Footprint(BTreeMap<Resource, Access>);

/// Something that threads share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Resource {
    /// The value under a key, of whatever `vm_id`.
    Data(Vec<u8>),
    /// All queues.
    Queues,
    /// All metrics.
    Metrics,
    /// Random bytes.
    Random,
    /// Calls to clusters, foreign functions.
    Outside,
}

/// How it is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    /// A change that commutes with changes of its kind.
    Add,
    Write,
}

impl Footprint {
    /// Adds what `call` touches.
    pub(super) fn add(&mut self, call: &CallInfo) {
        let Some((resource, access)) = touched(call) else {
            return;
        };
        match self.0.entry(resource) {
            Entry::Vacant(place) => {
                place.insert(access);
            }
            Entry::Occupied(mut known) if *known.get() != access => {
                known.insert(Access::Write);
            }
            Entry::Occupied(_) => {}
        }
    }

    /// Whether the order of the two makes no difference.
    pub(super) fn commutes_with(&self, other: &Self) -> bool {
        self.0.iter().all(|(resource, access)| {
            let theirs = other.0.get(resource);
            theirs.is_none_or(|theirs| theirs == access && *access != Access::Write)
        })
    }
}

fn touched(call: &CallInfo) -> Option<(Resource, Access)> {
    let touched = match (call.call, call.call.family()) {
        (HostCall::GetSharedData, _) => (Resource::Data(call.key.clone()), Access::Read),
        // Also where it fails: whether it does is what the order decides.
        (HostCall::SetSharedData, _) => (Resource::Data(call.key.clone()), Access::Write),
        (_, Family::Queue) => (Resource::Queues, Access::Write),
        (HostCall::IncrementMetric, _) => (Resource::Metrics, Access::Add),
        (HostCall::GetMetric, _) => (Resource::Metrics, Access::Read),
        (HostCall::RecordMetric, _) => (Resource::Metrics, Access::Write),
        (HostCall::RandomGet, _) => (Resource::Random, Access::Write),
        (_, Family::HttpCall | Family::Grpc | Family::Foreign) => {
            (Resource::Outside, Access::Write)
        }
        _ => return None,
    };
    Some(touched)
}

#[cfg(test)]
mod tests {
    use super::Footprint;
    use crate::abi::HostCall;
    use crate::hook::CallInfo;
    use crate::shared::ThreadId;

    fn footprint(calls: &[(HostCall, &str)]) -> Footprint {
        let mut footprint = Footprint::default();
        for (call, key) in calls {
            footprint.add(&CallInfo {
                thread: ThreadId::Worker(0),
                vm: 0,
                call: *call,
                key: key.as_bytes().to_vec(),
            });
        }
        footprint
    }

    #[test]
    fn only_what_both_touch_and_one_changes_has_an_order() {
        use HostCall::{GetMetric, GetSharedData, IncrementMetric, Log, SetSharedData};
        let (get_a, set_a) = ((GetSharedData, "a"), (SetSharedData, "a"));
        let (get_b, set_b) = ((GetSharedData, "b"), (SetSharedData, "b"));
        let (add, read) = ((IncrementMetric, ""), (GetMetric, ""));
        for (a, b, commute) in [
            (vec![get_a], vec![get_a], true),
            (vec![get_a], vec![set_a], false),
            (vec![set_a], vec![set_a], false),
            (vec![set_a], vec![set_b], true),
            (vec![add], vec![add], true),
            (vec![add], vec![read], false),
            (vec![(Log, "")], vec![(Log, ""), set_a], true),
            (vec![get_a, set_a], vec![get_b, get_a], false),
        ] {
            let (one, other) = (footprint(&a), footprint(&b));
            assert_eq!(one.commutes_with(&other), commute, "{a:?} {b:?}");
            assert_eq!(other.commutes_with(&one), commute, "{b:?} {a:?}");
        }
    }
}
