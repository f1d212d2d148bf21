//! Credentials of the ports, and TLS 1.2 and 1.3 with them.
//!
//! Each port has one slot. A new connection takes what is in it; open ones keep what they began with.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};
use salver_core::Status;
use tokio_rustls::TlsAcceptor;

use crate::certificate::Certificate;
use crate::event_loop::Port;

/// PEM text, which may be a secret, and where it came from, which may be told.
#[derive(Clone)]
pub struct Pem {
    /// Begins every error about the text.
    pub source: String,
    /// The text.
    pub text: Vec<u8>,
}

impl fmt::Debug for Pem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pem({})", self.source)
    }
}

/// What a port proves itself with, and whom it believes.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// The certificate chain, the server's own first.
    pub certificate: Pem,
    /// Its private key.
    pub key: Pem,
    /// Where set, every client must show a certificate that one of these has signed.
    pub client_ca: Option<Pem>,
}

/// The credentials in force, by port; none is plain text.
#[derive(Default)]
pub(crate) struct TlsSlots {
    grpc: Mutex<Option<TlsAcceptor>>,
    rest: Mutex<Option<TlsAcceptor>>,
    admin: Mutex<Option<TlsAcceptor>>,
}

impl TlsSlots {
    fn slot(&self, port: Port) -> &Mutex<Option<TlsAcceptor>> {
        match port {
            Port::Grpc => &self.grpc,
            Port::Rest => &self.rest,
            Port::Admin => &self.admin,
        }
    }

    /// Has new connections use `config`; says when its certificate expires.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for anything wrong with it, and then nothing changes.
    pub(crate) fn set(&self, port: Port, config: &TlsConfig) -> Result<SystemTime, Status> {
        let (acceptor, not_after) = acceptor(config, port)?;
        *self.slot(port).lock().unwrap_or_else(PoisonError::into_inner) = Some(acceptor);
        Ok(not_after)
    }

    /// What shakes hands on `port`.
    pub(crate) fn acceptor(&self, port: Port) -> Option<TlsAcceptor> {
        self.slot(port).lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn acceptor(config: &TlsConfig, port: Port) -> Result<(TlsAcceptor, SystemTime), Status> {
    let provider = Arc::new(ring::default_provider());
    let (certified, not_after) = certified_key(config, &provider)?;
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Status::internal(format!("TLS cannot be set up: {error}")))?;
    let builder = match &config.client_ca {
        None => builder.with_no_client_auth(),
        Some(client_ca) => builder.with_client_cert_verifier(client_verifier(client_ca, provider)?),
    };
    let mut tls = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    let protocols: &[&[u8]] = match port {
        Port::Grpc => &[b"h2"],
        Port::Rest | Port::Admin => &[b"h2", b"http/1.1"],
    };
    tls.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok((Arc::new(tls).into(), not_after))
}

fn certified_key(config: &TlsConfig, provider: &CryptoProvider) -> Result<(CertifiedKey, SystemTime), Status> {
    let chain = certificates(&config.certificate)?;
    let (not_after, public_key) = match Certificate::parse(&chain[0]) {
        Some(own) => (own.not_after, own.public_key.to_vec()),
        None => return Err(wrong(&config.certificate, "its first certificate is malformed")),
    };
    let key = provider
        .key_provider
        .load_private_key(private_key(&config.key)?)
        .map_err(|_| wrong(&config.key, "holds no usable RSA, ECDSA (P-256, P-384, P-521) or Ed25519 private key"))?;
    if key.public_key().is_some_and(|public| public.as_ref() != public_key) {
        let reason = format!("is not the private key of the certificate in {}", config.certificate.source);
        return Err(wrong(&config.key, &reason));
    }
    Ok((CertifiedKey::new(chain, key), not_after))
}

/// One certificate at least. The parser's own errors are not told: they quote the text.
fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, Status> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem.text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(wrong(pem, "holds no PEM certificate (BEGIN CERTIFICATE)")),
        Ok(found) => Ok(found),
        Err(_) => Err(wrong(pem, "is not well-formed PEM")),
    }
}

fn private_key(pem: &Pem) -> Result<PrivateKeyDer<'static>, Status> {
    PrivateKeyDer::from_pem_slice(&pem.text).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => {
            wrong(pem, "holds no unencrypted PEM private key (BEGIN PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY)")
        }
        _ => wrong(pem, "is not well-formed PEM"),
    })
}

fn client_verifier(pem: &Pem, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, Status> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|_| wrong(pem, "holds a malformed certificate"))?;
    }
    WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
        .build()
        .map_err(|error| wrong(pem, &format!("cannot be used: {error}")))
}

fn wrong(pem: &Pem, reason: &str) -> Status {
    Status::invalid_argument(format!("{}: {reason}", pem.source))
}
