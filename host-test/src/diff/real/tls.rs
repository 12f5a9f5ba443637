//! TLS of clients: a handshake that succeeds, or one that fails in a way that is known.

use std::io::{Read, Write};
use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, version,
};

use crate::scenario::{Obstacle, Tls};

/// What a client says first.
#[derive(Debug)]
pub(super) enum Greeting {
    /// A handshake.
    Handshake(Box<Session>),
    /// Bytes that no handshake begins with so.
    Broken(Vec<u8>),
}

/// The greeting of a client who dials `destination`.
pub(super) fn greeting(tls: &Tls, destination: IpAddr) -> Result<Greeting, Obstacle> {
    if let Some(reason) = &tls.failure {
        let known = FAILURES.iter().find(|(part, _)| reason.contains(part));
        return match known {
            Some((_, bytes)) => Ok(Greeting::Broken(bytes())),
            None => Err(Obstacle::Impossible(format!(
                "it is not known which handshake fails with {reason:?}"
            ))),
        };
    }
    if tls.client_certificate {
        let reason = "clients here have no certificate that a server trusts";
        return Err(Obstacle::Impossible(reason.to_owned()));
    }
    let session = Session::new(tls, destination);
    let session = session.map_err(|error| Obstacle::Failure(format!("TLS: {error}")))?;
    Ok(Greeting::Handshake(Box::new(session)))
}

/// A word of a reason of BoringSSL's, and what a client says that comes to it.
type Broken = (&'static str, fn() -> Vec<u8>);

const FAILURES: [Broken; 3] = [
    ("HTTP_REQUEST", || b"GET / HTTP/1.1\r\n\r\n".to_vec()),
    ("WRONG_VERSION_NUMBER", || b"SSH-2.0-client\r\n".to_vec()),
    ("UNSUPPORTED_PROTOCOL", || hello_of_1999().to_vec()),
];

/// A client that speaks TLS 1.0 and nothing newer (RFC 2246, section 7.4.1.2).
/// ```text
/// ┌────────────────┬──────────────┬─────────┬───────────┬────────────┬─────────┬──────────┐
/// │ record 5 bytes │ hello 4      │ 1.0   2 │ random 32 │ session 1  │ suite 4 │ no zip 2 │
/// └────────────────┴──────────────┴─────────┴───────────┴────────────┴─────────┴──────────┘
/// ```
fn hello_of_1999() -> [u8; 50] {
    let mut hello = [0x5a; 50];
    let (head, rest) = hello.split_at_mut(11);
    head.copy_from_slice(&[0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 1]);
    if let Some((_, tail)) = rest.split_at_mut_checked(32) {
        // No session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
        tail.copy_from_slice(&[0, 0, 2, 0, 0x2f, 1, 0]);
    }
    hello
}

/// A TLS connection of a client.
#[derive(Debug)]
pub(super) struct Session {
    connection: ClientConnection,
    has_failed: bool,
}

impl Session {
    fn new(tls: &Tls, destination: IpAddr) -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let versions = match tls.version.as_str() {
            "TLSv1.2" => [&version::TLS12],
            _ => [&version::TLS13],
        };
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TrustAll(provider)))
            .with_no_client_auth();
        let name = match &tls.server_name {
            Some(name) => ServerName::try_from(name.clone())
                .map_err(|error| Error::General(format!("{name:?}: {error}")))?,
            // An address does not stand in a greeting.
            None => ServerName::from(destination),
        };
        let connection = ClientConnection::new(Arc::new(config), name)?;
        Ok(Self {
            connection,
            has_failed: false,
        })
    }

    /// Encrypts these bytes, as soon as there is a key.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        // Fails for nobody: it goes to a buffer.
        let _ = self.connection.writer().write_all(bytes);
    }

    /// Says that nothing more comes.
    pub(super) fn close(&mut self) {
        self.connection.send_close_notify();
    }

    /// Decrypts what has come.
    pub(super) fn take(&mut self, mut bytes: &[u8], into: &mut Vec<u8>) {
        while !bytes.is_empty() && !self.has_failed {
            let taken = self.connection.read_tls(&mut bytes);
            let processed = self.connection.process_new_packets();
            self.has_failed = taken.is_err() || processed.is_err();
            // At the end of what there is it says that more may come.
            let _ = self.connection.reader().read_to_end(into);
        }
    }

    /// What must be sent now.
    pub(super) fn give(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while self.connection.wants_write() {
            if self.connection.write_tls(&mut out).is_err() {
                break;
            }
        }
        out
    }
}

/// Believes every certificate: who Envoy says it is does not matter to a scenario.
#[derive(Debug)]
struct TrustAll(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
