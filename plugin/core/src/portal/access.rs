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
    let has_token = || {
        let (digest, token) = (config.token.as_ref()?, request.token()?);
        is_secret(digest, token).then_some(())
    };
    match route {
        // These say nothing of anybody.
        Route::Page(_) | Route::Health => Ok(()),
        Route::Forget if config.token.is_none() => Err(Refusal::new(
            403,
            "forgets nothing as long as the portal's configuration has no token_sha256",
        )),
        Route::Decisions | Route::DecisionStream if config.bouncer_key.is_some() => {
            let has_key = |digest| is_secret(digest, request.api_key());
            if config.bouncer_key.as_ref().is_some_and(has_key) || has_token().is_some() {
                return Ok(());
            }
            let detail = "needs the header x-api-key with the key of this portal's bouncers";
            Err(Refusal::new(403, detail))
        }
        _ if config.token.is_none() || has_token().is_some() => Ok(()),
        _ => Err(wants_token()),
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
