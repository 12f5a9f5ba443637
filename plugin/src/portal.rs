//! The portal: an HTTP filter that answers requests by itself.
//!
//! What takes long is made in slices: the request pauses, and while anything is pending the root
//! context ticks every millisecond.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use portscan_core::config;
use portscan_core::counters::Counter;
use portscan_core::header_map::{pairs, serialized};
use portscan_core::portal::{Asked, Portal, Refusal, Request, Response};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::host::{self, Map};
use crate::sensor;
use crate::shared::SharedData;
use crate::worker::{self, TICK_MILLIS};

/// For how long a callback works: what the worker's other connections wait for meanwhile.
const SLICE_NANOS: u64 = 2_000_000;
/// An answer is sent by a callback that has not worked for longer than this: Envoy copies it in one
/// go, which takes some milliseconds for the largest.
const SEND_WITHIN_NANOS: u64 = 500_000;
/// Steps of a callback, should the clock stand still.
const STEPS_MAX: u32 = 10_000;
/// The period of ticks while something is pending.
const HURRIED_TICK_MILLIS: u32 = 1;

/// One portal of this worker, and what it has still to send.
pub(crate) struct Desk {
    root_id: u32,
    portal: RefCell<Portal>,
    /// Answers, by the number of the context that waits for each.
    outbox: RefCell<VecDeque<(u32, Response)>>,
    is_hurried: Cell<bool>,
}

impl Desk {
    pub(crate) fn new(root_id: u32, portal: config::Portal) -> Self {
        Self {
            root_id,
            portal: RefCell::new(Portal::new(portal)),
            outbox: RefCell::default(),
            is_hurried: Cell::new(false),
        }
    }

    /// Does a slice of what is pending, in a callback of the context `present`.
    pub(crate) fn work(&self, present: u32) {
        let start = host::now_nanos();
        let elapsed = || host::now_nanos().abs_diff(start);
        let may_send = || elapsed() < SEND_WITHIN_NANOS;
        self.deliver(may_send);
        if may_send() {
            self.make(|| elapsed() < SLICE_NANOS);
            self.deliver(may_send);
        }
        self.pace();
        // Refused or not, the next callback begins with its own context.
        let _ = host::set_effective_context(present);
    }

    /// Works at what is asked for while there `has_time`.
    fn make(&self, has_time: impl Fn() -> bool) {
        worker::with(|worker| {
            let Ok(mut portal) = self.portal.try_borrow_mut() else {
                return;
            };
            portal.tidy(host::now());
            for _ in 0..STEPS_MAX {
                if portal.is_idle() || !has_time() {
                    break;
                }
                let (detector, metrics) = (&mut worker.detector, &worker.metrics);
                let total = |counter| metrics.total(counter);
                let answers = portal.work(&mut SharedData, detector, total);
                if let Ok(mut outbox) = self.outbox.try_borrow_mut() {
                    outbox.extend(answers);
                }
            }
        });
    }

    /// Sends answers while it `may_send`. Nothing is borrowed while the host is told: an answer that
    /// is sent may end its stream.
    fn deliver(&self, may_send: impl Fn() -> bool) {
        while may_send()
            && let Some((client, response)) = self.next_answer()
        {
            // Refused after the client has gone: then nothing is sent.
            if host::set_effective_context(client).is_ok() {
                send(&response);
            }
        }
    }

    fn next_answer(&self) -> Option<(u32, Response)> {
        self.outbox.try_borrow_mut().ok()?.pop_front()
    }

    /// Ticks quickly while something is pending, and at leisure otherwise.
    fn pace(&self) {
        let has_work = |portal: &RefCell<Portal>| portal.try_borrow().is_ok_and(|p| !p.is_idle());
        let has_answers = self.outbox.try_borrow().is_ok_and(|out| !out.is_empty());
        let is_hurried = has_work(&self.portal) || has_answers;
        if is_hurried == self.is_hurried.get() {
            return;
        }
        let millis = if is_hurried {
            HURRIED_TICK_MILLIS
        } else {
            TICK_MILLIS
        };
        let is_set = host::set_effective_context(self.root_id)
            .and_then(|()| host::set_tick_period(millis))
            .is_ok();
        if is_set {
            self.is_hurried.set(is_hurried);
        } else {
            worker::with(|worker| worker.detector.counters.count(Counter::HostErrors));
        }
    }

    fn leave(&self, client: u32) {
        if let Ok(mut portal) = self.portal.try_borrow_mut() {
            portal.leave(client);
        }
        if let Ok(mut outbox) = self.outbox.try_borrow_mut() {
            outbox.retain(|(waiting, _)| *waiting != client);
        }
    }
}

/// One request.
pub(crate) struct Visitor {
    context_id: u32,
    desk: Rc<Desk>,
    is_waiting: bool,
}

impl Visitor {
    pub(crate) const fn new(context_id: u32, desk: Rc<Desk>) -> Self {
        Self {
            context_id,
            desk,
            is_waiting: false,
        }
    }
}

impl Context for Visitor {}

impl HttpContext for Visitor {
    fn on_http_request_headers(&mut self, _num_headers: usize, end_of_stream: bool) -> Action {
        let headers = host::headers(Map::RequestHeaders).unwrap_or_default();
        let peer = sensor::endpoints().map(|endpoints| endpoints.peer.ip());
        let request = Request::new(pairs(&headers), !end_of_stream).from(peer);
        let asked = worker::with(|worker| {
            let mut portal = self.desk.portal.try_borrow_mut().ok()?;
            let (detector, now) = (&mut worker.detector, host::now());
            Some(portal.ask(&mut SharedData, detector, now, self.context_id, &request))
        });
        match asked.flatten() {
            Some(Asked::Answer(response)) => send(&response),
            Some(Asked::Pending) => {
                self.is_waiting = true;
                self.desk.work(self.context_id);
            }
            None => send(&Refusal::unanswered().response()),
        }
        Action::Pause
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        if self.is_waiting {
            self.desk.leave(self.context_id);
        }
    }
}

/// Answers the request of the present context.
fn send(response: &Response) {
    let headers = response.headers.iter();
    let headers = serialized(headers.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    let body = response.body.as_bytes();
    let sent = host::respond(response.status.into(), "portscan_portal", &headers, body);
    if sent.is_err() {
        worker::with(|worker| worker.detector.counters.count(Counter::HostErrors));
    }
}
