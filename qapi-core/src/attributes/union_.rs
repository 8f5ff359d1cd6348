//! `#[qapi_union]`

/// Defines a union: an object whose further members depend on the value of one of them.
///
/// Words of the attribute on an enum:
///
/// | word | meaning |
/// |---|---|
/// | `tag = TheEnum` | the enum whose values select the branch; always there |
/// | `discriminator = "name"` | the member that has the value. Without it the enum is the branches of another union, and takes `crate` alone besides `tag` |
/// | `name_exception` | the discriminator's name may break the rules for names |
/// | `name`, `since`, `features`, `crate` | as for [`qapi_enum`](macro@crate::qapi_enum) |
///
/// Words of `#[qapi(…)]` on a variant:
///
/// | word | meaning |
/// |---|---|
/// | `open` | stands for the values that other crates add to an open `tag` |
///
/// Words of the attribute on a struct:
///
/// | word | meaning |
/// |---|---|
/// | `discriminator = "name"` | the member of the base that selects the branch |
/// | `name`, `since`, `features`, `crate` | as for [`qapi_enum`](macro@crate::qapi_enum) |
///
/// Words of `#[qapi(…)]` on a field:
///
/// | word | meaning |
/// |---|---|
/// | `discriminator` | the field has the branches; its name is that of the member that selects them |
/// | `base` | on the first field alone: the members of that struct come first |
/// | `branches` | the field has the branches, and the base has the discriminator |
/// | `name`, `name_exception`, `since`, `features`, `default`, `unit`, `base64` | as for the fields of a [`qapi_struct`](macro@crate::qapi_struct) |
///
/// # A discriminator and branches
///
/// On an enum with a `discriminator`, it is a union whose only common member is that one. The
/// variants are named like those of the enumeration `tag`, all of which must be there; each
/// carries the struct or union whose members it adds, or nothing. A variant under a condition has
/// that of the enumeration's.
///
/// ```
/// use qapi_core::prelude::*;
///
/// /// Kinds of address.
/// #[qapi_enum]
/// enum AddressKind { Unix, Inet, Any }
///
/// /// A socket's file.
/// #[qapi_struct]
/// struct UnixAddress { path: String }
///
/// /// A host's port.
/// #[qapi_struct]
/// struct InetAddress { host: String, port: u16 }
///
/// /// An address.
/// #[qapi_union(discriminator = "type", tag = AddressKind)]
/// enum Address {
///     Unix(UnixAddress),
///     Inet(InetAddress),
///     Any,
/// }
///
/// let address = Address::Unix(UnixAddress { path: "/run/x".into() });
/// assert_eq!(serde_json::to_string(&address)?, r#"{"type":"unix","path":"/run/x"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # More that all branches have
///
/// On a struct, it is a union with further common members. One field is marked
/// `#[qapi(discriminator)]`: its name is the discriminator's, and its type is an enum under
/// `#[qapi_union(tag = …)]` without a discriminator of its own, with the branches.
///
/// ```
/// # use qapi_core::prelude::*;
/// # #[qapi_enum]
/// # enum PortKind { Unix, Any }
/// # #[qapi_struct]
/// # struct UnixPort { path: String }
/// /// What a port is made of.
/// #[qapi_union(tag = PortKind)]
/// enum PortBranch {
///     Unix(UnixPort),
///     Any,
/// }
///
/// /// A port with a name.
/// #[qapi_union]
/// struct NamedPort {
///     /// Its name.
///     id: String,
///     /// Its kind.
///     #[qapi(discriminator)]
///     kind: PortBranch,
/// }
///
/// let port = NamedPort { id: "a".into(), kind: PortBranch::Any };
/// assert_eq!(serde_json::to_string(&port)?, r#"{"id":"a","kind":"any"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # A base with the discriminator
///
/// Where the base already has the discriminator, the attribute names it, and the field with the
/// branches is marked `#[qapi(branches)]`. That field is no member of its own; its value determines
/// the value of the base's member in replies.
///
/// ```
/// # use qapi_core::prelude::*;
/// # #[qapi_enum]
/// # enum PortKind { Unix, Any }
/// # #[qapi_struct]
/// # struct UnixPort { path: String }
/// # #[qapi_union(tag = PortKind)]
/// # enum PortBranch {
/// #     Unix(UnixPort),
/// #     Any,
/// # }
/// /// What all ports have.
/// #[qapi_struct]
/// struct PortBase {
///     /// Its name.
///     id: String,
///     /// Its kind.
///     kind: PortKind,
/// }
///
/// /// A port.
/// #[qapi_union(discriminator = "kind")]
/// struct Port {
///     #[qapi(base)]
///     base: PortBase,
///     #[qapi(branches)]
///     branch: PortBranch,
/// }
///
/// let base = PortBase { id: "a".into(), kind: PortKind::Any };
/// let port = Port { base, branch: PortBranch::Any };
/// assert_eq!(serde_json::to_string(&port)?, r#"{"id":"a","kind":"any"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Open enums
///
/// Where `tag` is an open enum, the branches have a last variant of the same name as the enum's,
/// `#[qapi(open)] Other(OpenValue<TheEnum>)`: values of other crates add no members.
///
/// # What it implements
///
/// [`QapiType`](crate::QapiType), [`QapiObject`](crate::QapiObject) and `serde::Serialize`; the
/// enum of branches alone implements [`QapiBranches`](crate::QapiBranches).
pub use qapi_macros::qapi_union;
