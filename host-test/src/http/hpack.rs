//! Header blocks of HTTP/2 (RFC 7541). They are read as anybody may write them; the harness itself
//! writes them in the simplest way, as a client and as a server.

use std::collections::VecDeque;

use super::huffman;

/// A header block that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidBlock;

/// Reads header blocks of one connection.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// Entries that blocks have added, the newest first.
    dynamic: VecDeque<Header>,
}

/// Name and value.
type Header = (Vec<u8>, Vec<u8>);

/// Bytes of the dynamic table, as both sides begin with it (section 4.2).
const TABLE_BYTES_MAX: usize = 4_096;

impl Decoder {
    /// The headers of a block, in order.
    pub(crate) fn decode(&mut self, block: &[u8]) -> Result<Vec<Header>, InvalidBlock> {
        let mut headers = Vec::new();
        let mut rest = block;
        while let Some(first) = rest.first().copied() {
            if first & 0x80 != 0 {
                let index = integer(&mut rest, 7)?;
                headers.push(self.entry(index)?);
            } else if first & 0x40 != 0 {
                let header = self.literal(&mut rest, 6)?;
                self.add(header.clone());
                headers.push(header);
            } else if first & 0x20 != 0 {
                integer(&mut rest, 5)?;
            } else {
                headers.push(self.literal(&mut rest, 4)?);
            }
        }
        Ok(headers)
    }

    fn literal(&self, rest: &mut &[u8], bits: u8) -> Result<Header, InvalidBlock> {
        let name = match integer(rest, bits)? {
            0 => string(rest)?,
            index => self.entry(index)?.0,
        };
        Ok((name, string(rest)?))
    }

    fn entry(&self, index: usize) -> Result<Header, InvalidBlock> {
        let at = index.checked_sub(1).ok_or(InvalidBlock)?;
        if let Some((name, value)) = STATIC.get(at) {
            return Ok((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
        let entry = self.dynamic.get(at - STATIC.len());
        entry.cloned().ok_or(InvalidBlock)
    }

    fn add(&mut self, header: Header) {
        const OVERHEAD: usize = 32;
        self.dynamic.push_front(header);
        let size = |(name, value): &Header| name.len() + value.len() + OVERHEAD;
        let mut bytes: usize = self.dynamic.iter().map(size).sum();
        while bytes > TABLE_BYTES_MAX
            && let Some(oldest) = self.dynamic.pop_back()
        {
            bytes -= size(&oldest);
        }
    }
}

/// A block with these headers, none of them remembered.
pub(crate) fn encode<'a>(headers: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(0);
        for text in [name, value] {
            put_integer(&mut block, text.len());
            block.extend_from_slice(text);
        }
    }
    block
}

/// A number with 7 bits in its first byte (section 5.1).
fn put_integer(out: &mut Vec<u8>, number: usize) {
    const FULL: usize = 0x7f;
    let small = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    if number < FULL {
        out.push(small(number));
        return;
    }
    out.push(small(FULL));
    let mut left = number - FULL;
    while left > FULL {
        out.push(small(left & FULL) | 0x80);
        left >>= 7;
    }
    out.push(small(left));
}

fn integer(rest: &mut &[u8], bits: u8) -> Result<usize, InvalidBlock> {
    let (first, mut after) = rest.split_first().ok_or(InvalidBlock)?;
    let full = (1_usize << bits) - 1;
    let mut number = usize::from(*first) & full;
    if number == full {
        for shift in [0, 7, 14, 21] {
            let (byte, behind) = after.split_first().ok_or(InvalidBlock)?;
            after = behind;
            number += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                *rest = after;
                return Ok(number);
            }
        }
        return Err(InvalidBlock);
    }
    *rest = after;
    Ok(number)
}

fn string(rest: &mut &[u8]) -> Result<Vec<u8>, InvalidBlock> {
    let is_huffman = rest.first().is_some_and(|first| first & 0x80 != 0);
    let len = integer(rest, 7)?;
    let (text, behind) = rest.split_at_checked(len).ok_or(InvalidBlock)?;
    *rest = behind;
    match is_huffman {
        true => huffman::decode(text).ok_or(InvalidBlock),
        false => Ok(text.to_vec()),
    }
}

/// The static table (appendix A).
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::{Decoder, InvalidBlock, encode};

    #[test]
    fn what_is_encoded_is_decoded() {
        let long = vec![b'x'; 5_000];
        let headers = [(&b":path"[..], &b"/"[..]), (b"x-long", &long), (b"x", b"")];
        let decoded = Decoder::default().decode(&encode(headers)).unwrap();
        let decoded: Vec<_> = decoded.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        assert_eq!(decoded, headers);
    }

    #[test]
    fn indexed_headers_come_from_both_tables() {
        let mut decoder = Decoder::default();
        // GET, then a literal that is remembered, then that one by its index.
        let block = [b"\x82\x40\x01a\x01b".as_slice(), b"\xbe"].concat();
        let decoded = decoder.decode(&block).unwrap();
        let remembered = (b"a".to_vec(), b"b".to_vec());
        assert_eq!(decoded[0], (b":method".to_vec(), b"GET".to_vec()));
        assert_eq!(decoded[1..], [remembered.clone(), remembered]);
    }

    #[test]
    fn broken_blocks_are_refused() {
        for block in [
            &b"\x80"[..],
            b"\xff\xff\xff\xff",
            b"\x00\x05ab",
            b"\xbe",
            b"\x00\x81\x00",
        ] {
            assert_eq!(
                Decoder::default().decode(block),
                Err(InvalidBlock),
                "{block:?}"
            );
        }
    }
}
