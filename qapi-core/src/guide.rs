//! From a QAPI definition to Rust and back.
//!
//! For readers who know QAPI's schema language and have a definition in it. Every example shows
//! the definition as the schema language has it, above what says the same in Rust, and holds the
//! two against each other with [`render`](crate::schema::render::render), which writes what was
//! annotated in the schema language again: the way back. It writes what the program has: what
//! stands under a condition is there or not, without the condition, and neither `coroutine` nor
//! `boxed` is written.
//!
//! # The language in one table
//!
//! | schema language | Rust |
//! |---|---|
//! | `{ 'enum': 'E', 'data': [ 'a', 'b' ] }` | [`#[qapi_enum]`](macro@crate::qapi_enum) `enum E { A, B }` |
//! | `'prefix': 'P'` | `#[qapi_enum(prefix = "P")]` |
//! | `{ 'struct': 'S', 'data': { … } }` | [`#[qapi_struct]`](macro@crate::qapi_struct) `struct S { … }` |
//! | `'base': 'B'` | a first field `#[qapi(base)] base: B` |
//! | `{ 'union': 'U', 'base': { 't': 'E' }, 'discriminator': 't', 'data': { … } }` | [`#[qapi_union(discriminator = "t", tag = E)]`](macro@crate::qapi_union) `enum U { … }` |
//! | a union with more in its `base`, or with a base by name | `#[qapi_union] struct U`, its branches an enum beside it |
//! | `{ 'alternate': 'A', 'data': { … } }` | [`#[qapi_alternate]`](macro@crate::qapi_alternate) `enum A { … }` |
//! | `{ 'command': 'c', 'data': { … }, 'returns': 'R' }` | [`#[qapi_command]`](macro@crate::qapi_command) `fn c(…) -> R` |
//! | `'data': 'S'`, with `'boxed': true` or not | `#[qapi_command(boxed)] fn c(arguments: S)` |
//! | `'allow-oob'`, `'allow-preconfig'` | `allow_oob`, `allow_preconfig` |
//! | `'success-response': false`, `'gen': false` | `success_response = false`, `gen = false` |
//! | `'coroutine': true` | `async fn` |
//! | `{ 'event': 'E', 'data': { … } }` | [`#[qapi_event]`](macro@crate::qapi_event) `struct E { … }` |
//! | `'data': 'S'`, `'boxed': true` | `#[qapi_event(boxed)] struct E(S)` |
//! | `'*name': 'T'` | `name: Option<T>`, or `#[qapi(default = …)] name: T` where its absence means a value |
//! | `[ 'T' ]` | `Vec<T>`, in parameters `&[T]` too |
//! | `int8` … `int32`, `uint8` … `uint64` | `i8` … `i32`, `u8` … `u64` |
//! | `int`, `int64` | `i64`; clients are told `int` of all of these |
//! | `number`, `bool`, `str`, `size`, `null`, `any` | `f64`, `bool`, `String`, [`Size`](crate::Size), [`Null`](crate::Null), `serde_json::Value`; more in the table of [`QapiType`](crate::QapiType) |
//! | `'if': …` | `#[cfg(…)]` |
//! | `'features': [ 'f' ]` | `features(f)` |
//! | a `##` comment | a doc comment |
//! | `# @name: …` | a doc comment of the field, variant or parameter |
//! | `# Features:` and `# @f: …` | `features(f = "…")` |
//! | `# Since: 2.12`, and `(since 2.12)` | `since = "2.12"` |
//! | `# Returns:`, `# Errors:`, examples | the headings `# Returns`, `# Errors`, `# Examples` |
//! | the pragmas `command-name-exceptions`, `member-name-exceptions` | `name_exception` beside the `name` |
//! | the pragma `command-returns-exceptions` | `returns_exception` |
//! | the pragmas `doc-required`, `documentation-exceptions` | the compiler's lint `missing_docs`, and `#[allow(missing_docs)]` |
//! | `{ 'include': … }` | `mod` and `use`: definitions may stand in any module of any crate |
//!
//! # Names
//!
//! The name in the schema comes from the one in Rust: fields, parameters and functions have dashes
//! for their underscores, variants are taken apart at their capitals. Digits stick to what stands
//! before them, so that `Aes128` is `aes128`; where the schema has another name, `name = "…"` says
//! it. A field that is named by a keyword is written `r#type`, or has another name.
//!
//! QAPI has rules for names: commands, members and values are lower case with dashes, events upper
//! case with underscores, types CamelCase. Values may begin with a digit. Where clients
//! know a member or value by a name that breaks the rules, or a command by one with underscores,
//! `name_exception` says so beside the `name`. Experiments are called `x-…`, and what a
//! vendor adds to somebody else's interface `__RFQDN_…`, RFQDN being a domain of theirs in
//! reverse.
//!
//! ```
//! use qapi_core::prelude::*;
//! use qapi_core::{QapiType, Type, schema::render::render};
//!
//! /// The way back. The examples below have it too, where it is not shown again.
//! fn schema<T: QapiType>() -> String {
//!     let Type::Defined(definition) = T::schema_type() else { panic!("it has no definition") };
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
//! An optional member is an `Option`, or has a `default`: the value that it is read as where it is
//! absent. Clients are not told that value: the schema only says that a member may be absent, and
//! its documentation what that means. A struct that contains itself does so in a `Box`, an `Option`
//! or a `Vec`, as in Rust.
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
//! The branches of a union are the variants of a Rust enum, one for each value of the
//! discriminator's enum and named as its variant. A value without a branch in the schema is a
//! variant that carries nothing. A branch is a struct, or another union.
//!
//! Where the discriminator is all that branches have in common, that enum is the union. Otherwise
//! the union is a struct: with the discriminator as a field, if the `base` lists its members, or
//! with a field for the branches beside the base, if the base has a name.
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
//! A function's parameters are the command's arguments, unless they are marked as something else.
//! Arguments that a type has (`'data': 'S'`) are one parameter under `boxed`. Whether a schema
//! says `boxed` as well is a matter of the code that QEMU's generator makes: clients cannot tell.
//! The word `client` makes the command a type as well, of the function's name: its typed call, with
//! the `DEFINITION`.
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
//! What stands under an `#[cfg(…)]` that does not hold is not in the program, nor in what clients
//! are told: definitions, values, members, alternatives, branches and features. The attribute of
//! the definition comes after its condition or before it, as you like. A value and the branch of
//! the same name have the same condition. A single argument cannot have one, but the member of a
//! struct that is the arguments can.
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
//! Doc comments are Markdown, as everywhere in Rust, and reach clients if the server lets them
//! ([`documentation`](crate::documentation)). Each value, member and argument has its own; what a
//! feature means stands beside it. Under the headings `# Returns`, `# Errors` and `# Examples` are
//! sections with a meaning, the first two for commands alone; other headings are the author's own.
//! A `since` in the attribute is the definition's, one in `#[qapi(…)]` that of a part that came
//! later.
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
//! # What is refused, and when
//!
//! The compiler refuses what one definition shows to be wrong: names that break the rules, words
//! that do not go together, types that QAPI has none for. What only the program as a whole shows
//! keeps it from starting, with every conflict and both its places listed: two definitions of one
//! name, members that clash with those of a base or branch, alternatives that JSON cannot tell
//! apart ([`Rule`](crate::registry::Rule) has all of them). The rules are those of QEMU's schema
//! compiler.
