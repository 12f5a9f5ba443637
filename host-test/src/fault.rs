//! Faults: a case is played once to see which host calls its guests make, then once for each fault
//! in one of them.
//!
//! Every status comes from every host call, with one exception: that a header or body was changed
//! which was not is no fault that a guest could know of.
//!
//! Under a fault a guest must neither trap nor loop, and what is seen must be right or absent,
//! never wrong. Precisely, for each expectation of the case:
//!
//! - A header, trailer, body, piece of filter state or field of an access log that is absent or
//!   empty is right. A dictionary is looked at member by member.
//! - Otherwise it must be as expected, or what the same case shows at this place without any fault
//!   if one of its steps is left out, or all but this one: what a fault hides, a guest cannot know.
//! - An answer of the upstream is right where the guest's own was expected, an open connection
//!   where a closed one was; not the other way around.
//! - Of logs, a certain text may not be there more often than expected.
//! - Metrics, counts of callbacks and host calls, and shared data are no verdicts and are not
//!   looked at.
//!
//! Whatever a case expects, no request may get a header, and no answer either, whose name it does
//! not have in any of those runs: what is clean stays so. And none may wait for ever, unless it is
//! the call that lets it go on that fails. A configuration that is refused at the start is an end
//! without a verdict, and right. A guest that runs out of fuel traps, of course: then what its
//! failure policy does, closed connections and 503, is right too.

mod injector;
mod judge;
mod plan;
mod recorder;
mod spec;

pub use judge::{Injected, Violation, inject};
pub use plan::{Baseline, Bounds, NoBaseline, plan};
pub use spec::{Fault, InvalidFault, Place};
