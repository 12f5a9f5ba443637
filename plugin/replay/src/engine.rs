//! What a replay asks of a detector.

use std::borrow::Cow;

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
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// How many bytes.
    pub len: usize,
    /// The first of them, all that are not zeros.
    first: &'a [u8],
}

/// Where sessions are long, and no more is looked at.
const SENT_MAX: usize = 4_096;

impl<'a> Sent<'a> {
    /// What `contact` sent.
    pub fn of(contact: &'a Contact) -> Self {
        let first: &[u8] = &contact.first;
        let len = match contact.bytes {
            _ if contact.served == Some(true) => SENT_MAX,
            Some(0) => return Self { len: 0, first: &[] },
            Some(bytes) => usize::try_from(bytes).unwrap_or(SENT_MAX).min(SENT_MAX),
            None => 1,
        };
        Self {
            len: len.max(first.len()),
            first,
        }
    }

    /// At most `max` bytes from the beginning.
    pub fn bytes(&self, max: usize) -> Cow<'a, [u8]> {
        static ZEROS: [u8; SENT_MAX] = [0; SENT_MAX];
        let len = self.len.min(max);
        match (self.first.get(..len), ZEROS.get(..len)) {
            (Some(first), _) => Cow::Borrowed(first),
            (None, Some(zeros)) if self.first.is_empty() => Cow::Borrowed(zeros),
            (None, _) => {
                let mut bytes = self.first.to_vec();
                bytes.resize(len, 0);
                Cow::Owned(bytes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::read;

    fn sent(rest: &str) -> Vec<u8> {
        let trace = format!("ts,src,dport,bytes,first,served\n1,192.0.2.7,23,{rest}\n");
        let contacts = read(trace.as_bytes()).unwrap();
        let sent = Sent::of(&contacts[0]);
        let bytes = sent.bytes(usize::MAX).into_owned();
        assert_eq!(bytes.len(), sent.len);
        assert_eq!(*sent.bytes(2), bytes[..bytes.len().min(2)]);
        bytes
    }

    #[test]
    fn what_is_known_of_the_bytes_is_sent() {
        assert_eq!(sent(",,"), [0]);
        assert!(sent("0,0d0a,").is_empty());
        assert_eq!(sent("3,,"), [0, 0, 0]);
        assert_eq!(sent("4,0d0a,"), [13, 10, 0, 0]);
        assert_eq!(sent("1,0d0a,0"), [13, 10]);
        assert_eq!(sent("9000,,").len(), SENT_MAX);
        assert_eq!(sent("0,,1").len(), SENT_MAX);
        assert_eq!(sent("5,0d0a,1")[..3], [13, 10, 0]);
    }
}
