//! The types of objects and their properties, as in QEMU's storage daemon: those of the objects
//! that this program has, and the types from which they are derived.

use qapi_core::Result;

use super::{messages, property};
use crate::schema::qom::{ObjectPropertyInfo, ObjectTypeInfo};

/// A type of objects.
struct ObjectClass {
    name: &'static str,
    parent: Option<&'static str>,
    kind: Kind,
    /// The names and types of the properties that the parent does not have.
    properties: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Only the types derived from this one have objects.
    Abstract,
    /// As [`Kind::Abstract`], and clients create those objects.
    AbstractUserCreatable,
    /// The program creates the objects.
    Internal,
    /// Clients create the objects.
    UserCreatable,
}

/// The interface of the types whose objects clients create.
const USER_CREATABLE: &str = "user-creatable";

const fn class(
    name: &'static str,
    parent: &'static str,
    kind: Kind,
    properties: &'static [(&'static str, &'static str)],
) -> ObjectClass {
    ObjectClass { name, parent: Some(parent), kind, properties }
}

const fn root(name: &'static str) -> ObjectClass {
    ObjectClass { name, parent: None, kind: Kind::Abstract, properties: &[] }
}

/// The properties of throttle groups.
const THROTTLE_GROUP: [(&str, &str); 20] = [
    ("x-iops-total", "int"),
    ("x-iops-total-max", "int"),
    ("x-iops-total-max-length", "int"),
    ("x-iops-read", "int"),
    ("x-iops-read-max", "int"),
    ("x-iops-read-max-length", "int"),
    ("x-iops-write", "int"),
    ("x-iops-write-max", "int"),
    ("x-iops-write-max-length", "int"),
    ("x-bps-total", "int"),
    ("x-bps-total-max", "int"),
    ("x-bps-total-max-length", "int"),
    ("x-bps-read", "int"),
    ("x-bps-read-max", "int"),
    ("x-bps-read-max-length", "int"),
    ("x-bps-write", "int"),
    ("x-bps-write-max", "int"),
    ("x-bps-write-max-length", "int"),
    ("x-iops-size", "int"),
    ("limits", "ThrottleLimits"),
];

/// A row for each type, sorted by name.
static CLASSES: &[ObjectClass] = {
    use Kind::{Abstract, AbstractUserCreatable, Internal, UserCreatable};
    &[
        class("authz", "object", Abstract, &[]),
        class(
            "authz-list",
            "authz",
            UserCreatable,
            &[("policy", "QAuthZListPolicy"), ("rules", "QAuthZListRule")],
        ),
        class("authz-simple", "authz", UserCreatable, &[("identity", "string")]),
        class("chardev", "object", Abstract, &[]),
        class("chardev-fd", "chardev", Abstract, &[]),
        class("chardev-file", "chardev-fd", Internal, &[]),
        class("chardev-memory", "chardev-ringbuf", Internal, &[]),
        class("chardev-null", "chardev", Internal, &[]),
        class("chardev-pipe", "chardev-fd", Internal, &[]),
        class("chardev-pty", "chardev", Internal, &[]),
        class("chardev-ringbuf", "chardev", Internal, &[]),
        class(
            "chardev-socket",
            "chardev",
            Internal,
            &[("connected", "bool"), ("addr", "SocketAddress")],
        ),
        class("chardev-stdio", "chardev-fd", Internal, &[]),
        class("container", "object", Internal, &[]),
        class(
            "event-loop-base",
            "object",
            AbstractUserCreatable,
            &[("aio-max-batch", "int"), ("thread-pool-min", "int"), ("thread-pool-max", "int")],
        ),
        root("interface"),
        class(
            "iothread",
            "event-loop-base",
            UserCreatable,
            &[("poll-max-ns", "int"), ("poll-grow", "int"), ("poll-shrink", "int")],
        ),
        ObjectClass { properties: &[("type", "string")], ..root("object") },
        class(
            "secret",
            "secret_common",
            UserCreatable,
            &[("data", "string"), ("file", "string")],
        ),
        class(
            "secret_common",
            "object",
            AbstractUserCreatable,
            &[("format", "QCryptoSecretFormat"), ("keyid", "string"), ("iv", "string")],
        ),
        class("throttle-group", "object", UserCreatable, &THROTTLE_GROUP),
        class(
            "tls-creds",
            "object",
            Abstract,
            &[
                ("verify-peer", "bool"),
                ("dir", "string"),
                ("endpoint", "QCryptoTLSCredsEndpoint"),
                ("priority", "string"),
            ],
        ),
        class(
            "tls-creds-x509",
            "tls-creds",
            UserCreatable,
            &[("sanity-check", "bool"), ("passwordid", "string")],
        ),
        class(USER_CREATABLE, "interface", Abstract, &[]),
    ]
};

impl ObjectClass {
    fn find(name: &str) -> Option<&'static ObjectClass> {
        CLASSES.binary_search_by_key(&name, |class| class.name).ok().map(|row| &CLASSES[row])
    }

    /// The type itself and those from which it is derived, the most general last.
    fn lineage(&'static self) -> impl Iterator<Item = &'static ObjectClass> {
        std::iter::successors(Some(self), |class| class.parent.and_then(ObjectClass::find))
    }

    fn is_abstract(&self) -> bool {
        match self.kind {
            Kind::Abstract | Kind::AbstractUserCreatable => true,
            Kind::Internal | Kind::UserCreatable => false,
        }
    }

    fn is_user_creatable(&self) -> bool {
        match self.kind {
            Kind::UserCreatable | Kind::AbstractUserCreatable => true,
            Kind::Internal | Kind::Abstract => false,
        }
    }

    /// Whether the type is `name`, is derived from it or has the interface `name`.
    fn implements(&'static self, name: &str) -> bool {
        let is_interface = [USER_CREATABLE, "interface"].contains(&name);
        self.lineage().any(|class| class.name == name) || is_interface && self.is_user_creatable()
    }
}

/// The types that are derived from `implements` or have that interface.
pub fn list(implements: Option<&str>, with_abstract: bool) -> Vec<ObjectTypeInfo> {
    let is_listed = |class: &&'static ObjectClass| {
        (with_abstract || !class.is_abstract())
            && implements.is_none_or(|implements| class.implements(implements))
    };
    let info = |class: &ObjectClass| ObjectTypeInfo {
        name: class.name.to_owned(),
        is_abstract: class.is_abstract().then_some(true),
        parent: class.parent.map(str::to_owned),
    };
    CLASSES.iter().filter(is_listed).map(info).collect()
}

/// The properties of the objects of a type.
///
/// # Errors
/// There is no such type, or it is an interface.
pub fn list_properties(name: &str) -> Result<Vec<ObjectPropertyInfo>> {
    let class = ObjectClass::find(name).ok_or_else(|| messages::no_type(name))?;
    if !class.implements("object") {
        return Err(messages::not_an_object_type());
    }
    Ok(properties(name))
}

/// The properties of the objects of a type, those of more general types first.
pub(super) fn properties(name: &str) -> Vec<ObjectPropertyInfo> {
    let mut lineage: Vec<_> =
        ObjectClass::find(name).into_iter().flat_map(ObjectClass::lineage).collect();
    lineage.reverse();
    let all = lineage.iter().flat_map(|class| class.properties);
    all.map(|(name, type_name)| property(name, type_name)).collect()
}

pub(super) fn has_property(name: &str, property: &str) -> bool {
    let mut lineage = ObjectClass::find(name).into_iter().flat_map(ObjectClass::lineage);
    lineage.any(|class| class.properties.iter().any(|(name, _)| *name == property))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_sorted_and_have_parents() {
        assert!(CLASSES.is_sorted_by_key(|class| class.name));
        for class in CLASSES {
            let last = class.lineage().last().map(|class| class.name);
            assert!(matches!(last, Some("object" | "interface")), "{}: {last:?}", class.name);
        }
    }

    #[test]
    fn types_are_listed_by_what_they_implement() {
        let table: [(_, _, &[&str]); 6] = [
            (Some("tls-creds"), false, &["tls-creds-x509"]),
            (Some("tls-creds"), true, &["tls-creds", "tls-creds-x509"]),
            (Some("secret_common"), true, &["secret", "secret_common"]),
            (Some("chardev-ringbuf"), false, &["chardev-memory", "chardev-ringbuf"]),
            (Some("container"), false, &["container"]),
            (Some("none"), true, &[]),
        ];
        for (implements, with_abstract, expected) in table {
            let found = list(implements, with_abstract);
            let names: Vec<_> = found.iter().map(|info| info.name.as_str()).collect();
            assert_eq!(names, expected, "{implements:?} {with_abstract}");
        }
        assert!(list(None, false).iter().all(|info| info.is_abstract.is_none()));
        let creatable: Vec<_> =
            list(Some(USER_CREATABLE), true).into_iter().map(|info| info.name).collect();
        for (name, expected) in [("iothread", true), ("secret_common", true), ("authz", false)] {
            assert_eq!(creatable.iter().any(|known| known == name), expected, "{name}");
        }
    }
}
