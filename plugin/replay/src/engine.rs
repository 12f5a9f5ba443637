//! What a replay asks of a detector.

use crate::trace::{Contact, Micros};

/// A detector as a replay drives it: contacts arrive and leave, in the order of time.
///
/// What it says of a contact's source is the value of the header that a request on the contact would
/// carry, empty while the source is clean.
pub trait Engine {
    /// A contact is made, and its bytes come. The engine calls it `id` until it leaves.
    fn arrive(&mut self, at: Micros, id: usize, contact: &Contact) -> String;

    /// The contact is over, and was served as it says.
    fn leave(&mut self, at: Micros, id: usize, contact: &Contact) -> String;

    /// Sources that have a slot now.
    fn slots(&mut self, at: Micros) -> u64;

    /// Slots that had to make room so far.
    fn evictions(&mut self) -> u64;
}

/// What a contact sent, as far as a trace tells.
///
/// Bytes that are known by their number alone are zeros; where not even that is known there is one,
/// so that the contact is not silent. Who was served sent enough for a session: so a detector that
/// sees nothing but connections learns of it.
pub fn sent(contact: &Contact) -> Vec<u8> {
    /// Where sessions are long, and no more is looked at.
    const SENT_MAX: u64 = 4_096;
    let known = u64::try_from(contact.first.len()).unwrap_or(u64::MAX);
    let len = match contact.bytes {
        _ if contact.served == Some(true) => SENT_MAX,
        Some(0) => return Vec::new(),
        Some(bytes) => bytes.max(known),
        None => known.max(1),
    };
    let mut bytes = contact.first.to_vec();
    let len = usize::try_from(len.min(SENT_MAX)).unwrap_or(0);
    bytes.resize(len.max(bytes.len()), 0);
    bytes
}
