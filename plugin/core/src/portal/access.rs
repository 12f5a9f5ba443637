//! Who may ask for what.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::refusal::Refusal;
use super::request::Request;
use super::route::Route;
use crate::config::Portal as Config;
use crate::config::SecretDigest;

/// Longest secret that is hashed, bytes.
const SECRET_LEN_MAX: usize = 1_024;

/// Whether this request may have what `route` is.
pub(super) fn check(config: &Config, route: &Route, request: &Request<'_>) -> Result<(), Refusal> {
    if matches!(route, Route::Page(_)) {
        return Ok(());
    }
    match &config.token {
        Some(digest)
            if !request
                .token()
                .is_some_and(|token| is_secret(digest, token)) =>
        {
            Err(wants_token())
        }
        _ => Ok(()),
    }
}

fn wants_token() -> Refusal {
    Refusal::new(
        401,
        "needs the header authorization: Bearer with the token of this portal",
    )
    .with_header("www-authenticate", "Bearer realm=\"portscan\"")
}

/// Whether `secret` has this digest. How long that takes says nothing of either.
fn is_secret(digest: &SecretDigest, secret: &[u8]) -> bool {
    secret.len() <= SECRET_LEN_MAX
        && bool::from(Sha256::digest(secret).as_slice().ct_eq(digest.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_one_whose_digest_stands_in_the_configuration() {
        // printf secret | sha256sum
        let hex = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
        let digest = SecretDigest::parse(hex).unwrap();
        assert!(is_secret(&digest, b"secret"));
        for wrong in ["", "secre", "secret ", "Secret", hex] {
            assert!(!is_secret(&digest, wrong.as_bytes()), "{wrong}");
        }
    }
}
