//! What all filters of one worker share: the detector and the open connections.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hashbrown::HashMap;
use portscan_core::config::{Policy, StandingSource};
use portscan_core::contact::{Contact, Endpoints, Reaction};
use portscan_core::counters::Counter;
use portscan_core::detector::{Detector, Ending, Request};
use portscan_core::listener::Listener;
use portscan_core::time::Time;

use crate::host;
use crate::metrics::Metrics;
use crate::shared::SharedData;

/// Milliseconds between two ticks: how late a worker learns what others changed.
pub(crate) const TICK_MILLIS: u32 = 400;

/// Ticks of several root contexts that come closer than this are one.
const TICK_NANOS_MIN: u64 = 250_000_000;

const NANOS_PER_SEC: u64 = 1_000_000_000;

/// One worker's state.
pub(crate) struct Worker {
    pub(crate) detector: Detector,
    pub(crate) metrics: Metrics,
    /// Open connections by the number of their context.
    sessions: HashMap<u32, Session>,
    /// Contexts by the number of their connection, where a tagger says who was served.
    by_connection: HashMap<u64, u32>,
    /// Connections that are judged if they stay open.
    held: HashMap<u32, Held>,
    ticked_nanos: u64,
    /// Filter configurations of this VM that watch connections; the keeper's does not.
    watching: u32,
}

/// A connection that is judged if it stays open.
struct Held {
    opened_nanos: u64,
    hold_nanos: u64,
}

/// An open connection.
struct Session {
    contact: Contact,
    listener: Rc<Listener>,
    connection_id: Option<u64>,
    /// Bytes that were seen and are still in the host's buffer, because it was told to wait.
    paused: usize,
}

/// What the adapter of a connection must do once the worker is not borrowed any more: closing a
/// connection can call back.
#[derive(Default)]
pub(crate) struct Effects {
    /// The new value of the connection's filter state.
    pub(crate) tag: Option<String>,
    pub(crate) close: bool,
    /// More bytes are wanted before the filters behind see any.
    pub(crate) pause: bool,
    line: Option<String>,
}

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
    static REENTRIES: Cell<u32> = const { Cell::new(0) };
}

/// Runs `act` on this VM's worker; `None` before configuration, and in a callback that came while
/// another one was at work (counted).
pub(crate) fn with<R>(act: impl FnOnce(&mut Worker) -> R) -> Option<R> {
    WORKER.with(|worker| match worker.try_borrow_mut() {
        Ok(mut worker) => worker.as_mut().map(act),
        Err(_) => {
            REENTRIES.set(REENTRIES.get().saturating_add(1));
            None
        }
    })
}

/// Makes this VM's worker, unless there is one. Whether it follows `policy`.
pub(crate) fn ensure(policy: &Policy) -> bool {
    WORKER.with(|worker| {
        let Ok(mut worker) = worker.try_borrow_mut() else {
            return false;
        };
        worker
            .get_or_insert_with(|| Worker::new(policy.clone()))
            .detector
            .policy()
            == policy
    })
}

impl Worker {
    fn new(policy: Policy) -> Self {
        let mut detector = Detector::new(policy);
        detector.tick(&mut SharedData, host::now(), host::random);
        Self {
            detector,
            metrics: Metrics::define(),
            sessions: HashMap::new(),
            by_connection: HashMap::new(),
            held: HashMap::new(),
            ticked_nanos: 0,
            watching: 0,
        }
    }

    /// A filter that watches connections was configured. Whether it can.
    pub(crate) fn begin_watching(&mut self) -> bool {
        self.watching = self.watching.saturating_add(1);
        self.detector.mark_tables(&mut SharedData, host::now());
        self.detector.is_judging()
    }

    /// Such a filter is gone.
    pub(crate) fn end_watching(&mut self) {
        self.watching = self.watching.saturating_sub(1);
    }

    /// Periodic work. Returns the connections whose time is up.
    pub(crate) fn tick(&mut self) -> Vec<u32> {
        let nanos = host::now_nanos();
        if nanos.abs_diff(self.ticked_nanos) < TICK_NANOS_MIN {
            return Vec::new();
        }
        self.ticked_nanos = nanos;
        let now = Time::from_unix_nanos(nanos);
        self.detector.tick(&mut SharedData, now, host::random);
        self.detector.note_statistics(&mut SharedData, now);
        if self.watching > 0 {
            self.detector.mark_tables(&mut SharedData, now);
        }
        self.detector
            .counters
            .add(Counter::Reentries, REENTRIES.take());
        self.metrics.flush(&mut self.detector.counters);
        // After a step of the clock a connection may be judged early, but never hours late.
        let is_due = |held: &Held| nanos.abs_diff(held.opened_nanos) >= held.hold_nanos;
        self.held
            .iter()
            .filter(|(_, held)| is_due(held))
            .map(|(id, _)| *id)
            .collect()
    }

    /// A connection was made; its endpoints are none where they are no addresses.
    pub(crate) fn open(
        &mut self,
        context_id: u32,
        listener: &Rc<Listener>,
        endpoints: Option<Endpoints>,
        connection_id: Option<u64>,
    ) -> Effects {
        let opened_nanos = host::now_nanos();
        let now = Time::from_unix_nanos(opened_nanos);
        let (contact, reaction) = match endpoints {
            Some(endpoints) => self
                .detector
                .open(&mut SharedData, now, listener, endpoints),
            None => {
                self.detector.counters.count(Counter::AddressErrors);
                (Contact::unwatched(listener.place(0)), Reaction::default())
            }
        };
        let effects = Effects::of(&contact, reaction);
        if listener.hold_secs > 0 {
            let hold_nanos = u64::from(listener.hold_secs) * NANOS_PER_SEC;
            self.held.insert(
                context_id,
                Held {
                    opened_nanos,
                    hold_nanos,
                },
            );
        }
        if let Some(connection_id) = connection_id {
            self.by_connection.insert(connection_id, context_id);
        }
        let session = Session {
            contact,
            listener: listener.clone(),
            connection_id,
            paused: 0,
        };
        self.sessions.insert(context_id, session);
        effects
    }

    /// The host's buffer holds `len` bytes.
    pub(crate) fn data(&mut self, context_id: u32, len: usize) -> Effects {
        let Some(session) = self.sessions.get_mut(&context_id) else {
            return Effects::default();
        };
        let start = session.paused;
        if self.detector.is_settled(&session.contact) {
            session.contact.add_bytes(len.saturating_sub(start));
            session.paused = 0;
            return Effects::default();
        }
        let mut is_refused = false;
        let reaction = self.detector.data(
            &mut SharedData,
            host::now(),
            &session.listener,
            &mut session.contact,
            len.saturating_sub(start),
            |max| {
                let bytes = host::buffer(host::Buffer::DownstreamData, start, max);
                is_refused = bytes.is_err();
                bytes.unwrap_or_default()
            },
        );
        if is_refused {
            self.detector.counters.count(Counter::HostErrors);
        }
        let mut effects = Effects::of(&session.contact, reaction);
        effects.pause = session.contact.wants_more();
        session.paused = if effects.pause { len } else { 0 };
        effects
    }

    /// `hold_secs` are over.
    pub(crate) fn hold(&mut self, context_id: u32) -> Effects {
        self.held.remove(&context_id);
        let Some(session) = self.sessions.get_mut(&context_id) else {
            return Effects::default();
        };
        let reaction = self
            .detector
            .hold(&mut SharedData, host::now(), &mut session.contact);
        Effects::of(&session.contact, reaction)
    }

    /// Whether no byte came on this connection so far: then a failed handshake looks like silence.
    pub(crate) fn is_silent(&self, context_id: u32) -> bool {
        self.sessions
            .get(&context_id)
            .is_some_and(|session| session.contact.is_silent())
    }

    /// The connection is over.
    pub(crate) fn close(&mut self, context_id: u32, ending: Ending) -> Effects {
        self.held.remove(&context_id);
        let Some(mut session) = self.sessions.remove(&context_id) else {
            return Effects::default();
        };
        if let Some(connection_id) = session.connection_id {
            self.by_connection.remove(&connection_id);
        }
        let reaction = self.detector.close(
            &mut SharedData,
            host::now(),
            &session.listener,
            &mut session.contact,
            ending,
        );
        Effects::of(&session.contact, reaction)
    }

    /// A request came that is not ordinary. What is said of its source from now on.
    pub(crate) fn request(
        &mut self,
        listener: &Listener,
        endpoints: Endpoints,
        request: Request,
    ) -> (Contact, Reaction) {
        self.detector
            .request(&mut SharedData, host::now(), listener, endpoints, request)
    }

    /// Whether any open connection waits for the tagger to say that it was served.
    pub(crate) fn wants_served(&self) -> bool {
        !self.by_connection.is_empty()
    }

    /// A request on this connection was answered normally.
    pub(crate) fn served(&mut self, connection_id: u64) {
        // Once is enough: what a connection that goes on for hours earns, its bytes tell.
        let Some(context_id) = self.by_connection.remove(&connection_id) else {
            return;
        };
        if let Some(session) = self.sessions.get_mut(&context_id) {
            self.detector
                .served(&mut SharedData, host::now(), &mut session.contact);
        }
    }
}

impl Effects {
    pub(crate) fn of(contact: &Contact, reaction: Reaction) -> Self {
        Self {
            tag: reaction.tag_changed.then(|| contact.tag().to_owned()),
            close: reaction.close,
            pause: false,
            line: reaction.line,
        }
    }

    /// Does it to the present context. What the host refuses is counted.
    pub(crate) fn perform(&self) {
        if let Some(line) = &self.line {
            host::log(host::Level::Info, line);
        }
        let tagged = self
            .tag
            .as_ref()
            .map(|tag| host::set_property(FILTER_STATE, tag.as_bytes()));
        let closed = self.close.then(host::close_downstream);
        let refused = [tagged, closed]
            .into_iter()
            .flatten()
            .filter(Result::is_err)
            .count();
        if refused > 0 {
            let refused = u32::try_from(refused).unwrap_or(u32::MAX);
            with(|worker| worker.detector.counters.add(Counter::HostErrors, refused));
        }
    }
}

/// The property that becomes filter state `wasm.portscan`.
pub(crate) const FILTER_STATE: &str = "portscan";

/// Whether a sensor of this listener must know the number of its connections.
pub(crate) fn needs_connection_id(listener: &Listener) -> bool {
    listener.standing == StandingSource::Tagger && listener.has_real_ports()
}
