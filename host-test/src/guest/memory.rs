//! The memory of a guest: the one place where its pointers become bytes.

use std::ops::Range;

/// A pointer or length of the guest reaches beyond its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryError;

/// The bytes from `at` on.
pub(crate) fn read(memory: &[u8], at: u32, len: u32) -> Result<&[u8], MemoryError> {
    memory.get(range(at, len)?).ok_or(MemoryError)
}

/// Puts `bytes` at `at`.
pub(crate) fn write(memory: &mut [u8], at: u32, bytes: &[u8]) -> Result<(), MemoryError> {
    let len = u32::try_from(bytes.len()).map_err(|_| MemoryError)?;
    let place = memory.get_mut(range(at, len)?).ok_or(MemoryError)?;
    place.copy_from_slice(bytes);
    Ok(())
}

fn range(at: u32, len: u32) -> Result<Range<usize>, MemoryError> {
    let at = usize::try_from(at).map_err(|_| MemoryError)?;
    let len = usize::try_from(len).map_err(|_| MemoryError)?;
    Ok(at..at.checked_add(len).ok_or(MemoryError)?)
}

#[cfg(test)]
mod tests {
    use super::{MemoryError, read, write};

    #[test]
    fn what_reaches_beyond_the_end_is_refused() {
        let mut memory = [0; 8];
        assert_eq!(read(&memory, 8, 0), Ok(&[][..]));
        assert_eq!(read(&memory, 0, 8).map(<[u8]>::len), Ok(8));
        for (at, len) in [(0, 9), (8, 1), (9, 0), (u32::MAX, u32::MAX), (1, u32::MAX)] {
            assert_eq!(read(&memory, at, len), Err(MemoryError), "{at} {len}");
        }
        assert_eq!(write(&mut memory, 5, b"1234"), Err(MemoryError));
        assert_eq!(memory, [0; 8]);
        assert_eq!(write(&mut memory, 4, b"1234"), Ok(()));
        assert_eq!(&memory[4..], b"1234");
    }
}
