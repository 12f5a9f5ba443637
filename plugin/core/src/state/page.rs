//! The envelope of everything that lies in shared data.
//!
//! Other code may share the store, and a future version of this code will: a value whose magic,
//! kind, version, length or checksum is wrong counts as absent and is overwritten.
//!
//! ```text
//!  0       4     5         6        8            16
//! ┌───────┬─────┬─────────┬────────┬────────────┬────────────────────────┐
//! │ "PSCN"│kind │ version │ count  │  checksum  │ count × cell           │
//! └───────┴─────┴─────────┴────────┴────────────┴────────────────────────┘
//!   bytes   u8      u8       u16        u64       cells of equal length
//! ```
//! Numbers are little-endian. The checksum is the exclusive or of the XXH64 of the first eight
//! bytes (seed 0) and of each block of 512 bytes behind the header (seed: its position from 1), so
//! that changing one cell costs the hashing of its block, and many small cells that of few blocks.

use alloc::vec::Vec;

use xxhash_rust::xxh64::xxh64;

use crate::state::store::Bytes;

/// Longest value in shared data, bytes. Reading costs the same up to here (measured on Envoy).
pub const PAGE_LEN_MAX: usize = 4096;
/// Bytes before the first cell.
pub const PAGE_HEADER_LEN: usize = 16;

const MAGIC: [u8; 4] = *b"PSCN";
const VERSION: u8 = 1;
const COUNT_AT: usize = 6;
const CHECKSUM_AT: usize = 8;
/// Bytes that are hashed together: with fewer a page takes longer to check, with more to change.
const BLOCK_LEN: usize = 512;

/// What the cells of a page are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PageKind {
    /// Slots of sources.
    Shard = 1,
    /// Bits of the standing filter.
    Standing = 2,
    /// Wide port sketches.
    Sketches = 3,
    /// Fingerprints of sources whose verdict changed.
    Ring = 4,
    /// The seed of all placements.
    Seed = 5,
    /// Table geometries in use.
    Geometries = 6,
    /// Networks.
    Networks = 7,
    /// Decoy ports that clients in good standing touch.
    Ports = 8,
    /// What was counted in each minute and hour.
    Timeline = 9,
    /// Ports whose contacts are counted.
    Candidates = 10,
    /// What was counted at each of these.
    Tallies = 11,
    /// The keeper's sign of life.
    Heartbeat = 12,
    /// Verdicts that ended before their time.
    Ended = 13,
    /// When bouncers pulled their decisions.
    Pulls = 14,
}

/// How many cells of `cell_len` bytes fit into a page.
pub const fn cells_max(cell_len: usize) -> usize {
    (PAGE_LEN_MAX - PAGE_HEADER_LEN) / cell_len
}

/// A page whose envelope is right, held as the bytes of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    bytes: Bytes,
    cell_len: usize,
}

impl Page {
    /// A page without cells.
    pub fn empty(kind: PageKind, cell_len: usize) -> Self {
        let mut bytes = Vec::with_capacity(PAGE_HEADER_LEN + cell_len);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[kind as u8, VERSION, 0, 0]);
        let checksum = header_hash(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        Self {
            bytes: bytes.into(),
            cell_len,
        }
    }

    /// The page in `bytes`.
    ///
    /// # Errors
    /// [`InvalidPage`] if they are anything else than a page of this kind.
    pub fn parse(
        kind: PageKind,
        cell_len: usize,
        bytes: impl Into<Bytes>,
    ) -> Result<Self, InvalidPage> {
        let bytes = bytes.into();
        let header = bytes.first_chunk::<8>().ok_or(InvalidPage)?;
        let [m0, m1, m2, m3, found_kind, version, count_low, count_high] = *header;
        let count = usize::from(u16::from_le_bytes([count_low, count_high]));
        let len = count
            .checked_mul(cell_len)
            .and_then(|len| len.checked_add(PAGE_HEADER_LEN));
        let is_ours = [m0, m1, m2, m3] == MAGIC
            && found_kind == kind as u8
            && version == VERSION
            && len == Some(bytes.len())
            && bytes.len() <= PAGE_LEN_MAX;
        let is_trusted = matches!(bytes, Bytes::Shared(_));
        let page = Self { bytes, cell_len };
        let is_intact = || page.checksum() == page.hash_around(&(0..page.bytes.len()));
        if is_ours && (is_trusted || is_intact()) {
            Ok(page)
        } else {
            Err(InvalidPage)
        }
    }

    /// The value to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.bytes.len().saturating_sub(PAGE_HEADER_LEN) / self.cell_len
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All cells, in order.
    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes
            .get(PAGE_HEADER_LEN..)
            .unwrap_or_default()
            .chunks_exact(self.cell_len)
    }

    /// The cell at `index`, as an array of the page's cell length.
    pub fn cell<const LEN: usize>(&self, index: usize) -> Option<&[u8; LEN]> {
        self.bytes
            .get(self.range(index))
            .and_then(|cell| cell.first_chunk())
    }

    /// Overwrites the cell at `index`, or appends it when `index` is the number of cells. Returns
    /// whether there was room.
    #[must_use]
    pub fn put(&mut self, index: usize, cell: &[u8]) -> bool {
        let count = self.len();
        if cell.len() != self.cell_len {
            return false;
        }
        let range = self.range(index);
        if index < count {
            let before = self.hash_around(&range);
            let Some(place) = self.bytes.to_mut().get_mut(range.clone()) else {
                return false;
            };
            place.copy_from_slice(cell);
            self.change_checksum(before ^ self.hash_around(&range));
            return true;
        }
        let Ok(new_count) = u16::try_from(count + 1) else {
            return false;
        };
        if index != count || self.bytes.len() + self.cell_len > PAGE_LEN_MAX {
            return false;
        }
        let before = self.hash_around(&range);
        let bytes = self.bytes.to_mut();
        bytes.extend_from_slice(cell);
        if let Some(place) = bytes.get_mut(COUNT_AT..CHECKSUM_AT) {
            place.copy_from_slice(&new_count.to_le_bytes());
        }
        self.change_checksum(before ^ self.hash_around(&range));
        true
    }

    fn range(&self, index: usize) -> core::ops::Range<usize> {
        let start = index
            .saturating_mul(self.cell_len)
            .saturating_add(PAGE_HEADER_LEN);
        start..start.saturating_add(self.cell_len)
    }

    /// The part of the checksum that is made by the header and by the blocks that `range` touches.
    fn hash_around(&self, range: &core::ops::Range<usize>) -> u64 {
        let [first, end] = [range.start, range.end.saturating_add(BLOCK_LEN - 1)]
            .map(|at| at.saturating_sub(PAGE_HEADER_LEN) / BLOCK_LEN);
        let behind_header = self.bytes.get(PAGE_HEADER_LEN..).unwrap_or_default();
        let blocks = behind_header.chunks(BLOCK_LEN).zip(1..);
        let touched = blocks.take(end).skip(first);
        touched.fold(header_hash(&self.bytes), |sum, (block, number)| {
            sum ^ xxh64(block, number)
        })
    }

    fn checksum(&self) -> u64 {
        let bytes = self
            .bytes
            .get(CHECKSUM_AT..)
            .and_then(|rest| rest.first_chunk());
        u64::from_le_bytes(bytes.copied().unwrap_or_default())
    }

    fn change_checksum(&mut self, change: u64) {
        let checksum = self.checksum() ^ change;
        let bytes = self.bytes.to_mut();
        if let Some(place) = bytes.get_mut(CHECKSUM_AT..PAGE_HEADER_LEN) {
            place.copy_from_slice(&checksum.to_le_bytes());
        }
    }
}

fn header_hash(bytes: &[u8]) -> u64 {
    xxh64(bytes.get(..CHECKSUM_AT).unwrap_or_default(), 0)
}

/// The bytes are no page of the wanted kind: foreign, of another version, truncated or damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPage;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec;

    use super::*;

    fn page_of(cells: &[[u8; 16]]) -> Page {
        let mut page = Page::empty(PageKind::Shard, 16);
        for (index, cell) in cells.iter().enumerate() {
            assert!(page.put(index, cell));
        }
        page
    }

    proptest! {
        #[test]
        fn what_was_put_is_parsed(cells: Vec<[u8; 16]>, change: [u8; 16], at: prop::sample::Index) {
            prop_assume!(!cells.is_empty() && cells.len() < cells_max(16));
            let mut page = page_of(&cells);
            let at = at.index(cells.len());
            prop_assert!(page.put(at, &change));
            let parsed = Page::parse(PageKind::Shard, 16, page.as_bytes().to_vec()).unwrap();
            for (index, cell) in cells.iter().enumerate() {
                let expected = if index == at { &change } else { cell };
                prop_assert_eq!(parsed.cell::<16>(index), Some(expected));
            }
            prop_assert_eq!(parsed.cell::<16>(cells.len()), None);
        }

        #[test]
        fn one_flipped_bit_makes_a_page_invalid(
            cells in prop::collection::vec(any::<[u8; 16]>(), 1..8),
            bit: prop::sample::Index,
        ) {
            let mut bytes = page_of(&cells).as_bytes().to_vec();
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Page::parse(PageKind::Shard, 16, bytes), Err(InvalidPage));
        }

        #[test]
        fn a_truncated_page_is_invalid(cells in prop::collection::vec(any::<[u8; 16]>(), 1..8), cut in 1usize..40) {
            let mut bytes = page_of(&cells).as_bytes().to_vec();
            bytes.truncate(bytes.len().saturating_sub(cut));
            prop_assert_eq!(Page::parse(PageKind::Shard, 16, bytes), Err(InvalidPage));
        }

        #[test]
        fn arbitrary_bytes_are_no_page(bytes: Vec<u8>) {
            prop_assert_eq!(Page::parse(PageKind::Shard, 16, bytes), Err(InvalidPage));
        }
    }

    #[test]
    fn swapped_cells_are_noticed() {
        let ordered = page_of(&[[1; 16], [2; 16]]);
        let mut bytes = ordered.as_bytes().to_vec();
        let (first, second) = bytes[PAGE_HEADER_LEN..].split_at_mut(16);
        first.swap_with_slice(second);
        assert_eq!(Page::parse(PageKind::Shard, 16, bytes), Err(InvalidPage));
    }

    #[test]
    fn cells_over_several_blocks_are_found_damaged_anywhere() {
        let mut page = Page::empty(PageKind::Standing, 2_000);
        for index in [0, 1, 0] {
            assert!(page.put(index, &[index as u8 + 7; 2_000]));
        }
        let good = page.as_bytes().to_vec();
        assert!(Page::parse(PageKind::Standing, 2_000, good.clone()).is_ok());
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 0x10;
            let parsed = Page::parse(PageKind::Standing, 2_000, bytes);
            assert_eq!(parsed, Err(InvalidPage), "{at}");
        }
    }

    #[test]
    fn a_page_of_another_kind_is_invalid() {
        let bytes = page_of(&[[1; 16]]).as_bytes().to_vec();
        assert_eq!(Page::parse(PageKind::Ring, 16, bytes), Err(InvalidPage));
    }

    #[test]
    fn a_page_never_outgrows_its_length() {
        let cells = vec![[9; 16]; cells_max(16)];
        let mut page = page_of(&cells);
        assert!(!page.put(cells.len(), &[9; 16]));
        assert!(page.as_bytes().len() <= PAGE_LEN_MAX);
    }
}
