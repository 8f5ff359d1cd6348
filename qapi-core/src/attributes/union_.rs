//! `#[qapi_union]`

/// Defines a union: an object whose further members depend on the value of one of them.
///
/// Words of the attribute on an enum:
///
/// | word | meaning |
/// |---|---|
/// | `tag = TheEnum` | the enum whose values select the branch; this word is mandatory |
/// | `discriminator = "name"` | the name of the member with the value. Without this word the enum is only the branches of a `#[qapi_union]` struct, and accepts no other word than `tag` and `crate` |
/// | `name_exception` | the discriminator's name may break the rules for names |
/// | `name`, `since`, `features`, `crate` | as for [`qapi_enum`](macro@crate::qapi_enum) |
///
/// Words of `#[qapi(…)]` on a variant:
///
/// | word | meaning |
/// |---|---|
/// | `open` | the variant represents the values that other crates add to an open `tag` |
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
/// | `discriminator` | the field contains the branches, and its name is the name of the discriminator |
/// | `base` | on the first field only: the members of the field's struct come first |
/// | `branches` | the field contains the branches, and the base has the discriminator |
/// | `name`, `name_exception`, `since`, `features`, `default`, `unit`, `base64`, `secret` | as for the fields of a [`qapi_struct`](macro@crate::qapi_struct) |
///
/// # A union whose only common member is the discriminator
///
/// The attribute annotates an enum and has the word `discriminator`. The enum has one variant for
/// each variant of the enum `tag`, with the same name. A variant has one field, the struct or union
/// whose members the branch adds, or no field. A variant has the same condition (`#[cfg(…)]`) as
/// the variant of `tag`.
///
/// ```
/// use qapi_core::prelude::*;
///
/// /// The kind of an address.
/// #[qapi_enum]
/// enum AddressKind { Unix, Inet, Any }
///
/// /// The address of a unix socket.
/// #[qapi_struct]
/// struct UnixAddress { path: String }
///
/// /// The address of a TCP socket.
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
/// # A union with further common members
///
/// The attribute annotates a struct whose fields are the common members. One field has the
/// attribute `#[qapi(discriminator)]`. The name of this field is the name of the discriminator, and
/// its type is the enum of the branches. That enum has the attribute `#[qapi_union(tag = …)]`,
/// without the word `discriminator`.
///
/// ```
/// # use qapi_core::prelude::*;
/// # #[qapi_enum]
/// # enum PortKind { Unix, Any }
/// # #[qapi_struct]
/// # struct UnixPort { path: String }
/// /// The branches of a port.
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
/// # A union whose base has the discriminator
///
/// The attribute annotates a struct and names the discriminator, which is a member of the base. The
/// field with the branches has the attribute `#[qapi(branches)]`. This field is not a member. In
/// replies its value determines the discriminator; the value in the base is ignored.
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
/// /// The members that all ports have.
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
/// If `tag` is an open enum, the last variant of the branches is
/// `#[qapi(open)] Other(OpenValue<TheEnum>)`, under the name that this variant has in `tag`. The
/// values of other crates add no members.
///
/// # Implemented traits
///
/// A union implements [`QapiType`](crate::QapiType), [`QapiObject`](crate::QapiObject) and
/// `serde::Serialize`. An enum without `discriminator` implements only
/// [`QapiBranches`](crate::QapiBranches).
pub use qapi_macros::qapi_union;
