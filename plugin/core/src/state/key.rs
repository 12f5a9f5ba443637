//! Keys of shared data.
//!
//! A contact needs up to four of them, and `format!` takes longer over one than a page to be found:
//! so they are put together by hand.

use alloc::string::String;

/// What all our keys begin with: others may share the store.
pub(crate) const PREFIX: &str = "portscan/1/";

/// The key of page `page` of the table `name` of this geometry: `portscan/1/sources-65536-64/1f`,
/// where the page is hexadecimal.
pub(crate) fn key(name: &str, geometry: &[u32], page: u32) -> String {
    /// Longer than any key.
    const LEN: usize = 64;
    let mut key = String::with_capacity(LEN);
    key.push_str(PREFIX);
    key.push_str(name);
    for number in geometry {
        key.push('-');
        push::<10>(&mut key, *number);
    }
    key.push('/');
    push::<16>(&mut key, page);
    key
}

fn push<const RADIX: u32>(key: &mut String, number: u32) {
    /// Digits of `u32::MAX`, in tens.
    const DIGITS_MAX: usize = 10;
    let mut digits = ['0'; DIGITS_MAX];
    let mut used = 0;
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = char::from_digit(rest % RADIX, RADIX).unwrap_or('0');
        rest /= RADIX;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    key.extend(digits.iter().skip(DIGITS_MAX - used));
}

#[cfg(test)]
mod tests {
    use std::format;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_written_as_usual(capacity: u32, prefix: u8, page: u32) {
            let made = key("table", &[capacity, prefix.into()], page);
            prop_assert_eq!(made, format!("portscan/1/table-{capacity}-{prefix}/{page:x}"));
        }
    }

    #[test]
    fn zero_and_the_largest_number_have_their_digits() {
        assert_eq!(key("a", &[0, u32::MAX], 0), "portscan/1/a-0-4294967295/0");
        assert_eq!(key("a", &[], u32::MAX), "portscan/1/a/ffffffff");
    }
}
