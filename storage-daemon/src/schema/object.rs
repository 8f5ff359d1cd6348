//! The types of `object-add` and `object-del`, from QEMU's `qom.json`, `crypto.json` and
//! `authz.json`.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

/// The types of objects.
#[qapi_enum]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectType {
    /// An authorization of identities by a list of rules.
    AuthzList,
    /// An authorization of one identity.
    AuthzSimple,
    /// TLS credentials with pre-shared keys.
    TlsCredsPsk,
    /// TLS credentials with certificates.
    #[qapi(name = "tls-creds-x509")]
    TlsCredsX509,
}

/// An object that other commands name.
#[qapi_union]
#[derive(Debug, Clone)]
pub struct ObjectOptions {
    /// The type, with the properties that only this type has.
    #[qapi(discriminator, name = "qom-type")]
    pub kind: ObjectKind,
    /// The identifier for other commands.
    pub id: String,
}

/// The properties that only one type of objects has.
#[qapi_union(tag = ObjectType)]
#[derive(Debug, Clone)]
pub enum ObjectKind {
    /// For [`ObjectType::AuthzList`].
    AuthzList(AuthZListProperties),
    /// For [`ObjectType::AuthzSimple`].
    AuthzSimple(AuthZSimpleProperties),
    /// For [`ObjectType::TlsCredsPsk`].
    TlsCredsPsk(TlsCredsPskProperties),
    /// For [`ObjectType::TlsCredsX509`].
    TlsCredsX509(TlsCredsX509Properties),
}

/// Whether an identity is authorized.
#[qapi_enum(name = "QAuthZListPolicy")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QAuthZListPolicy {
    /// It is not.
    #[default]
    Deny,
    /// It is.
    Allow,
}

/// How a rule compares identities.
#[qapi_enum(name = "QAuthZListFormat")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QAuthZListFormat {
    /// Identities are equal to the text.
    #[default]
    Exact,
    /// Identities match the text as a pattern of a shell.
    Glob,
}

/// A rule of an [`ObjectType::AuthzList`].
#[qapi_struct(name = "QAuthZListRule")]
#[derive(Debug, Clone)]
pub struct QAuthZListRule {
    /// The text for the identities that the rule is about.
    pub r#match: String,
    /// What the rule says about them.
    pub policy: QAuthZListPolicy,
    /// How the text is compared; `exact` by default.
    pub format: Option<QAuthZListFormat>,
}

/// The properties of an [`ObjectType::AuthzList`].
#[qapi_struct(name = "AuthZListProperties")]
#[derive(Debug, Clone)]
pub struct AuthZListProperties {
    /// What applies to identities without a rule; `deny` by default.
    pub policy: Option<QAuthZListPolicy>,
    /// The rules. The first one that is about an identity decides.
    pub rules: Option<Vec<QAuthZListRule>>,
}

/// The properties of an [`ObjectType::AuthzSimple`].
#[qapi_struct(name = "AuthZSimpleProperties")]
#[derive(Debug, Clone)]
pub struct AuthZSimpleProperties {
    /// The identity that is authorized. For TLS it is the distinguished name of a certificate.
    pub identity: String,
}

/// The side of a connection for which TLS credentials are.
#[qapi_enum(name = "QCryptoTLSCredsEndpoint")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QCryptoTlsCredsEndpoint {
    /// The side that connects.
    #[default]
    Client,
    /// The side that accepts.
    Server,
}

/// The properties of an [`ObjectType::TlsCredsPsk`].
#[qapi_struct]
#[derive(Debug, Clone)]
pub struct TlsCredsPskProperties {
    /// Without effect for pre-shared keys.
    pub verify_peer: Option<bool>,
    /// The folder of the keys.
    pub dir: Option<String>,
    /// The side of the connection; `client` by default.
    pub endpoint: Option<QCryptoTlsCredsEndpoint>,
    /// The permitted algorithms, in the notation of GnuTLS.
    pub priority: Option<String>,
    /// The name of the key of a client; `qemu` by default.
    pub username: Option<String>,
}

/// The properties of an [`ObjectType::TlsCredsX509`].
#[qapi_struct]
#[derive(Debug, Clone)]
pub struct TlsCredsX509Properties {
    /// Whether the certificate of the peer is verified; `true` by default. A server asks clients
    /// for certificates only then.
    pub verify_peer: Option<bool>,
    /// The folder of the files `ca-cert.pem`, `ca-crl.pem` (may be absent), and `server-cert.pem`
    /// and `server-key.pem`, or `client-cert.pem` and `client-key.pem` (may be absent).
    pub dir: Option<String>,
    /// The side of the connection; `client` by default.
    pub endpoint: Option<QCryptoTlsCredsEndpoint>,
    /// The permitted algorithms, in the notation of GnuTLS. Not supported.
    pub priority: Option<String>,
    /// Whether the certificates are checked when the object is added; `true` by default.
    pub sanity_check: Option<bool>,
    /// The identifier of the secret that decrypts the key. Not supported.
    pub passwordid: Option<String>,
}
