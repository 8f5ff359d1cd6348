//! `#[qapi_union]`

/// Defines a union: an object whose further members depend on the value of one of them.
///
/// On an enum with a `discriminator`, it is a union whose only common member is that one. The
/// variants are named like those of the enumeration `tag`, all of which must be there; each
/// carries the struct whose members it adds, or nothing.
///
/// ```
/// use qapi_core::prelude::*;
///
/// /// Kinds of address.
/// #[qapi_enum]
/// #[derive(Clone, Copy)]
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
/// On a struct, it is a union with further common members. One field is marked
/// `#[qapi(discriminator)]`: its name is the discriminator's, and its type is an enum under
/// `#[qapi_union(tag = …)]` without a discriminator of its own, which holds the branches.
///
/// ```
/// # use qapi_core::prelude::*;
/// # #[qapi_enum]
/// # #[derive(Clone, Copy)]
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
/// Where the base already has the discriminator, the attribute names it, and the field with the
/// branches is marked `#[qapi(branches)]`. It is no member of its own; what it holds decides which
/// value the base's member is written with.
///
/// ```
/// # use qapi_core::prelude::*;
/// # #[qapi_enum]
/// # #[derive(Clone, Copy)]
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
/// Where `tag` is an open enum, the branches have a last variant of the same name as the enum's,
/// `#[qapi(open)] Other(OpenValue<TheEnum>)`: values of other crates add no members.
///
/// Takes the words of [`qapi_enum`](crate::qapi_enum) besides its own. It implements
/// [`QapiType`](crate::QapiType), [`QapiObject`](crate::QapiObject) and `serde::Serialize`; the
/// enum of branches alone implements [`QapiBranches`](crate::QapiBranches).
pub use qapi_macros::qapi_union;
