//! Each feature of the schema language once.

use qapi_core::prelude::*;
use qapi_core::{Null, Size};
use serde_json::{Map, Value};

/// An enum without values.
#[qapi_enum]
pub(crate) enum MyEnum {}

/// An enum whose values have attributes of each kind.
#[qapi_enum(prefix = "QENUM_TWO", features(enum_feature = "It is there."), since = "1.0")]
#[derive(Clone, Copy)]
pub(crate) enum Choice {
    First,
    /// A deprecated value.
    #[qapi(since = "1.1", features(deprecated = "Use first.", value_feature))]
    Second,
    #[qapi(name = "3rd")]
    Third,
    #[qapi(name = "ODD_one", name_exception)]
    Odd,
    #[cfg(any())]
    Gone,
    #[qapi(name = "__org.example_vendor")]
    Vendor,
}

/// A struct without members.
#[qapi_struct]
pub(crate) struct Nothing {}

/// Every built-in type.
#[qapi_struct]
pub(crate) struct Builtins {
    str: String,
    number: f64,
    int: i64,
    int8: i8,
    int16: i16,
    int32: i32,
    uint8: u8,
    uint16: u16,
    uint32: u32,
    uint64: u64,
    size: Size,
    bool: bool,
    null: Null,
    any: Value,
}

/// Lists of every built-in type, of an enum and of a struct.
#[qapi_struct]
pub(crate) struct Lists {
    str: Vec<String>,
    number: Vec<f64>,
    int: Vec<i64>,
    int8: Vec<i8>,
    uint64: Vec<u64>,
    size: Vec<Size>,
    bool: Vec<bool>,
    null: Vec<Null>,
    any: Vec<Value>,
    choices: Vec<Choice>,
    objects: Option<Vec<Nothing>>,
}

/// A struct with a base that has a base, with members of each kind, and with a reference to itself.
#[qapi_struct(features(struct_feature), since = "1.0")]
pub(crate) struct Derived {
    #[qapi(base)]
    base: Middle,
    #[qapi(since = "1.2", features(unstable, member_feature = "Experimental."))]
    x_again: Option<Box<Derived>>,
    #[cfg(unix)]
    on_unix: i64,
    #[qapi(name = "odd_One", name_exception)]
    odd: String,
    #[qapi(name = "__org.example_member")]
    vendor: Option<bool>,
}

/// In the middle of a chain of bases.
#[qapi_struct]
pub(crate) struct Middle {
    #[qapi(base)]
    base: Builtins,
    middle: Lists,
}

/// A union whose only common member is its discriminator.
#[qapi_union(discriminator = "choice", tag = Choice)]
pub(crate) enum Flat {
    First(Nothing),
    Second(Box<Middle>),
    Third,
    Odd,
    #[cfg(any())]
    Gone,
    Vendor,
}

/// The branches of the next union.
#[qapi_union(tag = Choice)]
pub(crate) enum InlineBranches {
    First(Box<Builtins>),
    Second,
    Third(Box<Inner>),
    Odd,
    #[cfg(any())]
    Gone,
    Vendor,
}

/// A union with common members. One branch is a union.
#[qapi_union(features(union_feature))]
pub(crate) struct Inline {
    name: String,
    #[qapi(discriminator)]
    choice: InlineBranches,
    at_last: Option<i64>,
}

/// The discriminator of a branch.
#[qapi_enum]
#[derive(Clone, Copy)]
pub(crate) enum InnerChoice {
    One,
    Two,
}

/// A union that is the branch of another.
#[qapi_union(discriminator = "inner-choice", tag = InnerChoice)]
pub(crate) enum Inner {
    One(Box<Lists>),
    Two,
}

/// A base that contains the discriminator.
#[qapi_struct]
pub(crate) struct NamedBase {
    name: String,
    choice: InnerChoice,
}

/// The branches of the next union.
#[qapi_union(tag = InnerChoice)]
pub(crate) enum NamedBranches {
    One(Nothing),
    Two(Box<Builtins>),
}

/// A union whose base contains the discriminator.
#[qapi_union(discriminator = "choice")]
pub(crate) struct Named {
    #[qapi(base)]
    base: NamedBase,
    #[qapi(branches)]
    branches: NamedBranches,
}

/// An alternate with an alternative of each JSON type.
#[qapi_alternate(features(alternate_feature), since = "1.0")]
pub(crate) enum Any {
    Object(Box<Named>),
    Number(f64),
    Flag(bool),
    Nothing(Null),
    List(Vec<String>),
}

/// An alternate of an enum.
#[qapi_alternate]
pub(crate) enum ChoiceOrObject {
    Choice(Choice),
    Object(Nothing),
}

#[qapi_command]
pub(crate) fn user_def_cmd0() {}

#[qapi_command(
    allow_oob,
    allow_preconfig,
    features(command_feature, deprecated = "Use another."),
    since = "1.0"
)]
pub(crate) fn user_def_cmd1(
    first: Any,
    #[qapi(features(unstable))] second: Option<ChoiceOrObject>,
    #[qapi(name = "third_One", name_exception)] third: Option<&str>,
) -> qapi_core::Result<Nothing> {
    let _ = (first, second, third);
    Err("not served".into())
}

#[qapi_command(boxed)]
pub(crate) async fn boxed_struct(all: Derived) -> qapi_core::Result<Vec<Derived>> {
    Ok(vec![all])
}

#[qapi_command(boxed, blocking)]
pub(crate) fn boxed_union(all: Inline) {
    let _ = all;
}

#[qapi_command(boxed, name = "__org.example_command")]
pub(crate) fn vendor_command(all: &Flat) {
    let _ = all;
}

#[qapi_command(gen = false, data = Derived, returns = Vec<Nothing>)]
pub(crate) fn not_generated(arguments: Map<String, Value>) -> qapi_core::Result<Value> {
    Ok(Value::Object(arguments))
}

#[qapi_command(success_response = false)]
pub(crate) fn silent() {}

#[qapi_event]
pub(crate) struct EventA {}

#[qapi_event(features(event_feature), since = "1.0", rate_limit = "1s", key = "id")]
pub(crate) struct EventB {
    id: String,
    choice: Option<Choice>,
}

#[qapi_event(boxed)]
pub(crate) struct EventC(Named);

#[qapi_event(boxed, name = "__org.example_EVENT")]
pub(crate) struct VendorEvent(Flat);
