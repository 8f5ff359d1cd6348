//! The contents of the greeting: the version of the server, and the capabilities that a client may
//! enable (schema file `control.json`).

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::call::state::OobSafe;
use crate::qapi_enum;
use crate::schema::projection::Release;

/// The version that the greeting and `query-version` report (schema file `control.json`,
/// `VersionInfo`).
///
/// Clients infer features from the numbers (Kata refuses a major version below 5). The numbers are
/// therefore those of the QEMU release whose schema the daemon follows. `package` has the daemon's
/// own name and version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerVersion {
    /// The major version of the QEMU release.
    pub major: u32,
    /// The minor version of the QEMU release.
    pub minor: u32,
    /// The micro version of the QEMU release.
    pub micro: u32,
    /// The daemon's own name and version.
    pub package: String,
}

impl Default for ServerVersion {
    /// QEMU 10.0.2, and this crate's name and version.
    fn default() -> Self {
        Self::with_package(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")))
    }
}

impl ServerVersion {
    /// The same version with the numbers of `release`.
    #[must_use]
    pub(crate) fn with_numbers(self, release: Release) -> Self {
        let Release { major, minor, micro } = release;
        Self { major, minor, micro, ..self }
    }

    /// The default numbers with the daemon's own name and version.
    pub fn with_package(package: impl Into<String>) -> Self {
        Self { major: 10, minor: 0, micro: 2, package: package.into() }
    }
}

/// The form in the greeting, with members in QEMU's order.
impl Serialize for ServerVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("qemu", &Triple(self))?;
        map.serialize_entry("package", &self.package)?;
        map.end()
    }
}

struct Triple<'a>(&'a ServerVersion);

impl Serialize for Triple<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("micro", &self.0.micro)?;
        map.serialize_entry("minor", &self.0.minor)?;
        map.serialize_entry("major", &self.0.major)?;
        map.end()
    }
}

/// A version has no lock.
impl OobSafe for ServerVersion {}

/// A capability of the protocol that a client may enable during negotiation.
#[qapi_enum(crate = crate, name = "QMPCapability", since = "2.12")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QmpCapability {
    /// Out-of-band execution of commands that allow it.
    Oob,
}
