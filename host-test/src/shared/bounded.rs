//! Lists that grow with what guests do, and keep their first entries.

/// Entries that are kept, and bytes of their texts: a guest that never stops does not fill the
/// memory of the machine. What does not fit is counted.
#[derive(Debug)]
pub(crate) struct Bounded<T> {
    kept: Vec<T>,
    len_bytes: usize,
    dropped: u64,
    entries_max: usize,
}

/// Entries of a list, unless it is said.
const ENTRIES_MAX: usize = 1_000_000;
/// Bytes of all texts in a list.
const BYTES_MAX: usize = 256 << 20;

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        Self::of(ENTRIES_MAX)
    }
}

impl<T> Bounded<T> {
    /// An empty list of at most `entries_max` entries.
    pub(crate) fn of(entries_max: usize) -> Self {
        Self {
            kept: Vec::new(),
            len_bytes: 0,
            dropped: 0,
            entries_max,
        }
    }

    /// Adds an entry whose texts have `len_bytes` bytes, or counts that it did not fit.
    pub(crate) fn push(&mut self, entry: T, len_bytes: usize) {
        let sum = self.len_bytes.saturating_add(len_bytes);
        if self.kept.len() < self.entries_max && sum <= BYTES_MAX {
            self.len_bytes = sum;
            self.kept.push(entry);
        } else {
            self.dropped += 1;
        }
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// How many did not fit.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets everything, what was dropped too.
    pub(crate) fn clear(&mut self) {
        *self = Self::of(self.entries_max);
    }
}

impl<T: Clone> Bounded<T> {
    /// The entries from number `start` on.
    pub(crate) fn since(&self, start: usize) -> Vec<T> {
        self.kept.get(start..).unwrap_or_default().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, Bounded};

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut list = Bounded::of(2);
        for (entry, len_bytes) in [("a", BYTES_MAX), ("too long", 1), ("b", 0), ("too many", 0)] {
            list.push(entry, len_bytes);
        }
        assert_eq!((list.since(0), list.dropped()), (vec!["a", "b"], 2));
        assert_eq!(list.since(1), ["b"]);
        list.clear();
        assert_eq!((list.len(), list.dropped()), (0, 0));
    }
}
