//! The types of `object-add` and `object-del`, from QEMU's `qom.json`, `crypto.json` and
//! `authz.json`.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::throttle::ThrottleGroupProperties;

/// The types of objects.
#[qapi_enum]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectType {
    /// An authorization of identities by a list of rules.
    AuthzList,
    /// An authorization of one identity.
    AuthzSimple,
    /// A thread for requests.
    Iothread,
    /// A secret.
    Secret,
    /// Limits on the rates of requests to nodes.
    ThrottleGroup,
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
    /// For [`authz-list`](ObjectType::AuthzList).
    AuthzList(AuthZListProperties),
    /// For [`authz-simple`](ObjectType::AuthzSimple).
    AuthzSimple(AuthZSimpleProperties),
    /// For [`iothread`](ObjectType::Iothread).
    Iothread(IothreadProperties),
    /// For [`secret`](ObjectType::Secret).
    Secret(SecretProperties),
    /// For [`throttle-group`](ObjectType::ThrottleGroup).
    ThrottleGroup(Box<ThrottleGroupProperties>),
    /// For [`tls-creds-psk`](ObjectType::TlsCredsPsk).
    TlsCredsPsk(TlsCredsPskProperties),
    /// For [`tls-creds-x509`](ObjectType::TlsCredsX509).
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

/// A rule of an [`authz-list`](ObjectType::AuthzList).
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

/// The properties of an [`authz-list`](ObjectType::AuthzList).
#[qapi_struct(name = "AuthZListProperties")]
#[derive(Debug, Clone)]
pub struct AuthZListProperties {
    /// What applies to identities without a rule; `deny` by default.
    pub policy: Option<QAuthZListPolicy>,
    /// The rules. The first one that is about an identity decides.
    pub rules: Option<Vec<QAuthZListRule>>,
}

/// The properties of an [`authz-simple`](ObjectType::AuthzSimple).
#[qapi_struct(name = "AuthZSimpleProperties")]
#[derive(Debug, Clone)]
pub struct AuthZSimpleProperties {
    /// The identity that is authorized. For TLS it is the distinguished name of a certificate.
    pub identity: String,
}

/// The properties of an [`iothread`](ObjectType::Iothread). All are checked, and are without
/// effect: requests run on the threads of the program.
#[qapi_struct]
#[derive(Debug, Clone)]
pub struct IothreadProperties {
    /// The number of requests that are submitted at once; 0, the default, for a default of the
    /// engine.
    pub aio_max_batch: Option<i64>,
    /// The number of worker threads that stay when they are idle; 0 by default.
    pub thread_pool_min: Option<i64>,
    /// The most worker threads; 64 by default.
    pub thread_pool_max: Option<i64>,
    /// The longest time to poll for requests in nanoseconds; 32768 by default.
    pub poll_max_ns: Option<i64>,
    /// The factor by which the time to poll grows; 0, the default, for a default of the engine.
    pub poll_grow: Option<i64>,
    /// The divisor by which the time to poll shrinks; 0, the default, to stop to poll.
    pub poll_shrink: Option<i64>,
}

/// How a secret is encoded.
#[qapi_enum(name = "QCryptoSecretFormat")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QCryptoSecretFormat {
    /// The bytes themselves. In JSON, text in UTF-8.
    #[default]
    Raw,
    /// In base64.
    #[qapi(name = "base64")]
    Base64,
}

/// The properties of a [`secret`](ObjectType::Secret). One of `data` and `file` is required.
#[qapi_struct]
#[derive(Debug, Clone)]
pub struct SecretProperties {
    /// The encoding; `raw` by default.
    pub format: Option<QCryptoSecretFormat>,
    /// The identifier of the secret that decrypts this one. Not supported.
    pub keyid: Option<String>,
    /// The initialization vector of the decryption. Without effect, as there is no decryption.
    pub iv: Option<String>,
    /// The secret.
    pub data: Option<String>,
    /// The file that contains the secret.
    pub file: Option<String>,
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

/// The properties of a [`tls-creds-psk`](ObjectType::TlsCredsPsk).
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

/// The properties of a [`tls-creds-x509`](ObjectType::TlsCredsX509).
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
