//! Signatures, which this harness neither makes nor checks.

use super::super::call::{Call, Refusal};
use super::super::wire;
use crate::abi::Status;

/// Numbers of the fields of `VerifySignatureArguments` and `SignArguments`.
const KEY: u32 = 2;
const VERIFY_KEY_PEM: u32 = 5;
const SIGN_KEY_PEM: u32 = 4;

/// Refuses what Envoy refuses before it looks at the signature, and does no more.
pub(super) fn verify(call: &mut Call<'_>, arguments: &[u8]) -> Result<Vec<u8>, Refusal> {
    refuse(call, arguments, VERIFY_KEY_PEM, "verify_signature")
}

/// Refuses what Envoy refuses before it signs, and does no more.
pub(super) fn sign(call: &mut Call<'_>, arguments: &[u8]) -> Result<Vec<u8>, Refusal> {
    refuse(call, arguments, SIGN_KEY_PEM, "sign")
}

fn refuse(
    call: &mut Call<'_>,
    arguments: &[u8],
    pem: u32,
    function: &str,
) -> Result<Vec<u8>, Refusal> {
    let fields = wire::fields(arguments).ok_or(Status::BadArgument)?;
    let pem = wire::text(&fields, pem).ok_or(Status::BadArgument)?;
    if wire::bytes(&fields, KEY).is_empty() == pem.is_empty() {
        return Err(Status::BadArgument.into());
    }
    let text = format!("{function}: this harness has no cryptography; use a real Envoy");
    call.state().log_by_host(text);
    Err(Status::Unimplemented.into())
}
