//! What was seen in the last minutes.

use std::collections::VecDeque;

use portscan_replay::trace::Micros;

/// Things with the times at which they were seen, of the last `window`.
pub(super) struct Recent<T> {
    seen: VecDeque<(Micros, T)>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self {
            seen: VecDeque::new(),
        }
    }
}

impl<T: Copy + Ord> Recent<T> {
    /// Adds a thing, and forgets what is older than `window`.
    pub(super) fn push(&mut self, at: Micros, window: Micros, thing: T) {
        while let Some((oldest, _)) = self.seen.front()
            && at.saturating_sub(*oldest) > window
        {
            self.seen.pop_front();
        }
        self.seen.push_back((at, thing));
    }

    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }

    /// How many distinct `parts` there are of things that `counts`.
    pub(super) fn distinct<P: Ord>(
        &self,
        counts: impl Fn(&T) -> bool,
        part: impl Fn(&T) -> P,
    ) -> usize {
        let counted = self.seen.iter().filter(|(_, thing)| counts(thing));
        let mut parts: Vec<P> = counted.map(|(_, thing)| part(thing)).collect();
        parts.sort_unstable();
        parts.dedup();
        parts.len()
    }
}
