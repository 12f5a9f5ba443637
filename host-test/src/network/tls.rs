//! TLS between the client and Envoy, as far as filters notice it.

use super::close::fail_handshake;
use super::state::{Handle, Phase};
use crate::connection::runner::Runner;
use crate::shared::lock;

/// TLS between the client and Envoy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsInfo {
    /// The server name that the client asks for; filters see it only behind a TLS inspector.
    pub server_name: String,
    /// The version that is agreed on; `TLSv1.2` if it is empty, which is also what filters see
    /// before the handshake.
    pub version: String,
    /// Whether the client shows a certificate.
    pub is_mutual: bool,
    /// Why the handshake fails, if it does, in Envoy's words.
    pub failure: Option<String>,
}

/// How far the handshake of a connection on a chain with TLS is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    /// What the client says; none as long as it has not greeted.
    info: Option<TlsInfo>,
    is_done: bool,
    requires_certificate: bool,
    /// What a client has sent that speaks no TLS.
    stray: Vec<u8>,
}

impl Tls {
    /// Before the handshake.
    pub(crate) fn new(info: Option<TlsInfo>, requires_certificate: bool) -> Self {
        Self {
            info,
            is_done: false,
            requires_certificate,
            stray: Vec::new(),
        }
    }

    /// The version as filters see it.
    pub(crate) fn version(&self) -> &str {
        let agreed = self.info.as_ref().filter(|_| self.is_done);
        let version = agreed.map_or("", |info| &info.version);
        if version.is_empty() {
            "TLSv1.2"
        } else {
            version
        }
    }

    /// Whether the client has shown a certificate.
    pub(crate) fn is_mutual(&self) -> bool {
        self.is_done && self.info.as_ref().is_some_and(|info| info.is_mutual)
    }

    /// Why the handshake fails with what the client says.
    fn failure(&self) -> Option<String> {
        let info = self.info.as_ref()?;
        let lacks_certificate = self.requires_certificate && !info.is_mutual;
        let reason = lacks_certificate.then(|| {
            "TLS_error:|268435648:SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE:\
             peer did not provide required client certificate:TLS_error_end"
                .to_owned()
        });
        info.failure.clone().or(reason)
    }
}

/// Does the handshake with a client that greets; the filters have heard of the connection.
pub(crate) fn handshake(runner: &mut dyn Runner, connection: &Handle) {
    let failure = {
        let mut state = lock(connection);
        let Some(tls) = &mut state.tls else { return };
        tls.is_done = tls.info.is_some();
        tls.failure()
    };
    if let Some(failure) = failure {
        fail_handshake(runner, connection, &failure, &[]);
    }
}

/// Takes the bytes of a client that was to speak TLS and does not. Whether it took them.
pub(super) fn take_stray(runner: &mut dyn Runner, connection: &Handle, bytes: &[u8]) -> bool {
    let failure = {
        let mut state = lock(connection);
        if state.phase != Phase::Open {
            return false;
        }
        let Some(tls) = &mut state.tls else {
            return false;
        };
        if tls.is_done {
            return false;
        }
        tls.stray.extend_from_slice(bytes);
        mistake(&tls.stray)
    };
    if let Some((number, name, alert)) = failure {
        let reason =
            format!("TLS_error:|{number}:SSL routines:OPENSSL_internal:{name}:TLS_error_end");
        fail_handshake(runner, connection, &reason, alert);
    }
    true
}

/// What TLS says to bytes that are none of its own, as soon as it can tell: BoringSSL's error with
/// its number, and the alert that the client gets.
fn mistake(bytes: &[u8]) -> Option<(u32, &'static str, &'static [u8])> {
    const NONE: &[u8] = &[];
    const PROTOCOL_VERSION: &[u8] = &[0x15, 3, 1, 0, 2, 2, 70];
    let start = bytes.get(..5)?;
    if start.starts_with(&[0x16, 3]) {
        return None;
    }
    let begins = |word: &&[u8]| start.starts_with(word);
    Some(
        if [&b"GET "[..], b"POST ", b"HEAD ", b"PUT "]
            .iter()
            .any(begins)
        {
            (268_435_612, "HTTP_REQUEST", NONE)
        } else if start == b"CONNE" {
            (268_435_613, "HTTPS_PROXY_REQUEST", NONE)
        } else {
            (268_435_703, "WRONG_VERSION_NUMBER", PROTOCOL_VERSION)
        },
    )
}
