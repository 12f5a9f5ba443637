//! Read, change, write: the one way in which shared pages are changed.

use crate::counters::{Counter, Counters};
use crate::state::page::{Page, PageKind};
use crate::state::store::{Bytes, Expected, SetError, Store, StoreError, Value};

/// How often a change is tried before it is given up.
///
/// A conflict means that another worker got through, so this many in a row take as many writers on
/// the same page at the same time.
pub const CAS_ATTEMPTS_MAX: u32 = 16;

/// What to do with a page that was read.
pub enum Step<R> {
    /// Leave it.
    Keep(R),
    /// Write this instead.
    Write(Page, R),
}

/// The form of a page.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// What its cells are.
    pub kind: PageKind,
    /// Their length in bytes.
    pub cell_len: usize,
}

impl Form {
    /// Reads the page under `key`; `None` where there is none, or nothing of ours (counted).
    ///
    /// # Errors
    /// The host refused (counted).
    pub fn read(
        self,
        store: &mut impl Store,
        counters: &mut Counters,
        key: &str,
    ) -> Result<Option<Page>, StoreError> {
        let value = store.get(key);
        self.parse_read(counters, value)
    }

    /// The page in a value that was read; `None` where there is none, or nothing of ours (counted).
    ///
    /// # Errors
    /// The host refused (counted).
    pub fn parse_read(
        self,
        counters: &mut Counters,
        value: Result<Option<Value>, StoreError>,
    ) -> Result<Option<Page>, StoreError> {
        let value = value.inspect_err(|_| counters.count(Counter::HostErrors))?;
        Ok(value.and_then(|value| self.parse(counters, value.bytes)))
    }

    /// Changes the page under `key` as `change` says; absent and foreign pages are handed to it as
    /// empty ones. `None` if it was given up (counted).
    pub fn update<S: Store, R>(
        self,
        store: &mut S,
        counters: &mut Counters,
        key: &str,
        mut change: impl FnMut(&mut S, &mut Counters, Page) -> Step<R>,
    ) -> Option<R> {
        for _ in 0..CAS_ATTEMPTS_MAX {
            let (page, expected) = match store.get(key) {
                Ok(Some(value)) => (self.parse(counters, value.bytes), Expected::Cas(value.cas)),
                Ok(None) => (None, Expected::Absent),
                Err(_) => {
                    counters.count(Counter::HostErrors);
                    return None;
                }
            };
            let page = page.unwrap_or_else(|| Page::empty(self.kind, self.cell_len));
            let (page, result) = match change(store, counters, page) {
                Step::Keep(result) => return Some(result),
                Step::Write(page, result) => (page, result),
            };
            match store.set(key, page.as_bytes(), expected) {
                Ok(()) => return Some(result),
                Err(SetError::Changed) => counters.count(Counter::CasConflicts),
                Err(SetError::Failed(_)) => {
                    counters.count(Counter::HostErrors);
                    return None;
                }
            }
        }
        counters.count(Counter::CasGiveups);
        None
    }

    fn parse(self, counters: &mut Counters, bytes: Bytes) -> Option<Page> {
        if bytes.is_empty() {
            return None;
        }
        let page = Page::parse(self.kind, self.cell_len, bytes).ok();
        if page.is_none() {
            counters.count(Counter::StateDecodeErrors);
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::state::store::memory::MemoryStore;

    const FORM: Form = Form {
        kind: PageKind::Ring,
        cell_len: 8,
    };

    fn put(store: &mut MemoryStore, counters: &mut Counters, cell: u64) -> Option<()> {
        FORM.update(store, counters, "k", |_, _, mut page| {
            assert!(page.put(page.len(), &cell.to_le_bytes()));
            Step::Write(page, ())
        })
    }

    #[test]
    fn a_page_that_changes_meanwhile_is_read_again() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        put(&mut store, &mut counters, 1).unwrap();
        let mut interfered = false;
        FORM.update(
            &mut store,
            &mut counters,
            "k",
            |store, counters, mut page| {
                if !core::mem::replace(&mut interfered, true) {
                    put(store, counters, 2).unwrap();
                }
                assert!(page.put(page.len(), &3u64.to_le_bytes()));
                Step::Write(page, ())
            },
        )
        .unwrap();
        let page = FORM.read(&mut store, &mut counters, "k").unwrap().unwrap();
        let cells: Vec<u64> = (0..3)
            .map(|i| u64::from_le_bytes(*page.cell(i).unwrap()))
            .collect();
        assert_eq!(cells, [1, 2, 3]);
        assert_eq!(counters.get(Counter::CasConflicts), 1);
    }

    #[test]
    fn endless_conflicts_are_given_up_and_counted() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let result = FORM.update(&mut store, &mut counters, "k", |store, _, page| {
            store.overwrite("k", b"");
            Step::Write(page, ())
        });
        assert_eq!(result, None);
        assert_eq!(counters.get(Counter::CasConflicts), CAS_ATTEMPTS_MAX);
        assert_eq!(counters.get(Counter::CasGiveups), 1);
    }

    #[test]
    fn foreign_bytes_are_counted_and_overwritten() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        store.overwrite("k", b"somebody else's");
        put(&mut store, &mut counters, 7).unwrap();
        assert_eq!(counters.get(Counter::StateDecodeErrors), 1);
        assert_eq!(
            FORM.read(&mut store, &mut counters, "k")
                .unwrap()
                .unwrap()
                .len(),
            1
        );
    }
}
