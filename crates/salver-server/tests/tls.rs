//! TLS ports: credentials and their rotation, and clients that do not finish what they begin.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use salver_server::{GrpcOptions, Options, Pem, Plane, Port, TlsConfig};
use support::{Echo, PATIENCE, connect, exchange, plane, plane_with, rest_predict};

const BODY: &str = "{\"instances\": [1.5]}";

/// An authority, and what it has signed.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn sign(&self) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(2100, 3, 1);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn server(&self) -> TlsConfig {
        let (certificate, key) = self.sign();
        TlsConfig {
            certificate: pem("the certificate", &certificate.pem()),
            key: pem("the key", &key.serialize_pem()),
            client_ca: None,
        }
    }

    fn client(&self, identity: Option<(rcgen::Certificate, KeyPair)>, protocols: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            Some((certificate, key)) => builder
                .with_client_auth_cert(
                    vec![CertificateDer::from(certificate)],
                    PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
                )
                .unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

fn pem(source: &str, text: &str) -> Pem {
    Pem { source: source.to_owned(), text: text.into() }
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn connect_tls(port: u16, config: &Arc<ClientConfig>) -> std::io::Result<Tls> {
    let connection = ClientConnection::new(config.clone(), ServerName::try_from("localhost").unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, connect(port)?);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// One request on a connection that stays open.
fn ask(stream: &mut Tls) -> std::io::Result<String> {
    stream.write_all(rest_predict(BODY).as_bytes())?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let mut piece = [0; 1024];
        match stream.read(&mut piece)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            length => answer.extend_from_slice(&piece[..length]),
        }
    }
    Ok(String::from_utf8(answer).unwrap())
}

fn server_certificate(stream: &Tls) -> Vec<u8> {
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

fn drains(plane: &Plane) -> bool {
    plane.wait_drained(PATIENCE)
}

#[test]
fn both_ports_choose_their_protocol_and_serve() {
    let (plane, authority) = (plane(), Authority::new());
    plane.set_tls(Port::Rest, &authority.server()).unwrap();
    plane.set_tls(Port::Grpc, &authority.server()).unwrap();
    let rest = plane.listen_rest("127.0.0.1", 0).unwrap();
    let grpc = plane.listen_grpc("127.0.0.1", 0).unwrap();
    for (port, offered, chosen) in
        [(rest, &["http/1.1"][..], "http/1.1"), (rest, &["h2", "http/1.1"], "h2"), (grpc, &["h2"], "h2")]
    {
        let stream = connect_tls(port, &authority.client(None, offered)).unwrap();
        assert_eq!(stream.conn.alpn_protocol(), Some(chosen.as_bytes()));
    }
    assert!(connect_tls(grpc, &authority.client(None, &["http/1.1"])).is_err());
    let answer = ask(&mut connect_tls(rest, &authority.client(None, &[])).unwrap()).unwrap();
    assert!(answer.contains("predictions"), "{answer}");
}

#[test]
fn says_when_the_certificate_expires() {
    let expires = plane().set_tls(Port::Grpc, &Authority::new().server()).unwrap();
    let want = SystemTime::UNIX_EPOCH + Duration::from_secs(4_107_542_400); // 2100-03-01
    assert_eq!(expires, want);
}

#[test]
fn clients_must_show_a_certificate_of_the_right_authority() {
    let (plane, authority, stranger) = (plane(), Authority::new(), Authority::new());
    let client_ca = Some(pem("the authority", &authority.certificate.pem()));
    plane.set_tls(Port::Rest, &TlsConfig { client_ca, ..authority.server() }).unwrap();
    let port = plane.listen_rest("127.0.0.1", 0).unwrap();
    let is_served = |identity| {
        // By TLS 1.3 the refusal comes after the client's part of the handshake.
        connect_tls(port, &authority.client(identity, &[])).and_then(|mut stream| ask(&mut stream)).is_ok()
    };
    assert!(is_served(Some(authority.sign())));
    assert!(!is_served(Some(stranger.sign())));
    assert!(!is_served(None));
    assert!(connect_tls(port, &stranger.client(Some(authority.sign()), &[])).is_err());
    let notice = plane.next_call(PATIENCE).unwrap();
    assert!(String::from_utf8_lossy(&notice.body).contains("TLS handshakes fail"));
}

#[test]
fn new_connections_see_new_credentials_and_open_ones_go_on() {
    let (plane, authority) = (plane(), Authority::new());
    plane.set_tls(Port::Rest, &authority.server()).unwrap();
    let port = plane.listen_rest("127.0.0.1", 0).unwrap();
    let client = authority.client(None, &[]);
    let mut before = connect_tls(port, &client).unwrap();
    ask(&mut before).unwrap();
    plane.set_tls(Port::Rest, &authority.server()).unwrap();
    ask(&mut before).unwrap();
    let mut after = connect_tls(port, &client).unwrap();
    ask(&mut after).unwrap();
    assert_ne!(server_certificate(&before), server_certificate(&after));
}

#[test]
fn bad_credentials_are_refused_by_name_and_change_nothing() {
    let (plane, authority) = (plane(), Authority::new());
    let good = authority.server();
    plane.set_tls(Port::Rest, &good).unwrap();
    let port = plane.listen_rest("127.0.0.1", 0).unwrap();
    let secret = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwgg";
    let broken = format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n");
    let key = |text: &str| TlsConfig { key: pem("the key", text), ..good.clone() };
    let certificate = |text: &str| TlsConfig { certificate: pem("the certificate", text), ..good.clone() };
    let unknown = |text: &str| TlsConfig { client_ca: Some(pem("the authority", text)), ..good.clone() };
    let garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (config, want) in [
        (key(""), "the key: holds no unencrypted PEM private key"),
        (key(&broken), "the key: "),
        (key(&format!("-----BEGIN PRIVATE KEY-----\n{secret}")), "the key: is not well-formed PEM"),
        (
            TlsConfig { key: authority.server().key, ..good.clone() },
            "the key: is not the private key of the certificate",
        ),
        (certificate("nothing"), "the certificate: holds no PEM certificate"),
        (certificate(garbled), "the certificate: its first certificate is malformed"),
        (unknown(""), "the authority: holds no PEM certificate"),
        (unknown(garbled), "the authority: holds a malformed certificate"),
    ] {
        let error = plane.set_tls(Port::Rest, &config).unwrap_err();
        assert!(error.message.starts_with(want), "{error:?}");
        assert!(!error.message.contains(secret), "{error:?}");
    }
    ask(&mut connect_tls(port, &authority.client(None, &[])).unwrap()).unwrap();
    assert!(!format!("{good:?}").contains("BEGIN"));
}

#[test]
fn half_done_handshakes_and_silent_clients_do_not_hold_up_a_drain() {
    let (plane, authority) = (plane(), Authority::new());
    let client = authority.client(None, &["h2"]);
    for port in [Port::Rest, Port::Grpc] {
        plane.set_tls(port, &authority.server()).unwrap();
    }
    let mut kept = Vec::new();
    let mut silent = Vec::new();
    for port in [plane.listen_rest("127.0.0.1", 0).unwrap(), plane.listen_grpc("127.0.0.1", 0).unwrap()] {
        kept.push(connect(port).unwrap());
        let mut half = connect(port).unwrap();
        half.write_all(b"\x16\x03\x01\x02\x00\x01\x00").unwrap();
        kept.push(half);
        silent.push(connect_tls(port, &client).unwrap());
    }
    assert!(drains(&plane));
}

#[test]
fn a_handshake_that_takes_too_long_is_cut_off() {
    let grpc = GrpcOptions { handshake_timeout: Duration::from_millis(50), ..GrpcOptions::default() };
    let (plane, authority) = (plane_with(Options { grpc, ..Options::default() }, Echo), Authority::new());
    plane.set_tls(Port::Rest, &authority.server()).unwrap();
    let mut half = connect(plane.listen_rest("127.0.0.1", 0).unwrap()).unwrap();
    half.write_all(b"\x16\x03\x01\x02\x00\x01\x00").unwrap();
    assert_eq!(half.read(&mut [0; 10]).unwrap_or(0), 0);
}

#[test]
fn the_wrong_kind_of_client_harms_nobody() {
    let (plane, authority) = (plane(), Authority::new());
    plane.set_tls(Port::Rest, &authority.server()).unwrap();
    let secured = plane.listen_rest("127.0.0.1", 0).unwrap();
    let plain = plane.listen_grpc("127.0.0.1", 0).unwrap();
    let client = authority.client(None, &["h2"]);
    for _ in 0..10 {
        let answer = exchange(&mut connect(secured).unwrap(), rest_predict(BODY).as_bytes());
        assert!(!answer.is_ok_and(|answer| answer.contains("HTTP/1.1 200")));
        assert!(connect_tls(plain, &client).is_err());
    }
    ask(&mut connect_tls(secured, &authority.client(None, &[])).unwrap()).unwrap();
}
