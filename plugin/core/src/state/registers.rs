//! Registers of four bits that count distinct things by their hashes.
//!
//! HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, AofA 2007): each hash falls on one of m registers,
//! which keeps the highest rank seen, that is one more than the zeros at the end of the rest of the
//! hash. The standard error is 1.04 / √m. Small counts are read by linear counting, as in the paper.
//! The hash must be keyed: with a public one, an attacker can choose what counts as few.
//!
//! Two registers lie in a byte, so that a slice of m / 2 bytes is all there is. m is a power of two.

use crate::state::targets::linear_count;

const RANK_MAX: u8 = 15;

/// Raises the register that `hash` falls on. Whether that changed anything.
pub fn raise(registers: &mut [u8], hash: u64) -> bool {
    let count = u64::try_from(registers.len())
        .unwrap_or(0)
        .saturating_mul(2);
    let Some(register) = hash.checked_rem(count) else {
        return false;
    };
    let rest = hash.checked_shr(count.trailing_zeros()).unwrap_or(0);
    let rank = u8::try_from(rest.trailing_zeros() + 1)
        .unwrap_or(RANK_MAX)
        .min(RANK_MAX);
    let place = usize::try_from(register / 2).unwrap_or(usize::MAX);
    let Some(pair) = registers.get_mut(place) else {
        return false;
    };
    let shift = if register.is_multiple_of(2) { 0 } else { 4 };
    if (*pair >> shift) & 0xf >= rank {
        return false;
    }
    *pair = (*pair & !(0xf << shift)) | (rank << shift);
    true
}

/// Makes of `registers` those of a union with what `others` have seen.
pub fn unite(registers: &mut [u8], others: &[u8]) {
    for (pair, other) in registers.iter_mut().zip(others) {
        *pair = (*pair & 0xf).max(*other & 0xf) | (*pair & 0xf0).max(*other & 0xf0);
    }
}

/// How many distinct hashes were seen, about. `alpha_m2` is α·m² of the paper.
pub fn estimate(registers: &[u8], alpha_m2: u64) -> u32 {
    let count = u32::try_from(registers.len())
        .unwrap_or(u32::MAX)
        .saturating_mul(2);
    let ranks = registers.iter().flat_map(|pair| [pair & 0xf, pair >> 4]);
    let mut zeros = 0;
    // The sum of 2^-rank, in units of 2^-15.
    let mut sum: u64 = 0;
    for rank in ranks {
        zeros += u32::from(rank == 0);
        sum += 1 << (RANK_MAX - rank.min(RANK_MAX));
    }
    let raw = (alpha_m2 << RANK_MAX) / sum.max(1);
    let small = 5 * u64::from(count) / 2;
    if raw <= small && zeros > 0 {
        return linear_count(zeros, count);
    }
    u32::try_from(raw).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::hash::Seed;

    #[test]
    fn a_union_counts_what_either_has_seen_once() {
        let seed = Seed::new([9; 16]);
        let (mut low, mut high, mut both) = ([0; 128], [0; 128], [0; 128]);
        for port in 0..600 {
            raise(&mut both, seed.port(port));
            if port < 400 {
                raise(&mut low, seed.port(port));
            }
            if port >= 200 {
                raise(&mut high, seed.port(port));
            }
        }
        unite(&mut low, &high);
        assert_eq!(low, both);
    }

    #[test]
    fn what_saw_nothing_counts_nothing() {
        assert!(!raise(&mut [], 7));
        assert_eq!(estimate(&[0; 128], 47_073), 0);
    }
}
