//! zlib.

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::super::call::{Call, Refusal};
use crate::abi::Status;

/// zlib's own default.
const LEVEL: u8 = 6;

/// The most bytes that come out of `uncompress`: a guest's memory holds no more, and a few bytes
/// could stand for gigabytes.
const UNCOMPRESSED_MAX_BYTES: usize = 1 << 30;

/// Not bit by bit what Envoy's zlib makes of it, but as much worth.
pub(super) fn compress(_: &mut Call<'_>, arguments: &[u8]) -> Result<Vec<u8>, Refusal> {
    Ok(compress_to_vec_zlib(arguments, LEVEL))
}

/// What follows the end counts for nothing.
pub(super) fn uncompress(call: &mut Call<'_>, arguments: &[u8]) -> Result<Vec<u8>, Refusal> {
    let bytes = decompress_to_vec_zlib_with_limit(arguments, UNCOMPRESSED_MAX_BYTES);
    let bytes = bytes.map_err(|_| Status::SerializationFailure)?;
    // Also where the guest does not want them: making them is what takes the time.
    call.charge(bytes.len() as u64).map_err(Refusal::Trap)?;
    Ok(bytes)
}
