//! TLS: what a client can do before it, and handshakes that fail. The tests of the storage daemon
//! have sessions of real clients.

use std::sync::Arc;

use nbd::rustls::ServerConfig;
use nbd::rustls::crypto::ring;
use nbd::rustls::server::{ClientHello, ResolvesServerCert};
use nbd::rustls::sign::CertifiedKey;
use nbd::{Export, ServerOptions, TlsOptions};

use crate::client::Running;
use crate::disk::Memory;

const EXPORT_NAME: u32 = 1;
const ABORT: u32 = 2;
const STARTTLS: u32 = 5;

/// A server without a certificate, whose handshakes fail.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesServerCert for NoCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}

fn running() -> Running {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has algorithms")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(NoCertificate));
    let mut options = ServerOptions::default();
    options.tls = Some(TlsOptions::new(Arc::new(config)));
    let running = Running::new(options);
    let export = Export::new("disk", Memory::new()).expect("a short name");
    running.server.add(export).expect("the name is free");
    running
}

#[test]
fn all_options_but_starttls_are_refused_before_tls() {
    let running = running();
    let mut client = running.client();
    let data = [0; 6];
    for option in [3, 6, 7, 8, 9, 10, 11, 99] {
        let text = format!("Option {option:#x} not permitted before TLS");
        let refusal = ((1 << 31) + 5, text.into_bytes());
        assert_eq!(client.option(option, &data), [refusal], "option {option}");
    }
    let refusal = ((1 << 31) + 5, b"Option 0x2 not permitted before TLS".to_vec());
    assert_eq!(client.option(ABORT, &[]), [refusal]);
    assert!(client.is_closed());
}

#[test]
fn a_violation_before_tls_ends_the_connection() {
    let running = running();
    let mut client = running.client();
    client.send_option(EXPORT_NAME, b"disk");
    assert!(client.is_closed());
    let mut client = running.client();
    let refusal = ((1 << 31) + 3, b"option 'starttls' has unexpected length".to_vec());
    assert_eq!(client.option(STARTTLS, &[0]), [refusal]);
    assert!(client.is_closed());
}

#[test]
fn plain_options_after_starttls_are_no_options() {
    let running = running();
    // The option that follows may have been received with STARTTLS already.
    let mut client = running.client();
    let mut options = b"IHAVEOPT\0\0\0\x05\0\0\0\0".to_vec();
    options.extend_from_slice(b"IHAVEOPT\0\0\0\x03\0\0\0\0");
    client.send(&options);
    assert_eq!(client.option_reply(STARTTLS), (1, Vec::new()));
    // An alert of TLS, and no reply to an option.
    assert_eq!(client.bytes(1), [21]);
}
