//! A few distinct things, counted exactly, in the present window and the one before.

/// Set in what the present window saw.
const SEEN: u32 = 1;

/// Up to `N` distinct things of two windows, each known by 31 bits of its hash: two of six are taken
/// for one in one of 10⁸ cases, and then the next one counts. 0 is a free place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Distinct<const N: usize>(pub(super) [u32; N]);

impl<const N: usize> Distinct<N> {
    pub(super) const NONE: Self = Self([0; N]);

    /// Notes the thing that has `hash`. Where all places are taken, what only the last window saw
    /// makes room: there are `N` of them then, before and after.
    pub(super) fn note(&mut self, hash: u64) {
        let [a, b, c, d, ..] = hash.to_be_bytes();
        let noted = u32::from_be_bytes([a, b, c, d]) | SEEN;
        let place = |is_it: &dyn Fn(u32) -> bool| self.0.iter().position(|known| is_it(*known));
        let at = place(&|known| known | SEEN == noted)
            .or_else(|| place(&|known| known == 0))
            .or_else(|| place(&|known| known & SEEN == 0));
        if let Some(known) = at.and_then(|at| self.0.get_mut(at)) {
            *known = noted;
        }
    }

    /// Whether there are `N`, or were more.
    pub(super) fn is_full(&self) -> bool {
        !self.0.contains(&0)
    }

    /// Begins a new window.
    pub(super) fn turn(&mut self) {
        for known in &mut self.0 {
            *known = if *known & SEEN == 0 {
                0
            } else {
                *known & !SEEN
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_full_when_two_windows_saw_as_many(
            before in prop::collection::vec(1..9u64, 0..8),
            now in prop::collection::vec(1..9u64, 0..8),
        ) {
            let mut some = Distinct::<4>::NONE;
            for thing in &before {
                some.note(thing << 40);
            }
            some.turn();
            for thing in &now {
                some.note(thing << 40);
            }
            let present: BTreeSet<_> = now.iter().copied().collect();
            // Of more than it has places for, the last window keeps the first.
            let kept: BTreeSet<_> = first_distinct(&before, 4).into_iter().chain(now).collect();
            prop_assert_eq!(some.is_full(), kept.len() >= 4);
            some.turn();
            prop_assert_eq!(some.is_full(), present.len() >= 4);
        }
    }

    fn first_distinct(things: &[u64], count: usize) -> Vec<u64> {
        let mut seen = BTreeSet::new();
        let first = things.iter().filter(|thing| seen.insert(**thing));
        first.take(count).copied().collect()
    }

    #[test]
    fn two_windows_later_it_is_forgotten() {
        let mut some = Distinct::<1>::NONE;
        some.note(1 << 40);
        some.turn();
        assert!(some.is_full());
        some.turn();
        assert_eq!(some, Distinct::NONE);
    }
}
