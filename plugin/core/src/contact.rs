//! One connection, from the first look to its end.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::evidence::Nats;
use crate::model::Place;
use crate::source::SourceKey;
use crate::state::targets::Target;
use crate::time::Time;

/// A connection that is being watched.
#[derive(Debug)]
pub struct Contact {
    pub(crate) place: Place,
    /// Who and where; none for a peer that is not judged: trusted, or no address.
    pub(crate) watched: Option<Watched>,
    /// The value of the header for this connection's requests; empty while the source is clean.
    pub(crate) tag: String,
}

/// What is known of a contact that counts.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) source: SourceKey,
    /// Of the source; also its place in cache and ring.
    pub(crate) fingerprint: u64,
    /// Of the source as the standing filter knows it.
    pub(crate) standing_hash: u64,
    pub(crate) target: Target,
    pub(crate) place: Place,
    /// Short sessions there are attempts to log in.
    pub(crate) is_login: bool,
    /// The source had not touched this decoy before.
    pub(crate) is_first_visit: bool,
    /// The declared scanner whose network this is, by its number in the policy.
    pub(crate) actor: Option<u32>,
    pub(crate) opened: Time,
    pub(crate) bytes: u64,
    /// First bytes that did not suffice to tell what is asked for.
    pub(crate) first: Vec<u8>,
    pub(crate) second_step: SecondStep,
    /// What came was told apart, or it is not wanted (any more).
    pub(crate) is_read: bool,
    /// Silence was judged, at the end of `hold_secs`.
    pub(crate) is_judged: bool,
    /// Silence adds nothing: it was seen at a decoy before.
    pub(crate) is_silence_known: bool,
    pub(crate) has_slot: bool,
    /// Nothing more is to be recorded about its good standing until then; the epoch if it never
    /// was served.
    pub(crate) served_until: Time,
    /// A look into the table found no slot.
    pub(crate) is_slotless: bool,
    /// This very contact brought the verdict about.
    pub(crate) flagged_here: bool,
    /// The state of the detector's knowledge when this contact last looked.
    pub(crate) epoch: u32,
    /// When a tagged contact last looked, and when its verdict ends.
    pub(crate) looked_at: Time,
    pub(crate) expires: Time,
    /// The risk asks for blocking.
    pub(crate) is_bad: bool,
    /// The edge was told to close it.
    pub(crate) is_closed_by_us: bool,
}

/// What remains to be said about the weight of a first contact with a decoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecondStep {
    /// Nothing.
    None,
    /// At a port reached by mistake: so much more, unless the contact asks for a served name.
    AddUnlessServed(Nats),
    /// Elsewhere: so much less, if it does.
    TakeIfServed(Nats),
}

/// What an adapter must do after it told the detector something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaction {
    /// [`Contact::tag`] changed: write it to where requests and logs find it.
    pub tag_changed: bool,
    /// Close the connection.
    pub close: bool,
    /// A line for the log.
    pub line: Option<String>,
}

impl Contact {
    /// A connection that is not judged.
    pub const fn unwatched(place: Place) -> Self {
        Self {
            place,
            watched: None,
            tag: String::new(),
        }
    }

    pub(crate) const fn watched(watched: Watched) -> Self {
        Self {
            place: watched.place,
            watched: Some(watched),
            tag: String::new(),
        }
    }

    /// The value of the header for requests on this connection; empty while the source is clean.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Counts bytes that say nothing.
    pub fn add_bytes(&mut self, len: usize) {
        if let Some(watched) = &mut self.watched {
            let len = u64::try_from(len).unwrap_or(u64::MAX);
            watched.bytes = watched.bytes.saturating_add(len);
        }
    }

    /// What the first bytes say is known; no more of them are wanted.
    pub(crate) fn end_of_reading(&mut self) {
        if let Some(watched) = &mut self.watched {
            watched.is_read = true;
        }
    }

    /// Keeps `first` bytes that did not suffice.
    pub(crate) fn read_on_after(&mut self, first: Vec<u8>) {
        if let Some(watched) = &mut self.watched {
            watched.first = first;
        }
    }

    /// Whether no byte came so far.
    pub fn is_silent(&self) -> bool {
        self.watched
            .as_ref()
            .is_some_and(|watched| watched.bytes == 0)
    }

    /// Whether a decoy should hold bytes back until more of them tell what the contact asks for.
    pub fn wants_more(&self) -> bool {
        self.watched.as_ref().is_some_and(|watched| {
            watched.place == Place::Decoy
                && watched.second_step != SecondStep::None
                && !watched.is_read
        })
    }
}

/// Where a connection comes from and goes to.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints {
    /// The peer.
    pub peer: SocketAddr,
    /// The address and port it asked for.
    pub local: SocketAddr,
}
