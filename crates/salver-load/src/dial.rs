//! Connections to the server, and what to say where there is none.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use salver_core::{Code, Status};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::{Options, Protocol, Tls};

/// Both directions of a connection.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Opens connections.
pub(crate) struct Dialer {
    host: String,
    port: u16,
    address: String,
    limit: Duration,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Dialer {
    /// That of a load.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT where the TLS texts are of no use.
    pub(crate) fn new(options: &Options) -> Result<Self, Status> {
        Ok(Self {
            host: options.host.clone(),
            port: options.port,
            address: options.address(),
            limit: options.connect_timeout,
            tls: options.tls.as_ref().map(|tls| connector(tls, options.protocol)).transpose()?,
        })
    }

    /// Host and port as people write them.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Opens one connection.
    ///
    /// # Errors
    ///
    /// UNAVAILABLE that says what is in the way.
    pub(crate) async fn dial(&self) -> Result<Box<dyn Io>, Status> {
        let unavailable = |message: String| Status::new(Code::Unavailable, message);
        let opened = timeout(self.limit, self.open()).await;
        opened
            .map_err(|_| {
                unavailable(format!("{} does not answer within {} s", self.address, self.limit.as_secs_f64()))
            })?
            .map_err(unavailable)
    }

    async fn open(&self) -> Result<Box<dyn Io>, String> {
        let stream = TcpStream::connect((&*self.host, self.port)).await.map_err(|error| self.refused(&error))?;
        stream.set_nodelay(true).map_err(|error| self.refused(&error))?;
        let Some((connector, name)) = &self.tls else { return Ok(Box::new(stream)) };
        let secured = connector.connect(name.clone(), stream).await;
        secured.map(|stream| Box::new(stream) as Box<dyn Io>).map_err(|error| self.unsecured(&error))
    }

    fn refused(&self, error: &io::Error) -> String {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => format!("nothing listens at {} (connection refused)", self.address),
            _ => format!("{} cannot be reached: {error}", self.address),
        }
    }

    fn unsecured(&self, error: &io::Error) -> String {
        let is_plain = error.kind() == io::ErrorKind::UnexpectedEof
            || matches!(error.get_ref().and_then(|inner| inner.downcast_ref()), Some(rustls::Error::InvalidMessage(_)));
        let hint = if is_plain { "; it seems to speak plain text" } else { "" };
        format!("{} does not agree on TLS: {error}{hint}", self.address)
    }
}

/// How connections are secured.
fn connector(tls: &Tls, protocol: Protocol) -> Result<(TlsConnector, ServerName<'static>), Status> {
    let bad = |what: &str, error: &dyn std::fmt::Display| Status::invalid_argument(format!("{what}: {error}"));
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&tls.roots) {
        let certificate = certificate.map_err(|error| bad("the authorities are no PEM certificates", &error))?;
        // A system's own list may hold some that rustls does not take: those are believed by nobody.
        drop(roots.add(certificate));
    }
    if roots.is_empty() {
        return Err(Status::invalid_argument("there is no authority to believe the server by"));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("TLS", &error))?
        .with_root_certificates(roots);
    let mut config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let chain = certificates(chain).collect::<Result<Vec<_>, _>>();
            let chain = chain.map_err(|error| bad("the client's certificate is no PEM certificate", &error))?;
            let key =
                PrivateKeyDer::from_pem_slice(key).map_err(|error| bad("the client's key is no PEM key", &error))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| bad("the client's certificate and key", &error))?
        }
    };
    config.alpn_protocols = vec![match protocol {
        Protocol::Grpc => b"h2".to_vec(),
        Protocol::Rest => b"http/1.1".to_vec(),
    }];
    let name = ServerName::try_from(tls.server_name.clone());
    Ok((Arc::new(config).into(), name.map_err(|error| bad(&tls.server_name, &error))?))
}

fn certificates(
    pem: &[u8],
) -> impl Iterator<Item = Result<CertificateDer<'static>, rustls::pki_types::pem::Error>> + '_ {
    CertificateDer::pem_slice_iter(pem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::options;

    fn refusal(tls: Tls) -> String {
        Dialer::new(&Options { tls: Some(tls), ..options(1) }).err().unwrap().message
    }

    #[test]
    fn texts_that_are_of_no_use_are_refused_before_anything_is_sent() {
        let tls = |roots: &[u8]| Tls { server_name: "localhost".into(), roots: roots.to_vec(), identity: None };
        assert_eq!(refusal(tls(b"")), "there is no authority to believe the server by");
        assert!(
            refusal(tls(b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n")).starts_with("the authorities")
        );
    }
}
