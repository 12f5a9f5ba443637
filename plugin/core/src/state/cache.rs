//! What one worker knows about clients that need no look at shared data.

use alloc::vec;
use alloc::vec::Vec;

use crate::state::hash::place;
use crate::time::Time;

/// Clients that a worker remembers.
pub const CACHE_CLIENTS_MAX: usize = SETS * WAYS;

const SETS: usize = 2_048;
const WAYS: usize = 4;

/// Sources without a slot, kept true by the ring of changes; least recently used goes first.
///
/// 16 bytes a client, 128 KiB in all.
#[derive(Debug)]
pub struct Cache {
    sets: Vec<[Client; WAYS]>,
}

/// A source without a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Client {
    /// 0 where there is none.
    fingerprint: u64,
    standing_until: Time,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            sets: vec![[Client::default(); WAYS]; SETS],
        }
    }
}

impl Cache {
    /// Until when the standing of this source is recorded, if it is known to have no slot.
    pub fn get(&mut self, fingerprint: u64) -> Option<Time> {
        let set = self.set(fingerprint)?;
        let way = set
            .iter()
            .position(|client| client.fingerprint == fingerprint)?;
        set.get_mut(..=way)?.rotate_right(1);
        set.first().map(|client| client.standing_until)
    }

    /// Remembers that this source has no slot, and until when its standing is recorded.
    pub fn insert(&mut self, fingerprint: u64, standing_until: Time) {
        self.remove(fingerprint);
        if let Some(set) = self.set(fingerprint) {
            set.rotate_right(1);
            if let Some(first) = set.first_mut() {
                *first = Client {
                    fingerprint,
                    standing_until,
                };
            }
        }
    }

    /// Forgets this source.
    pub fn remove(&mut self, fingerprint: u64) {
        if let Some(set) = self.set(fingerprint) {
            for client in set
                .iter_mut()
                .filter(|client| client.fingerprint == fingerprint)
            {
                *client = Client::default();
            }
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.sets.fill([Client::default(); WAYS]);
    }

    fn set(&mut self, fingerprint: u64) -> Option<&mut [Client; WAYS]> {
        let sets = u32::try_from(SETS).unwrap_or(u32::MAX);
        // The low half: the high one chooses the page, whose sources should not share a set.
        let index = place(fingerprint << 32, sets);
        usize::try_from(index)
            .ok()
            .and_then(|index| self.sets.get_mut(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Time = Time::from_unix_secs(9);

    #[test]
    fn a_client_is_known_until_it_is_removed() {
        let mut cache = Cache::default();
        assert_eq!(cache.get(7), None);
        cache.insert(7, LATER);
        cache.insert(7, LATER);
        assert_eq!(cache.get(7), Some(LATER));
        cache.remove(7);
        assert_eq!(cache.get(7), None);
    }

    #[test]
    fn the_least_recently_used_of_a_set_goes() {
        let mut cache = Cache::default();
        // The same low half: all in one set.
        let client = |n: u64| n << 32 | 5;
        (1..=4).for_each(|n| cache.insert(client(n), LATER));
        cache.get(client(1));
        cache.insert(client(5), LATER);
        let known = [1, 2, 3, 4, 5].map(|n| cache.get(client(n)).is_some());
        assert_eq!(known, [true, false, true, true, true]);
    }

    #[test]
    fn a_flood_of_clients_does_not_make_it_grow() {
        let mut cache = Cache::default();
        for n in 1..100_000u64 {
            cache.insert(n.wrapping_mul(0x9e37_79b9_7f4a_7c15), LATER);
        }
        assert_eq!(cache.sets.len() * WAYS, CACHE_CLIENTS_MAX);
    }
}
