//! How to translate a definition of the QAPI schema language to Rust.
//!
//! This guide is for readers who know QAPI's schema language. Every example shows a definition in
//! the schema language, and below it the same definition in Rust. The example then compares the two
//! with [`render`](crate::schema::render::render), which renders an annotated item in the schema
//! language.
//!
//! `render` describes the compiled program. It omits a conditional part whose condition is false,
//! and renders other conditional parts without the condition. It renders neither `coroutine` nor
//! `boxed`.
//!
//! # The language in one table
//!
//! | schema language | Rust |
//! |---|---|
//! | `{ 'enum': 'E', 'data': [ 'a', 'b' ] }` | [`#[qapi_enum]`](macro@crate::qapi_enum) `enum E { A, B }` |
//! | `'prefix': 'P'` | `#[qapi_enum(prefix = "P")]` |
//! | `{ 'struct': 'S', 'data': { … } }` | [`#[qapi_struct]`](macro@crate::qapi_struct) `struct S { … }` |
//! | `'base': 'B'` | the first field, `#[qapi(base)] base: B` |
//! | `{ 'union': 'U', 'base': { 't': 'E' }, 'discriminator': 't', 'data': { … } }` | [`#[qapi_union(discriminator = "t", tag = E)]`](macro@crate::qapi_union) `enum U { … }` |
//! | a union with further members in its `base`, or with a named base | `#[qapi_union] struct U`, with a second enum for the branches |
//! | `{ 'alternate': 'A', 'data': { … } }` | [`#[qapi_alternate]`](macro@crate::qapi_alternate) `enum A { … }` |
//! | `{ 'command': 'c', 'data': { … }, 'returns': 'R' }` | [`#[qapi_command]`](macro@crate::qapi_command) `fn c(…) -> R` |
//! | `'data': 'S'`, with or without `'boxed': true` | `#[qapi_command(boxed)] fn c(arguments: S)` |
//! | `'allow-oob'`, `'allow-preconfig'` | `allow_oob`, `allow_preconfig` |
//! | `'success-response': false`, `'gen': false` | `success_response = false`, `gen = false` |
//! | `'coroutine': true` | `async fn` |
//! | `{ 'event': 'E', 'data': { … } }` | [`#[qapi_event]`](macro@crate::qapi_event) `struct E { … }` |
//! | `'data': 'S'`, `'boxed': true` | `#[qapi_event(boxed)] struct E(S)` |
//! | `'*name': 'T'` | `name: Option<T>`, or `#[qapi(default = …)] name: T` for a member with a default |
//! | `[ 'T' ]` | `Vec<T>`, in parameters `&[T]` too |
//! | `int8` … `int32`, `uint8` … `uint64` | `i8` … `i32`, `u8` … `u64` |
//! | `int`, `int64` | `i64`; introspection reports `int` for all integers |
//! | `number`, `bool`, `str`, `size`, `null`, `any` | `f64`, `bool`, `String`, [`Size`](crate::Size), [`Null`](crate::Null), `serde_json::Value`; [`QapiType`](crate::QapiType) lists further types |
//! | `'if': …` | `#[cfg(…)]` |
//! | `'features': [ 'f' ]` | `features(f)` |
//! | a `##` comment | a doc comment |
//! | `# @name: …` | a doc comment of the field, variant or parameter |
//! | `# Features:` and `# @f: …` | `features(f = "…")` |
//! | `# Since: 2.12`, and `(since 2.12)` | `since = "2.12"` |
//! | `# Returns:`, `# Errors:`, examples | the headings `# Returns`, `# Errors`, `# Examples` in the doc comment |
//! | the pragmas `command-name-exceptions`, `member-name-exceptions` | `name_exception`, together with `name` |
//! | the pragma `command-returns-exceptions` | `returns_exception` |
//! | the pragmas `doc-required`, `documentation-exceptions` | the compiler's lint `missing_docs`, and `#[allow(missing_docs)]` |
//! | `{ 'include': … }` | `mod` and `use`: definitions may be in any module of any crate |
//!
//! # Names
//!
//! The QAPI name comes from the Rust name. In the names of fields, parameters and functions, dashes
//! replace underscores. The name of a variant is split into words at its capitals. A digit belongs
//! to the word before it, so that `Aes128` is `aes128`. `name = "…"` sets another name. A field
//! whose QAPI name is a Rust keyword is written as a raw identifier, as in `r#type`, or sets its
//! `name`.
//!
//! QAPI has rules for names: commands, members and values are lower case with dashes, events are
//! upper case with underscores, types are CamelCase. Values may begin with a digit. The word
//! `name_exception` beside `name` permits a member or value that breaks these rules, and a command
//! with underscores. The word is meant for names that clients already use. The names of experiments
//! begin with `x-`. The names of a vendor's extensions begin with `__RFQDN_`, where RFQDN is the
//! vendor's reversed domain.
//!
//! ```
//! use qapi_core::prelude::*;
//! use qapi_core::{QapiType, Type, schema::render::render};
//!
//! /// Renders the definition in the schema language. The examples below hide this function.
//! fn schema<T: QapiType>() -> String {
//!     let Type::Defined(definition) = T::schema_type() else { panic!("no definition") };
//!     render(definition).to_string().replace('"', "'")
//! }
//!
//! // { 'enum': 'Cipher', 'data': [ 'aes-128', '3des', 'io_uring', '__com.example_rot13' ] }
//!
//! #[qapi_enum]
//! enum Cipher {
//!     #[qapi(name = "aes-128")]
//!     Aes128,
//!     #[qapi(name = "3des")]
//!     TripleDes,
//!     #[qapi(name = "io_uring", name_exception)]
//!     IoUring,
//!     #[qapi(name = "__com.example_rot13")]
//!     Rot13,
//! }
//!
//! assert_eq!(
//!     schema::<Cipher>(),
//!     "{'enum':'Cipher','data':['aes-128','3des','io_uring','__com.example_rot13']}",
//! );
//! ```
//!
//! # Structs
//!
//! An optional member is an `Option`, or has a `default`. The default is the value of an absent
//! member. The schema declares only that the member is optional, and does not contain the default.
//! The documentation describes the default. A struct may contain itself in a `Vec` or a `Box`.
//!
//! ```
//! # use qapi_core::prelude::*;
//! # use qapi_core::{QapiType, Size, Type, schema::render::render};
//! # fn schema<T: QapiType>() -> String {
//! #     let Type::Defined(definition) = T::schema_type() else { panic!() };
//! #     render(definition).to_string().replace('"', "'")
//! # }
//! // { 'struct': 'Node', 'data': { 'node-name': 'str' } }
//! // { 'struct': 'Image', 'base': 'Node',
//! //   'data': { 'size': 'size', '*tags': [ 'str' ], '*backing': 'Image' } }
//!
//! #[qapi_struct]
//! struct Node {
//!     node_name: String,
//! }
//!
//! #[qapi_struct]
//! struct Image {
//!     #[qapi(base)]
//!     node: Node,
//!     size: Size,
//!     tags: Option<Vec<String>>,
//!     backing: Option<Box<Image>>,
//! }
//!
//! assert_eq!(
//!     schema::<Image>(),
//!     "{'struct':'Image','base':'Node','data':\
//!      {'size':'size','*tags':['str'],'*backing':'Image'}}",
//! );
//! ```
//!
//! # Unions
//!
//! The branches of a union are the variants of a Rust enum. The enum has one variant for each value
//! of the discriminator's enum, with the same variant name. A value without a branch in the schema
//! is a unit variant. A branch is a struct or another union.
//!
//! Three forms exist:
//!
//! - If the discriminator is the only common member, this Rust enum is the union.
//! - If the `base` lists further members, the union is a struct. Its fields are the members of the
//!   base, and the field of the discriminator contains the branches.
//! - If the `base` is a named type, the union is a struct with one field for the base and one field
//!   for the branches.
//!
//! ```
//! # use qapi_core::prelude::*;
//! # use qapi_core::{QapiType, Type, schema::render::render};
//! # fn schema<T: QapiType>() -> String {
//! #     let Type::Defined(definition) = T::schema_type() else { panic!() };
//! #     render(definition).to_string().replace('"', "'")
//! # }
//! // { 'enum': 'CheckMode', 'data': [ 'none', 'hash' ] }
//! // { 'struct': 'CheckHash', 'data': { 'hash': 'str' } }
//! // { 'union': 'Check', 'base': { 'mode': 'CheckMode' }, 'discriminator': 'mode',
//! //   'data': { 'hash': 'CheckHash' } }
//!
//! #[qapi_enum]
//! enum CheckMode {
//!     None,
//!     Hash,
//! }
//!
//! #[qapi_struct]
//! struct CheckHash {
//!     hash: String,
//! }
//!
//! #[qapi_union(discriminator = "mode", tag = CheckMode)]
//! enum Check {
//!     None,
//!     Hash(CheckHash),
//! }
//!
//! assert_eq!(
//!     schema::<Check>(),
//!     "{'union':'Check','base':{'mode':'CheckMode'},'discriminator':'mode',\
//!      'data':{'hash':'CheckHash'}}",
//! );
//!
//! // { 'union': 'NamedCheck', 'base': { 'name': 'str', 'mode': 'CheckMode' },
//! //   'discriminator': 'mode', 'data': { 'hash': 'CheckHash' } }
//!
//! #[qapi_union(tag = CheckMode)]
//! enum CheckBranch {
//!     None,
//!     Hash(CheckHash),
//! }
//!
//! #[qapi_union]
//! struct NamedCheck {
//!     name: String,
//!     #[qapi(discriminator)]
//!     mode: CheckBranch,
//! }
//!
//! // { 'struct': 'CheckBase', 'data': { 'name': 'str', 'mode': 'CheckMode' } }
//! // { 'union': 'BasedCheck', 'base': 'CheckBase', 'discriminator': 'mode',
//! //   'data': { 'hash': 'CheckHash' } }
//!
//! #[qapi_struct]
//! struct CheckBase {
//!     name: String,
//!     mode: CheckMode,
//! }
//!
//! #[qapi_union(discriminator = "mode")]
//! struct BasedCheck {
//!     #[qapi(base)]
//!     base: CheckBase,
//!     #[qapi(branches)]
//!     branch: CheckBranch,
//! }
//!
//! assert_eq!(
//!     schema::<BasedCheck>(),
//!     "{'union':'BasedCheck','base':'CheckBase','discriminator':'mode',\
//!      'data':{'hash':'CheckHash'}}",
//! );
//! ```
//!
//! # Alternates
//!
//! An alternate is an enum whose variants have one field each. The JSON type of a value identifies
//! the variant.
//!
//! ```
//! # use qapi_core::prelude::*;
//! # use qapi_core::{Null, QapiType, Type, schema::render::render};
//! # fn schema<T: QapiType>() -> String {
//! #     let Type::Defined(definition) = T::schema_type() else { panic!() };
//! #     render(definition).to_string().replace('"', "'")
//! # }
//! // { 'alternate': 'StrOrNull', 'data': { 's': 'str', 'n': 'null' } }
//!
//! #[qapi_alternate]
//! enum StrOrNull {
//!     S(String),
//!     N(Null),
//! }
//!
//! assert_eq!(schema::<StrOrNull>(), "{'alternate':'StrOrNull','data':{'s':'str','n':'null'}}");
//! ```
//!
//! # Commands and events
//!
//! A parameter of the function is an argument of the command, unless it is marked with `state` or
//! `session`. For arguments that a named type defines (`'data': 'S'`), use `boxed` and one
//! parameter of that type. `boxed` in a schema file affects only the C code that QEMU generates,
//! and clients cannot see it.
//!
//! The word `client` also declares a type with the name of the function. A value of the type is a
//! typed call of the command; its constant `DEFINITION` is the definition.
//!
//! ```
//! # use qapi_core::prelude::*;
//! # use qapi_core::client::QapiCommand;
//! # use qapi_core::{Definition, QapiEvent, schema::render::render};
//! # fn schema(definition: &'static Definition) -> String {
//! #     render(definition).to_string().replace('"', "'")
//! # }
//! # #[qapi_struct]
//! # struct DiskInfo { id: String }
//! // { 'command': 'query-disks', 'data': { '*id': 'str' }, 'returns': [ 'DiskInfo' ],
//! //   'allow-preconfig': true, 'features': [ 'unstable' ] }
//!
//! #[qapi_command(client, allow_preconfig, features(unstable))]
//! fn query_disks(id: Option<&str>) -> Vec<DiskInfo> {
//!     let all = vec![DiskInfo { id: "d0".into() }];
//!     all.into_iter().filter(|disk| id.is_none_or(|id| disk.id == id)).collect()
//! }
//!
//! assert_eq!(
//!     schema(query_disks::DEFINITION),
//!     "{'command':'query-disks','data':{'*id':'str'},'returns':['DiskInfo'],\
//!      'allow-preconfig':true,'features':['unstable']}",
//! );
//!
//! // { 'event': 'DISK_ADDED', 'data': { 'id': 'str', '*size': 'uint64' } }
//!
//! #[qapi_event]
//! struct DiskAdded {
//!     id: String,
//!     size: Option<u64>,
//! }
//!
//! assert_eq!(
//!     schema(DiskAdded::DEFINITION),
//!     "{'event':'DISK_ADDED','data':{'id':'str','*size':'uint64'}}",
//! );
//! ```
//!
//! # Conditions
//!
//! Definitions, values, members, alternatives, branches and features may have an `#[cfg(…)]`. If
//! its condition is false, the part is neither in the program nor in introspection. `#[cfg(…)]` may
//! be before or after the attribute of the definition. A value and its branch must have the same
//! condition. A single argument cannot be conditional, but a member of a `boxed` struct can.
//!
//! ```
//! # use qapi_core::prelude::*;
//! # use qapi_core::{QapiType, Type, schema::render::render};
//! # fn schema<T: QapiType>() -> String {
//! #     let Type::Defined(definition) = T::schema_type() else { panic!() };
//! #     render(definition).to_string().replace('"', "'")
//! # }
//! // { 'struct': 'File', 'data': { 'filename': 'str', '*drop-cache': { 'type': 'bool',
//! //   'if': 'CONFIG_LINUX' } }, 'features': [ { 'name': 'locks', 'if': 'CONFIG_POSIX' } ] }
//!
//! #[qapi_struct(features(#[cfg(unix)] locks = "Files can be locked."))]
//! struct File {
//!     filename: String,
//!     #[cfg(target_os = "linux")]
//!     drop_cache: Option<bool>,
//!     #[cfg(windows)]
//!     drive: String,
//! }
//!
//! # #[cfg(target_os = "linux")]
//! assert_eq!(
//!     schema::<File>(),
//!     "{'struct':'File','data':{'filename':'str','*drop-cache':'bool'},'features':['locks']}",
//! );
//! ```
//!
//! # Documentation
//!
//! Doc comments are Markdown. A server can serve them to clients; see
//! [`documentation`](crate::documentation). Definitions, values, members and arguments have doc
//! comments of their own. The text about a feature follows the name of the feature in the
//! attribute.
//!
//! The headings `# Returns`, `# Errors` and `# Examples` begin the sections that the schema
//! language knows too; the first two are for commands only. Other headings have no special meaning.
//!
//! `since` in the attribute of a definition is the version that introduced the definition. `since`
//! in `#[qapi(…)]` is the version that introduced a later part of it.
//!
//! ```
//! # use qapi_core::prelude::*;
//! # use qapi_core::client::QapiCommand;
//! # use qapi_core::schema::definition::SectionKind;
//! // ##
//! // # @disk-resize:
//! // #
//! // # Changes the size of a disk.
//! // #
//! // # @id: The disk.
//! // #
//! // # @grow-only: Refuse to make it smaller.  (since 1.2)
//! // #
//! // # Features:
//! // #
//! // # @deprecated: Use disk-set instead.
//! // #
//! // # Errors:
//! // #     - The disk does not exist.
//! // #
//! // # Since: 1.0
//! // ##
//!
//! /// Changes the size of a disk.
//! ///
//! /// # Errors
//! /// - The disk does not exist.
//! #[qapi_command(client, since = "1.0", features(deprecated = "Use disk-set instead."))]
//! fn disk_resize(
//!     /// The disk.
//!     id: &str,
//!     size: u64,
//!     /// Refuse to make it smaller.
//!     #[qapi(since = "1.2")]
//!     grow_only: Option<bool>,
//! ) -> qapi_core::Result<()> {
//!     let (_, _) = (size, grow_only.unwrap_or(false));
//!     Err(format!("Disk '{id}' not found").into())
//! }
//!
//! let definition = disk_resize::DEFINITION;
//! assert_eq!(definition.doc, "Changes the size of a disk.");
//! assert_eq!(definition.section(SectionKind::Errors), Some("- The disk does not exist."));
//! assert_eq!(definition.features[0].doc, "Use disk-set instead.");
//! ```
//!
//! # Errors at compile time and at start-up
//!
//! The rules are those of QEMU's schema compiler, and they are checked at two times:
//!
//! - The Rust compiler reports errors within one definition: a name that breaks the rules, words of
//!   an attribute that exclude each other, a type without a counterpart in QAPI.
//! - The registry reports conflicts between definitions, and a server with a conflict does not
//!   start. Examples are two definitions of one name, a member with the name of a member of the
//!   base, and two alternatives of the same JSON type. The error lists every conflict with all its
//!   source places. [`Rule`](crate::registry::Rule) lists the rules.

pub mod limits;
