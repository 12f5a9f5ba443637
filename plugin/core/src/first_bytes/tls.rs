//! The name that a TLS ClientHello asks for.

use super::Found;

/// Content type of the records that a handshake travels in, RFC 8446 section 5.1.
pub(super) const HANDSHAKE: u8 = 22;

const CLIENT_HELLO: u8 = 1;
/// RFC 6066 section 3.
const SERVER_NAME: u16 = 0;

/// The server name in the ClientHello that `bytes` begin with.
///
/// A hello that is split over several records is not put together: no client that a person uses
/// does that.
pub(super) fn server_name(bytes: &[u8]) -> Found<'_> {
    match parse(bytes) {
        Ok(Some(name)) => Found::Name(name),
        Ok(None) | Err(Stop::Malformed) => Found::Nothing,
        Err(Stop::More) => Found::More,
    }
}

#[derive(Clone, Copy)]
enum Stop {
    /// The bytes end too early, and more may come.
    More,
    /// Not a ClientHello.
    Malformed,
}

/// RFC 8446 sections 5.1, 4 and 4.1.2.
fn parse(bytes: &[u8]) -> Result<Option<&[u8]>, Stop> {
    let mut record = Cursor {
        rest: bytes,
        at_end: Stop::More,
    };
    let [_, major, _minor] = record.take()?;
    if major != 3 {
        return Err(Stop::Malformed);
    }
    let mut record = record.vector_u16()?;
    record.at_end = Stop::Malformed;
    let [kind, l0, l1, l2] = record.take()?;
    let len = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).map_err(|_| Stop::Malformed)?;
    if kind != CLIENT_HELLO {
        return Err(Stop::Malformed);
    }
    let mut hello = record.slice(len)?;
    let _version_and_random: [u8; 34] = hello.take()?;
    let _session = hello.vector_u8()?;
    let _cipher_suites = hello.vector_u16()?;
    let _compression = hello.vector_u8()?;
    if hello.rest.is_empty() {
        return Ok(None);
    }
    let mut extensions = hello.vector_u16()?;
    while !extensions.rest.is_empty() {
        let kind = u16::from_be_bytes(extensions.take()?);
        let mut extension = extensions.vector_u16()?;
        if kind == SERVER_NAME {
            let mut names = extension.vector_u16()?;
            let [name_type] = names.take()?;
            let name = names.vector_u16()?;
            return if name_type == 0 {
                Ok(Some(name.rest))
            } else {
                Ok(None)
            };
        }
    }
    Ok(None)
}

struct Cursor<'a> {
    rest: &'a [u8],
    at_end: Stop,
}

impl<'a> Cursor<'a> {
    fn take<const LEN: usize>(&mut self) -> Result<[u8; LEN], Stop> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(self.at_end)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn slice(&mut self, len: usize) -> Result<Self, Stop> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(self.at_end)?;
        self.rest = rest;
        Ok(Self {
            rest: taken,
            at_end: self.at_end,
        })
    }

    fn vector_u8(&mut self) -> Result<Self, Stop> {
        let [len] = self.take()?;
        self.slice(len.into())
    }

    fn vector_u16(&mut self) -> Result<Self, Stop> {
        let len = u16::from_be_bytes(self.take()?);
        self.slice(len.into())
    }
}
