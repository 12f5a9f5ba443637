//! Huffman codes of HTTP/2 header blocks (RFC 7541, appendix B).

/// The text of a coded string; none if it is not coded so.
pub(super) fn decode(coded: &[u8]) -> Option<Vec<u8>> {
    const PADDING_BITS_MAX: u32 = 7;
    let mut text = Vec::new();
    let mut walk = Walk::default();
    for byte in coded {
        for shift in (0..8).rev() {
            if let Some(symbol) = walk.step(u32::from(byte >> shift & 1))? {
                text.push(symbol);
                walk = Walk::default();
            }
        }
    }
    // What is left over begins the code of the end of a string: only ones.
    let is_padding = walk.len <= PADDING_BITS_MAX && walk.code == (1 << walk.len) - 1;
    is_padding.then_some(text)
}

/// The bits of a code that have come so far.
#[derive(Clone, Copy, Debug, Default)]
struct Walk {
    code: u32,
    len: u32,
    /// The first code of this length.
    first: u32,
    /// How many codes of this length there are.
    count: u32,
}

impl Walk {
    /// Goes on by a bit: the symbol, if the code is whole. None if no symbol has it.
    fn step(&mut self, bit: u32) -> Option<Option<u8>> {
        self.first = (self.first + self.count) << 1;
        self.code = self.code << 1 | bit;
        self.len += 1;
        let of_len = || {
            LENGTHS
                .iter()
                .zip(0_u32..)
                .filter(|(len, _)| u32::from(**len) == self.len)
        };
        self.count = u32::try_from(of_len().count()).ok()?;
        let Some(nth) = self
            .code
            .checked_sub(self.first)
            .filter(|nth| *nth < self.count)
        else {
            const LEN_MAX: u32 = 30;
            return (self.len < LEN_MAX).then_some(None);
        };
        let (_, symbol) = of_len().nth(usize::try_from(nth).ok()?)?;
        // The last of them stands for the end of a string, which no string contains.
        Some(Some(u8::try_from(symbol).ok()?))
    }
}

/// Bits of the code of each symbol; codes of a length follow each other in the order of symbols.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5,
    5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6,
    6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22,
    23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22,
    21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20,
    22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19,
    21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22,
    22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn strings_of_the_standard_are_read() {
        // RFC 7541, C.4.1, C.4.3 and C.6.1.
        let coded = b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff";
        assert_eq!(decode(coded).unwrap(), b"www.example.com");
        let coded = b"\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf";
        assert_eq!(decode(coded).unwrap(), b"custom-value");
        assert_eq!(decode(b"\xae\xc3\x77\x1a\x4b").unwrap(), b"private");
        assert_eq!(decode(b"").unwrap(), b"");
    }

    #[test]
    fn padding_is_short_and_all_ones() {
        assert_eq!(decode(b"\x07"), Some(b"0".to_vec()));
        for coded in [&b"\x00"[..], b"\x07\xff", b"\xff\xff\xff\xff"] {
            assert_eq!(decode(coded), None, "{coded:?}");
        }
    }
}
