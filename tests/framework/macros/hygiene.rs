//! Expansions compile in any module, with any names in scope, and under any denied lints.
#![deny(
    warnings,
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
#![forbid(unsafe_code)]
#![allow(
    dead_code,
    unreachable_pub,
    clippy::missing_const_for_fn,
    clippy::needless_pass_by_value,
    reason = "the names shadow those of the standard library"
)]

/// The framework at a path other than its crate name.
mod elsewhere {
    pub(super) use qapi_core as renamed;
}

mod core {}
mod std {}
mod alloc {}
mod serde {}
mod inventory {}
mod qapi_core {}

type Result = ();
type Option = ();
type String = ();
type Vec = ();
type Box = ();
type Arc = ();

trait From {}
trait Into {}
trait Serialize {}
trait Serializer {}
trait QapiType {}
trait QapiObject {}
trait MemberType {}
trait Display {}

const DEFINITION: () = ();

#[allow(non_snake_case)]
fn Ok() {}
#[allow(non_snake_case)]
fn Err() {}
#[allow(non_snake_case)]
fn Some() {}
#[allow(non_upper_case_globals)]
const None: () = ();

use elsewhere::renamed::{
    ServerVersion, qapi_alternate, qapi_command, qapi_enum, qapi_event, qapi_struct, qapi_union,
};

/// An enum.
#[qapi_enum(crate = elsewhere::renamed, since = "1.0", features(odd))]
pub enum MacroCleanEnum {
    /// A value.
    One,
    /// Another.
    Two,
}

/// A struct.
#[qapi_struct(crate = elsewhere::renamed, since = "1.0")]
pub struct MacroCleanStruct {
    /// A member.
    pub first: ::std::option::Option<::std::string::String>,
    /// Another.
    pub second: ::std::vec::Vec<MacroCleanEnum>,
}

/// A union.
#[qapi_union(crate = elsewhere::renamed, discriminator = "case", tag = MacroCleanEnum)]
pub enum MacroCleanUnion {
    /// A branch.
    One(MacroCleanStruct),
    /// Another.
    Two,
}

/// Branches.
#[qapi_union(crate = elsewhere::renamed, tag = MacroCleanEnum)]
pub enum MacroCleanBranches {
    /// A branch.
    One(MacroCleanStruct),
    /// Another.
    Two,
}

/// A union with members of its own.
#[qapi_union(crate = elsewhere::renamed)]
pub struct MacroCleanUnionStruct {
    /// A member.
    pub other: u8,
    /// The branches.
    #[qapi(discriminator)]
    pub case: MacroCleanBranches,
}

/// An alternate.
#[qapi_alternate(crate = elsewhere::renamed)]
pub enum MacroCleanAlternate {
    /// An alternative.
    Struct(MacroCleanStruct),
    /// Another.
    Text(::std::string::String),
}

/// An event.
#[qapi_event(crate = elsewhere::renamed)]
pub struct MacroCleanEvent {
    /// A member.
    pub one: bool,
}

/// Boxed data.
#[qapi_event(crate = elsewhere::renamed, boxed)]
pub struct MacroCleanBoxed(pub MacroCleanStruct);

/// An open enum.
#[qapi_enum(crate = elsewhere::renamed, prefix = "CLEAN")]
pub enum MacroCleanOpen {
    /// A value.
    One,
    /// Values of other crates.
    #[qapi(open)]
    Other(elsewhere::renamed::OpenValue<Self>),
}

/// Values that extend the open enum.
#[qapi_enum(crate = elsewhere::renamed, extends = MacroCleanOpen)]
pub enum MacroCleanAdded {
    /// A value.
    Two,
}

/// Branches of an open enum.
#[qapi_union(crate = elsewhere::renamed, discriminator = "case", tag = MacroCleanOpen)]
pub enum MacroCleanOpenUnion {
    /// A branch.
    One,
    /// Values of other crates.
    #[qapi(open)]
    Other(elsewhere::renamed::OpenValue<MacroCleanOpen>),
}

/// A base with the discriminator.
#[qapi_struct(crate = elsewhere::renamed)]
pub struct MacroCleanBase {
    /// The discriminator.
    pub case: MacroCleanEnum,
}

/// A union whose base has the discriminator.
#[qapi_union(crate = elsewhere::renamed, discriminator = "case")]
pub struct MacroCleanBased {
    /// The base.
    #[qapi(base)]
    pub base: MacroCleanBase,
    /// The branches.
    #[qapi(branches)]
    pub branches: MacroCleanBranches,
}

/// A newtype.
#[qapi_struct(crate = elsewhere::renamed, transparent)]
pub struct MacroCleanName(pub ::std::string::String);

/// Members with special encodings.
#[qapi_struct(crate = elsewhere::renamed)]
pub struct MacroCleanEncoded {
    /// A length of time.
    #[qapi(unit = "ms")]
    pub time: ::std::time::Duration,
    /// Bytes.
    #[qapi(base64)]
    pub bytes: ::std::option::Option<::std::vec::Vec<u8>>,
}

/// A command without generated code.
#[qapi_command(crate = elsewhere::renamed, gen = false, data = MacroCleanStruct, returns_exception)]
fn macro_clean_raw(
    arguments: &::serde_json::Map<::std::string::String, ::serde_json::Value>,
) -> bool {
    arguments.is_empty()
}

/// A command that runs inline.
#[qapi_command(crate = elsewhere::renamed)]
fn macro_clean(
    #[qapi(state)] version: &ServerVersion,
    text: &str,
    numbers: ::std::option::Option<&[i64]>,
) -> ::std::result::Result<MacroCleanStruct, ::std::string::String> {
    let _ = (version, numbers);
    ::std::result::Result::Err(text.to_owned())
}

/// A command with an async function.
#[qapi_command(crate = elsewhere::renamed)]
async fn macro_clean_later(text: &str, other: ::std::option::Option<&str>) {
    let _ = (text, other);
    ::std::future::ready(()).await;
}

/// A command that may block.
#[qapi_command(crate = elsewhere::renamed, blocking, returns_exception)]
fn macro_clean_elsewhere(#[qapi(state)] version: ::std::sync::Arc<ServerVersion>) -> bool {
    version.package.is_empty()
}

/// A command for which the expansion has a client struct.
#[qapi_command(crate = elsewhere::renamed, client)]
pub async fn macro_clean_for_clients(
    text: &str,
    /** An argument. */
    numbers: ::std::option::Option<&[i64]>,
    #[qapi(fd)] fd: ::std::option::Option<::std::os::fd::OwnedFd>,
) -> ::std::result::Result<(), ::std::string::String> {
    let _ = (numbers, fd);
    ::std::future::ready(::std::result::Result::Err(text.to_owned())).await
}

/// A deprecated command.
#[deprecated]
#[qapi_command(crate = elsewhere::renamed, features(deprecated))]
fn macro_clean_no_more() {}

/// Definitions that a declarative macro of the application generates.
macro_rules! define {
    ($name:ident, $ty:ty, $lent:ty, $optional:ty, $command:ident) => {
        /// A struct.
        #[qapi_struct(crate = elsewhere::renamed)]
        pub struct $name {
            /// A member.
            pub member: $ty,
        }

        /// A command.
        #[qapi_command(crate = elsewhere::renamed, returns_exception)]
        async fn $command(text: $lent, optional: $optional, other: $ty) -> $ty {
            let _ = (text, optional);
            ::std::future::ready(other).await
        }
    };
}

define!(MacroCleanMade, i64, &str, ::std::option::Option<&str>, macro_clean_made);

#[test]
fn functions_may_contain_definitions() {
    #[qapi_enum(crate = elsewhere::renamed)]
    #[derive(Debug, PartialEq)]
    enum MacroCleanLocal {
        One,
    }

    #[qapi_struct(crate = elsewhere::renamed)]
    struct MacroCleanHolder {
        local: MacroCleanLocal,
    }

    let holder: MacroCleanHolder = super::read(::serde_json::json!({ "local": "one" })).unwrap();
    assert_eq!(holder.local, MacroCleanLocal::One);
}

#[test]
fn the_expansions_work() {
    let arguments = ::serde_json::json!({ "text": "a", "other": 3 });
    assert_eq!(super::execute("macro-clean-made", arguments).unwrap(), 3);
    let arguments = ::serde_json::json!({ "text": "so" });
    assert_eq!(super::execute("macro-clean", arguments).unwrap_err(), "so");
}
