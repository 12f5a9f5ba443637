//! What an HTTP filter sees of a request, and what that says of its source.

use super::Detector;
use super::event::{Event, Seen};
use crate::contact::{Contact, Endpoints, Reaction};
use crate::evidence::{Evidence, Nats, weight};
use crate::listener::Listener;
use crate::state::store::Store;
use crate::time::Time;

/// What a request shows, apart from whether it was served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// It names a bare address as its host.
    pub has_literal_host: bool,
    /// It asks for what attackers ask for.
    pub exploit: Option<Exploit>,
}

/// How sure it is that a request is an attacker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exploit {
    /// Nobody else asks for this.
    Certain,
    /// Others ask for this, too, where it is there; here it was not.
    Probe,
}

impl Exploit {
    pub(super) const fn weight(self) -> Nats {
        match self {
            Self::Certain => weight::EXPLOIT,
            Self::Probe => weight::EXPLOIT_PROBE,
        }
    }
}

impl Request {
    /// Whether there is nothing to say of it.
    pub fn is_ordinary(&self) -> bool {
        *self == Self::default()
    }
}

impl Detector {
    /// A request came from `endpoints.peer` that is not ordinary. The contact's tag is what is said
    /// of the source from now on, for this very request, too.
    pub fn request<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        listener: &Listener,
        endpoints: Endpoints,
        request: Request,
    ) -> (Contact, Reaction) {
        let unwatched = (
            Contact::unwatched(listener.place(endpoints.local.port())),
            Reaction::default(),
        );
        if self.seed.is_none() {
            return unwatched;
        }
        let Some(mut watched) = self.watch(now, listener, endpoints) else {
            return unwatched;
        };
        let mut seen = Seen {
            exploit: request.exploit.map(Exploit::weight),
            ..Seen::default()
        };
        if request.has_literal_host {
            seen.kinds.insert(Evidence::LiteralHost);
        }
        let event = Event::Seen {
            add: Nats::ZERO,
            seen,
        };
        let outcome = self.apply(store, now, &mut watched, event);
        let mut contact = Contact::watched(watched);
        let reaction = self.react(now, &mut contact, &outcome);
        (contact, reaction)
    }
}
