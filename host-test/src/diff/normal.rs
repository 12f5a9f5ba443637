//! What is left out of a comparison, and how the rest is written.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Headers as lines: pseudo-headers first, the others in their order; names in small letters, what
/// is random as `…`.
pub(super) fn headers(headers: &[(String, String)]) -> impl Iterator<Item = String> {
    let seen = headers
        .iter()
        .filter(|(name, value)| !UNSEEN.contains(&name.as_str()) && !is_framing(name, value));
    let mut seen: Vec<_> = seen.collect();
    // HTTP/1 has them in its first line.
    seen.sort_by_key(|(name, _)| match name.starts_with(':') {
        true => name.as_str(),
        false => "~",
    });
    seen.into_iter().map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        match RANDOM.contains(&name.as_str()) {
            true => format!("{name}: …"),
            false => format!("{name}: {value}"),
        }
    })
}

/// What codecs write and filters do not see; it is compared among the bytes to the client.
fn is_framing(name: &str, value: &str) -> bool {
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
    is("transfer-encoding") || is("content-length") && value == "0"
}

/// Not on the wire of HTTP/1.
const UNSEEN: [&str; 1] = [":scheme"];
/// Random numbers.
const RANDOM: [&str; 1] = ["x-request-id"];

/// Bytes as a text, those in the middle of many as a checksum.
pub(super) fn bytes(bytes: &[u8]) -> String {
    // How an encoder packs headers into frames is its own affair.
    if let [0, _, _, SETTINGS, _, 0, 0, 0, 0, ..] = bytes {
        return "frames of HTTP/2".to_owned();
    }
    if bytes.len() <= SHORT_MAX {
        return bytes.escape_ascii().to_string();
    }
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let head = bytes.get(..SHORT_MAX).unwrap_or(bytes).escape_ascii();
    format!(
        "{head}… ({} bytes, checksum {:x})",
        bytes.len(),
        hasher.finish()
    )
}

/// The type of the frame that HTTP/2 begins with.
const SETTINGS: u8 = 4;
const SHORT_MAX: usize = 2_000;
