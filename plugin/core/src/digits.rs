//! Numbers in decimal, quickly.

/// A number in decimal. The formatting of `core` takes several times as long, and this is done for
/// each connection of a flagged source.
pub(crate) struct Digits {
    bytes: [u8; 10],
    start: usize,
}

impl Digits {
    pub(crate) fn of(mut number: u32) -> Self {
        let mut digits = Self {
            bytes: [b'0'; 10],
            start: 10,
        };
        for place in digits.bytes.iter_mut().rev() {
            *place = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
            digits.start -= 1;
            if number == 0 {
                break;
            }
        }
        digits
    }

    pub(crate) fn as_str(&self) -> &str {
        let digits = self.bytes.get(self.start..).unwrap_or_default();
        core::str::from_utf8(digits).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_whole() {
        for number in [0, 7, 10, 99, 100, 4_294_967_295] {
            assert_eq!(Digits::of(number).as_str(), std::format!("{number}"));
        }
    }
}
