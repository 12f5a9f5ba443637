//! Exponential decay in whole hundredths, the same to the bit on every machine.

/// `value` after `age_secs`, when half of it is gone every `half_life_secs`; rounded to nearest.
///
/// A `half_life_secs` of 0 counts as 1.
pub fn decayed(value: i32, age_secs: u32, half_life_secs: u32) -> i32 {
    if age_secs == 0 || value == 0 {
        return value;
    }
    let half_life = half_life_secs.max(1);
    let halvings = age_secs / half_life;
    let Some(shifted) = ONE.checked_shr(halvings) else {
        return 0;
    };
    let fraction = u64::from(age_secs % half_life) * u64::from(STEPS) / u64::from(half_life);
    let remainder = u64::from(age_secs % half_life) * u64::from(STEPS) % u64::from(half_life);
    let step = usize::try_from(fraction).unwrap_or(0);
    let here = POWERS.get(step).copied().unwrap_or(ONE);
    let next = POWERS.get(step + 1).copied().unwrap_or(ONE / 2);
    // Linear between the steps: at most 0.0015 % off, half of a hundredth for the highest score.
    let factor = here - (here - next) * remainder / u64::from(half_life);
    // Both factors are at most 2^32 and the value below 2^31, so three of them fit into i128.
    let product = i128::from(value) * i128::from(factor) * i128::from(shifted);
    let half = 1i128 << 63;
    let rounded = (product.abs() + half) >> 64;
    let magnitude = i32::try_from(rounded).unwrap_or(i32::MAX);
    if value < 0 { -magnitude } else { magnitude }
}

const ONE: u64 = 1 << 32;
const STEPS: u32 = 64;

/// `2^(-i/64)` in units of 2^-32, for `i` from 0 to 64.
const POWERS: [u64; 65] = powers();

const fn powers() -> [u64; 65] {
    // 2^(-1/64) in units of 2^-63, to the nearest; repeated products lose less than 2^-56.
    const ROOT: u128 = 9_124_017_994_966_720_698;
    let mut table = [0; 65];
    let mut power: u128 = 1 << 63;
    let mut i = 0;
    while i < 65 {
        #[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
        {
            table[i] = ((power + (1 << 30)) >> 31) as u64;
        }
        power = (power * ROOT + (1 << 62)) >> 63;
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn half_is_gone_after_the_half_life() {
        assert_eq!(decayed(600, 86_400, 86_400), 300);
        assert_eq!(decayed(600, 2 * 86_400, 86_400), 150);
        assert_eq!(decayed(-400, 86_400, 86_400), -200);
        assert_eq!(decayed(600, 0, 86_400), 600);
        assert_eq!(decayed(i32::MAX, u32::MAX, 1), 0);
    }

    proptest! {
        #[test]
        fn it_is_the_exponential_function(value in -10_000i32..=10_000, age in 0u32..5_000_000, half_life in 60u32..2_592_000) {
            let exact = f64::from(value) * (-f64::from(age) / f64::from(half_life)).exp2();
            prop_assert!((f64::from(decayed(value, age, half_life)) - exact).abs() <= 0.65);
        }

        #[test]
        fn older_is_never_more(value in 0i32.., age in 0u32..u32::MAX, half_life: u32) {
            prop_assert!(decayed(value, age + 1, half_life) <= decayed(value, age, half_life));
        }
    }
}
