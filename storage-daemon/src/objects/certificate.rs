//! Certificates: the checks that QEMU makes before it uses them, and names.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use qapi_core::Result;
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::oid_registry::OID_PKCS9_EMAIL_ADDRESS;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::messages;
use crate::schema::object::QCryptoTlsCredsEndpoint;

/// What a certificate is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Authority,
    Endpoint(QCryptoTlsCredsEndpoint),
}

impl Purpose {
    /// The word for such a certificate in error texts.
    pub(super) fn word(self) -> &'static str {
        match self {
            Purpose::Authority => "CA",
            Purpose::Endpoint(QCryptoTlsCredsEndpoint::Server) => "server",
            Purpose::Endpoint(QCryptoTlsCredsEndpoint::Client) => "client",
        }
    }
}

/// Parses a certificate.
pub(super) fn parse<'a>(
    certificate: &'a CertificateDer<'_>,
    path: &Path,
    purpose: Purpose,
) -> Result<X509Certificate<'a>> {
    let parsed = X509Certificate::from_der(certificate);
    let parsed = parsed.map_err(|error| messages::cannot_import(purpose.word(), path, &error));
    parsed.map(|(_rest, parsed)| parsed)
}

/// Checks one certificate: its time, whether it is an authority's, and its usage.
///
/// # Errors
/// The certificate does not fit its purpose.
pub(super) fn check(
    certificate: &X509Certificate<'_>,
    path: &Path,
    purpose: Purpose,
) -> Result<()> {
    check_time(certificate, path, purpose)?;
    check_constraints(certificate, path, purpose)?;
    check_usage(certificate, path, purpose)?;
    check_extended_usage(certificate, path, purpose)
}

fn check_time(certificate: &X509Certificate<'_>, path: &Path, purpose: Purpose) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = certificate.validity();
    if validity.not_after.timestamp() < now {
        return Err(messages::certificate_expired(purpose.word(), path));
    }
    if validity.not_before.timestamp() > now {
        return Err(messages::certificate_not_active(purpose.word(), path));
    }
    Ok(())
}

fn check_constraints(
    certificate: &X509Certificate<'_>,
    path: &Path,
    purpose: Purpose,
) -> Result<()> {
    let constraints = certificate.basic_constraints();
    let constraints =
        constraints.map_err(|error| messages::cannot_import(purpose.word(), path, &error))?;
    match (constraints.map(|constraints| constraints.value.ca), purpose) {
        (Some(true), Purpose::Endpoint(_)) => {
            Err(messages::certificate_of_authority(path, purpose.word()))
        }
        (Some(false), Purpose::Authority) => Err(messages::certificate_of_no_authority(path)),
        (None, Purpose::Authority) => Err(messages::certificate_without_constraints(path)),
        _fits => Ok(()),
    }
}

/// Only a critical extension restricts the usage.
fn check_usage(certificate: &X509Certificate<'_>, path: &Path, purpose: Purpose) -> Result<()> {
    let usage = certificate.key_usage();
    let usage = usage.map_err(|error| messages::cannot_import(purpose.word(), path, &error))?;
    let Some(usage) = usage.filter(|usage| usage.critical) else { return Ok(()) };
    let needed = match purpose {
        Purpose::Authority => vec![(usage.value.key_cert_sign(), "certificate signing")],
        Purpose::Endpoint(_) => vec![
            (usage.value.digital_signature(), "digital signature"),
            (usage.value.key_encipherment(), "key encipherment"),
        ],
    };
    match needed.into_iter().find(|(is_permitted, _)| !is_permitted) {
        Some((_, what)) => Err(messages::certificate_usage(path, what)),
        None => Ok(()),
    }
}

fn check_extended_usage(
    certificate: &X509Certificate<'_>,
    path: &Path,
    purpose: Purpose,
) -> Result<()> {
    let Purpose::Endpoint(endpoint) = purpose else { return Ok(()) };
    let usage = certificate.extended_key_usage();
    let usage = usage.map_err(|error| messages::cannot_import(purpose.word(), path, &error))?;
    let Some(usage) = usage.filter(|usage| usage.critical) else { return Ok(()) };
    let is_permitted = match endpoint {
        QCryptoTlsCredsEndpoint::Client => usage.value.client_auth,
        QCryptoTlsCredsEndpoint::Server => usage.value.server_auth,
    };
    if is_permitted || usage.value.any {
        return Ok(());
    }
    Err(messages::certificate_purpose(path, purpose.word()))
}

/// Whether an authority has issued the first certificate of a chain, or a later one of the chain
/// that is the issuer of the one before.
pub(super) fn is_issued(
    chain: &[CertificateDer<'_>],
    authorities: &[CertificateDer<'_>],
) -> bool {
    let (authorities, chain) = (parse_all(authorities), parse_all(chain));
    let linked = chain.windows(2).take_while(|pair| is_issuer(&pair[1], &pair[0])).count();
    let mut linked = chain.iter().take(linked + 1);
    linked.any(|one| authorities.iter().any(|issuer| is_issuer(issuer, one)))
}

/// The certificates before the first malformed one.
fn parse_all<'a>(certificates: &'a [CertificateDer<'_>]) -> Vec<X509Certificate<'a>> {
    let parse = |one: &'a CertificateDer<'_>| X509Certificate::from_der(one).ok();
    certificates.iter().map_while(parse).map(|(_rest, parsed)| parsed).collect()
}

fn is_issuer(issuer: &X509Certificate<'_>, certificate: &X509Certificate<'_>) -> bool {
    issuer.subject().as_raw() == certificate.issuer().as_raw()
        && certificate.verify_signature(Some(issuer.public_key())).is_ok()
}

/// The distinguished name of the subject, in the form in which GnuTLS shows it: the attributes in
/// the order of the certificate, separated by commas.
pub(super) fn distinguished_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_rest, certificate) = X509Certificate::from_der(certificate).ok()?;
    name_text(certificate.subject())
}

/// Returns `None` if the name has an attribute without a short name or with no text.
fn name_text(name: &X509Name<'_>) -> Option<String> {
    let mut text = String::new();
    for group in name.iter() {
        for (index, attribute) in group.iter().enumerate() {
            let separator = if index == 0 { "," } else { "+" };
            if !text.is_empty() {
                text.push_str(separator);
            }
            let kind = attribute.attr_type();
            let is_email = *kind == OID_PKCS9_EMAIL_ADDRESS;
            text.push_str(if is_email {
                "EMAIL"
            } else {
                oid2abbrev(kind, oid_registry()).ok()?
            });
            text.push('=');
            escape(attribute.as_str().ok()?, &mut text);
        }
    }
    Some(text)
}

/// Adds the value of an attribute with backslashes before the characters that separate names.
fn escape(value: &str, text: &mut String) {
    let last = value.chars().count().saturating_sub(1);
    for (index, character) in value.chars().enumerate() {
        let is_special = ",+\"\\<>;".contains(character)
            || index == 0 && "# ".contains(character)
            || index == last && character == ' ';
        if is_special {
            text.push('\\');
        }
        text.push(character);
    }
}
