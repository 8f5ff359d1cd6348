//! The schema of an earlier release.
//!
//! `since` in an annotation is the release that introduced a definition, a member, a value, an
//! alternative or a feature. A [`Projection`] to a release leaves out every newer part that a
//! client could see. [`Server::as_of`](crate::Server::as_of) makes a server present an earlier
//! release.

use std::collections::HashSet;
use std::fmt;
use std::ptr;
use std::str::FromStr;

use crate::error::Error;
use crate::schema::definition::enum_::{EnumExtension, EnumValue};
use crate::schema::definition::{Definition, Part};
use crate::schema::query::{as_object, base};

/// The number of a release: of QEMU, or of a package that counts its own releases.
///
/// ```
/// use qapi_core::Release;
///
/// let release: Release = "2.12".parse()?;
/// assert!(Release::new(2, 4, 1) < release && release < Release::new(8, 2, 0));
/// assert_eq!(release.to_string(), "2.12.0");
/// assert!("8.2-rc1".parse::<Release>().is_err());
/// # Ok::<(), qapi_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// The major version.
    pub major: u32,
    /// The minor version.
    pub minor: u32,
    /// The micro version.
    pub micro: u32,
}

impl Release {
    /// The release that is later than all others. A projection to it leaves nothing out.
    pub const LATEST: Self = Self::new(u32::MAX, u32::MAX, u32::MAX);

    /// A release.
    pub const fn new(major: u32, minor: u32, micro: u32) -> Self {
        Self { major, minor, micro }
    }
}

/// Reads one to three numbers with dots between them, as in `since`; absent numbers are 0.
impl FromStr for Release {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::generic(format!(
                "'{text}' is not a release: one to three numbers with dots between them, as in 8.2"
            ))
        };
        let mut numbers = [0; 3];
        for (index, part) in text.split('.').enumerate() {
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
            let number = part.parse().ok().filter(|_| is_number);
            *numbers.get_mut(index).ok_or_else(wrong)? = number.ok_or_else(wrong)?;
        }
        let [major, minor, micro] = numbers;
        Ok(Self { major, minor, micro })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, micro } = self;
        write!(f, "{major}.{minor}.{micro}")
    }
}

/// The release whose schema a server presents: a part with a later `since` is left out.
///
/// A part without `since` stays. A part with a vendor's name (`__org.example_…`) stays with all its
/// own parts, as its `since` counts the vendor's releases. Every other `since` is compared with the
/// presented release, or with the release that [`packages`](Self::packages) sets for its package.
///
/// ```
/// use qapi_core::{Projection, Release};
///
/// /// Our own package presents its latest release; the block layer presents that of QEMU.
/// const OWN: &[(&str, Release)] = &[("my-daemon", Release::LATEST)];
///
/// let projection = Projection::to(Release::new(8, 2, 0)).packages(OWN);
/// assert_eq!(projection.release(), Release::new(8, 2, 0));
/// ```
///
/// A base that is newer than its struct stays, as a newer schema can move existing members into a
/// base. A new member of the base has a `since` of its own.
///
/// A branch of a union stays if its value and its type stay; a union without branches is a struct.
///
/// # Limits
/// A newer value of an enumeration is refused in arguments and absent from `query-qmp-schema`, but
/// replies and events contain such a value if no other value is correct. A command with `gen =
/// false` checks its arguments itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Projection {
    release: Release,
    packages: &'static [(&'static str, Release)],
}

impl From<Release> for Projection {
    fn from(release: Release) -> Self {
        Self::to(release)
    }
}

impl Projection {
    /// The schema as it was in `release`.
    pub const fn to(release: Release) -> Self {
        Self { release, packages: &[] }
    }

    /// Sets the presented release of each package that counts its own releases. A server does not
    /// start if one of these packages registers nothing.
    #[must_use]
    pub const fn packages(self, packages: &'static [(&'static str, Release)]) -> Self {
        Self { packages, ..self }
    }

    /// The release that is presented, except for packages that count their own releases.
    pub const fn release(&self) -> Release {
        self.release
    }

    /// The names of the packages that count their own releases.
    pub(crate) fn own_packages(&self) -> impl Iterator<Item = &'static str> {
        self.packages.iter().map(|(name, _)| *name)
    }

    /// The definitions among `all` that the release has. The base of a retained struct stays even
    /// if the base is newer, as its members were members of the struct before.
    pub(crate) fn retained(
        &self,
        all: impl Iterator<Item = &'static Definition>,
    ) -> HashSet<*const Definition> {
        let mut queue: Vec<_> = all.filter(|definition| self.has(definition)).collect();
        let mut retained = HashSet::with_capacity(queue.len());
        while let Some(definition) = queue.pop() {
            if retained.insert(ptr::from_ref(definition)) {
                queue.extend(base(definition).and_then(as_object));
            }
        }
        retained
    }

    /// Whether the release has the command, event or type.
    pub fn has(&self, definition: &Definition) -> bool {
        self.has_part(definition, definition)
    }

    /// Whether the release has the member, argument, alternative or feature that `owner` lists.
    pub fn has_part(&self, owner: &Definition, part: &Part) -> bool {
        self.reaches(Origin::of(owner), part)
    }

    /// Whether the release has the value of the enumeration `owner`. The value can be one that
    /// another crate adds.
    pub fn has_value(&self, owner: &'static Definition, value: &'static EnumValue) -> bool {
        self.reaches(Origin::of_value(owner, value), value)
    }

    /// Whether the release has a part whose owner has the origin `origin`.
    pub(crate) fn reaches(&self, origin: Origin, part: &Part) -> bool {
        // A `since` that is not a release occurs only in definitions without an attribute, and has
        // no order.
        let Some(since) = part.since.and_then(|text| text.parse::<Release>().ok()) else {
            return true;
        };
        let Origin { package, is_vendors } = origin.of_part(part);
        let own = self.packages.iter().find(|(name, _)| same_package(name, package));
        is_vendors || own.map_or(self.release, |(_, release)| *release) >= since
    }
}

/// Whether two names denote one package: names of crates have underscores in place of dashes.
pub(crate) fn same_package(a: &str, b: &str) -> bool {
    let unified = |name: &str| name.replace('_', "-");
    a == b || unified(a) == unified(b)
}

/// The package, or the vendor, whose releases a `since` counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    package: &'static str,
    is_vendors: bool,
}

impl Origin {
    /// The origin of a definition, and of the parts that it lists.
    pub(crate) fn of(definition: &Definition) -> Self {
        Self { package: definition.source.package, is_vendors: is_vendors(definition.name) }
    }

    /// The origin of a value of an enumeration. The value can be one that another crate adds.
    pub(crate) fn of_value(owner: &'static Definition, value: &'static EnumValue) -> Self {
        let has = |found: &&EnumExtension| found.values.iter().any(|own| ptr::eq(own, value));
        let origin = Self::of(owner);
        let package = EnumExtension::of(owner).find(has).map(|found| found.source.package);
        Self { package: package.unwrap_or(origin.package), ..origin }
    }

    /// The origin of a part of the owner. The part can have a vendor's name of its own.
    pub(crate) fn of_part(self, part: &Part) -> Self {
        Self { is_vendors: self.is_vendors || is_vendors(part.name), ..self }
    }
}

fn is_vendors(name: &str) -> bool {
    name.starts_with("__")
}
