//! TLS credentials with certificates: the object `tls-creds-x509`.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qapi_core::Result;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};
use serde_json::{Value, json};

use super::certificate::{self, Purpose};
use super::messages;
use super::properties::{ObjectProperties, Properties};
use crate::schema::object::{QCryptoTlsCredsEndpoint, TlsCredsX509Properties};

/// The largest file of certificates or of a key, in bytes: a hundred times what is usual.
const FILE_MAX: u64 = 1 << 20;

/// TLS credentials.
pub struct TlsCredentials {
    /// For the side that accepts.
    server: Option<Arc<ServerConfig>>,
    properties: Properties<TlsCredsX509Properties>,
}

impl TlsCredentials {
    /// Loads credentials from the files of a folder. Blocks.
    ///
    /// # Errors
    /// A property is missing or not supported, a file is missing or malformed, or a certificate
    /// does not fit its purpose.
    pub(super) fn load(properties: TlsCredsX509Properties) -> Result<Self> {
        let folder = Path::new(properties.dir.as_ref().ok_or_else(messages::no_dir)?);
        // What restricts the algorithms must not be dropped.
        for (name, is_set) in [
            ("priority", properties.priority.is_some()),
            ("passwordid", properties.passwordid.is_some()),
        ] {
            if is_set {
                return Err(messages::property_not_supported(name));
            }
        }
        let endpoint = properties.endpoint.unwrap_or_default();
        let files = Files::find(folder, endpoint)?;
        if properties.sanity_check.unwrap_or(true) {
            files.check(endpoint)?;
        }
        let server = match endpoint {
            QCryptoTlsCredsEndpoint::Client => None,
            QCryptoTlsCredsEndpoint::Server => {
                Some(Arc::new(files.server(properties.verify_peer.unwrap_or(true))?))
            }
        };
        Ok(TlsCredentials { server, properties: Properties::new(properties) })
    }

    /// The configuration of a server; `None` for credentials of a client.
    pub(super) fn server(&self) -> Option<Arc<ServerConfig>> {
        self.server.clone()
    }
}

impl ObjectProperties for TlsCredentials {
    fn type_name(&self) -> &'static str {
        "tls-creds-x509"
    }

    fn property(&self, name: &str) -> Option<Value> {
        let default = || match name {
            "endpoint" => json!(QCryptoTlsCredsEndpoint::default()),
            "verify-peer" | "sanity-check" => json!(true),
            _text => json!(""),
        };
        Some(self.properties.get(name).unwrap_or_else(default))
    }

    /// As in QEMU, the files are not loaded again.
    fn set_property(&self, name: &str, value: Value) -> Result<()> {
        self.properties.set(name, value, |_| Ok(()))
    }
}

/// A file in memory.
struct Contents {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Contents {
    /// Reads a file. `None` if it is absent.
    fn read(path: PathBuf) -> Result<Option<Self>> {
        let mut bytes = Vec::new();
        let read =
            File::open(&path).and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) if bytes.len() as u64 > FILE_MAX => {
                Err(messages::cannot_access(&path, io::ErrorKind::FileTooLarge.into()))
            }
            Ok(_) => Ok(Some(Contents { path, bytes })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(messages::cannot_access(&path, error)),
        }
    }

    fn need(path: PathBuf) -> Result<Self> {
        let absent =
            || messages::cannot_access(&path, io::Error::from_raw_os_error(libc::ENOENT));
        Self::read(path.clone())?.ok_or_else(absent)
    }

    /// The items of one kind in the file, at least one.
    fn items<T: PemObject>(&self) -> Result<Vec<T>, pem::Error> {
        let found: Vec<_> = T::pem_slice_iter(&self.bytes).collect::<Result<_, _>>()?;
        if found.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(found) }
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, pem::Error> {
        self.items()
    }
}

/// The files of credentials.
struct Files {
    authorities: Contents,
    revoked: Option<Contents>,
    /// The certificate and the key.
    own: Option<(Contents, Contents)>,
}

impl Files {
    fn find(folder: &Path, endpoint: QCryptoTlsCredsEndpoint) -> Result<Self> {
        let authorities = Contents::need(folder.join("ca-cert.pem"))?;
        let revoked = Contents::read(folder.join("ca-crl.pem"))?;
        let own = match endpoint {
            QCryptoTlsCredsEndpoint::Server => Some((
                Contents::need(folder.join("server-cert.pem"))?,
                Contents::need(folder.join("server-key.pem"))?,
            )),
            QCryptoTlsCredsEndpoint::Client => {
                let certificate = Contents::read(folder.join("client-cert.pem"))?;
                certificate.zip(Contents::read(folder.join("client-key.pem"))?)
            }
        };
        Ok(Files { authorities, revoked, own })
    }

    /// Checks each certificate, and that an authority has issued the own one.
    fn check(&self, endpoint: QCryptoTlsCredsEndpoint) -> Result<()> {
        let authorities = checked(&self.authorities, Purpose::Authority)?;
        let Some((own, _key)) = &self.own else { return Ok(()) };
        let chain = checked(own, Purpose::Endpoint(endpoint))?;
        let issued = certificate::is_issued(&chain, &authorities);
        if issued {
            Ok(())
        } else {
            Err(messages::unknown_issuer(&own.path, &self.authorities.path))
        }
    }

    /// The configuration of a server that asks clients for certificates if `verifies`.
    fn server(&self, verifies: bool) -> Result<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| {
                messages::cannot_load_list("algorithms", &self.authorities.path, &error)
            })?;
        let builder = if verifies {
            builder.with_client_cert_verifier(self.verifier(provider)?)
        } else {
            builder.with_no_client_auth()
        };
        let Some((certificate, key)) = &self.own else {
            return Err(messages::not_server_credentials());
        };
        let failed =
            |error: &dyn Display| messages::cannot_load(&certificate.path, &key.path, error);
        let chain = certificate.certificates().map_err(|error| failed(&error))?;
        let secret = PrivateKeyDer::from_pem_slice(&key.bytes).map_err(|error| failed(&error))?;
        let mut config =
            builder.with_single_cert(chain, secret).map_err(|error| match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                    failed(&"The certificate and the given key do not match.")
                }
                other => failed(&other),
            })?;
        // A server for a few connections that last long keeps no sessions.
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    /// What verifies the certificates of clients.
    fn verifier(&self, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>> {
        let path = &self.authorities.path;
        let failed =
            |error: &dyn Display| messages::cannot_load_list("CA certificate", path, error);
        let mut roots = RootCertStore::empty();
        for certificate in self.authorities.certificates().map_err(|error| failed(&error))? {
            roots.add(certificate).map_err(|error| failed(&error))?;
        }
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if let Some(revoked) = &self.revoked {
            let failed =
                |error: &dyn Display| messages::cannot_load_list("CRL", &revoked.path, error);
            let lists: Vec<CertificateRevocationListDer<'_>> =
                revoked.items().map_err(|error| failed(&error))?;
            builder = builder.with_crls(lists).allow_unknown_revocation_status();
            // The authorities are loaded, so that the list is at fault.
            return builder.build().map_err(|error| failed(&error));
        }
        builder.build().map_err(|error| failed(&error))
    }
}

/// The certificates of a file, if all of them fit their purpose.
fn checked(file: &Contents, purpose: Purpose) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = file.certificates();
    let certificates = certificates
        .map_err(|error| messages::cannot_import(purpose.word(), &file.path, &error))?;
    for (index, one) in certificates.iter().enumerate() {
        // What follows the own certificate are those of its issuers.
        let purpose = if index == 0 { purpose } else { Purpose::Authority };
        certificate::check(&certificate::parse(one, &file.path, purpose)?, &file.path, purpose)?;
    }
    Ok(certificates)
}
