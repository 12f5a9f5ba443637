//! What an HTTP filter sees of a request, and what that says of its source.

use super::Detector;
use super::event::{Event, Seen};
use crate::contact::{Contact, Endpoints, Reaction};
use crate::evidence::{Evidence, Nats, weight};
use crate::exploit::{Answer, HEADERS, Match, Part, Strength};
use crate::first_bytes::is_literal_host;
use crate::listener::Listener;
use crate::state::store::Store;
use crate::time::Time;

/// What a request shows, apart from how it was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// It names a bare address as its host.
    pub has_literal_host: bool,
    /// It asks for what attackers ask for.
    pub exploit: Option<Exploit>,
}

/// A match in the list of exploits, or in the patterns of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exploit {
    /// Its number.
    pub number: u16,
    /// How much it says.
    pub strength: Strength,
}

impl Exploit {
    pub(super) const fn weighed(self) -> (u16, Nats) {
        let weight = match self.strength {
            Strength::Certain => weight::EXPLOIT,
            Strength::Probe | Strength::Guarded => weight::EXPLOIT_PROBE,
        };
        (self.number, weight)
    }
}

impl From<Match<'_>> for Exploit {
    fn from(found: Match<'_>) -> Self {
        Self {
            number: found.number,
            strength: found.strength,
        }
    }
}

impl Request {
    /// The part that counts at once, and the probe that waits for the answer.
    pub fn split(self) -> (Self, Option<Exploit>) {
        match self.exploit {
            Some(probe) if probe.strength != Strength::Certain => {
                let at_once = Self {
                    exploit: None,
                    ..self
                };
                (at_once, Some(probe))
            }
            _ => (self, None),
        }
    }

    /// Whether there is nothing to say of it.
    pub fn is_ordinary(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a probe that was answered with this status is evidence.
pub fn probe_counts(probe: Exploit, status: u16) -> bool {
    probe.strength.counts(Answer::Status(status))
}

impl Detector {
    /// Reads the headers of a request, given as names in lower case and values.
    pub fn inspect<'a>(&self, headers: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Request {
        let mut request = Request::default();
        for (name, value) in headers {
            let part = match name {
                b":path" => Part::Target,
                b":authority" => {
                    request.has_literal_host = is_literal_host(value);
                    continue;
                }
                _ if HEADERS.iter().any(|header| header.as_bytes() == name) => Part::Header,
                _ => continue,
            };
            let is_certain = request
                .exploit
                .is_some_and(|exploit| exploit.strength == Strength::Certain);
            if !is_certain && let Some(found) = self.exploits.find(part, value) {
                request.exploit = Some(found.into());
            }
        }
        request
    }

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
            exploit: request.exploit.map(Exploit::weighed),
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
