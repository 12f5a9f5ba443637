//! What a host call answers.

/// The answer of a host call (`WasmResult` of proxy-wasm).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// What was asked for does not exist.
    NotFound = 1,
    /// An argument is not allowed, or not here.
    BadArgument = 2,
    /// A value could not be put into bytes.
    SerializationFailure = 3,
    /// Bytes could not be read.
    ParseFailure = 4,
    /// An expression is wrong.
    BadExpression = 5,
    /// A pointer lies outside the memory of the guest.
    InvalidMemoryAccess = 6,
    /// There is nothing in it.
    Empty = 7,
    /// The value has changed since it was read.
    CasMismatch = 8,
    /// The result is not what was expected.
    ResultMismatch = 9,
    /// The host failed, or the call is not allowed.
    InternalFailure = 10,
    /// The connection is broken.
    BrokenConnection = 11,
    /// The host does not do this.
    Unimplemented = 12,
}

impl Status {
    /// Every status, by number.
    pub const ALL: [Self; 13] = [
        Self::Ok,
        Self::NotFound,
        Self::BadArgument,
        Self::SerializationFailure,
        Self::ParseFailure,
        Self::BadExpression,
        Self::InvalidMemoryAccess,
        Self::Empty,
        Self::CasMismatch,
        Self::ResultMismatch,
        Self::InternalFailure,
        Self::BrokenConnection,
        Self::Unimplemented,
    ];

    /// The status with this number; none above 12.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(code).ok()?).copied()
    }

    /// Its number.
    #[must_use]
    pub const fn code(self) -> u32 {
        self as u32
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn every_status_has_its_own_number() {
        for (number, status) in Status::ALL.into_iter().enumerate() {
            assert_eq!(status.code() as usize, number);
            assert_eq!(Status::from_code(status.code()), Some(status));
        }
        assert_eq!(Status::from_code(13), None);
    }
}
