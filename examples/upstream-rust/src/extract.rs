//! axum extractors: a broken header never rejects a request.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::header::{InvalidPortScan, PortScan};

/// What a request's `x-portscan` says.
#[derive(Debug)]
pub enum Reading {
    /// There is none: nobody scans, as far as the edge knows.
    Absent,
    /// It is broken. Treat it as absent, and say so in the log.
    Malformed(InvalidPortScan),
    /// The source scans.
    Present(PortScan),
}

impl Reading {
    /// Reads the field out of a request's headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut value = Vec::new();
        // RFC 9651, 4.2: several lines of one field are one value, joined by commas.
        for (number, line) in headers.get_all("x-portscan").iter().enumerate() {
            if number > 0 {
                value.extend_from_slice(b", ");
            }
            value.extend_from_slice(line.as_bytes());
        }
        match PortScan::parse(&value) {
            Ok(None) => Self::Absent,
            Ok(Some(scan)) => Self::Present(scan),
            Err(invalid) => Self::Malformed(invalid),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reading {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// `Option<PortScan>` in a handler: a broken header is `None`, and a line on standard error.
impl<S: Send + Sync> OptionalFromRequestParts<S> for PortScan {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Infallible> {
        match Reading::of(&parts.headers) {
            Reading::Absent => Ok(None),
            Reading::Present(scan) => Ok(Some(scan)),
            Reading::Malformed(invalid) => {
                eprintln!("malformed x-portscan: {invalid}");
                Ok(None)
            }
        }
    }
}
