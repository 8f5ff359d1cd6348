//! Rust types without an equivalent in QAPI, and the types to use instead.
//!
//! This file recognises the types by their names and their syntax. The compiler reports all other
//! types that do not implement `QapiType`.

use syn::{GenericArgument, Ident, Path, PathArguments, Type};

use crate::errors::Errors;
use crate::messages::owned_type;
use crate::model::{DefaultValue, Encoding, Member};
use crate::types::{bare, only_argument};

/// Each rejected type, with the reason and the type to use instead.
const INSTEAD: &[(&str, &str)] = &[
    ("HashMap", MAP),
    ("BTreeMap", MAP),
    ("IndexMap", MAP),
    ("HashSet", SET),
    ("BTreeSet", SET),
    ("VecDeque", SET),
    ("usize", "its width differs between machines; write `u64`, or `u32`"),
    ("isize", "its width differs between machines; write `i64`, or `i32`"),
    ("u128", "QAPI's integers have 64 bits at most; write `u64`, or `String`"),
    ("i128", "QAPI's integers have 64 bits at most; write `i64`, or `String`"),
    ("f32", "QAPI's `number` is a double; write `f64`"),
    ("char", "QAPI has no type for a character; write `String`"),
    ("OsString", "QAPI's strings are Unicode; write `String`, or `PathBuf`"),
];

/// Rejected types of the standard library, which are recognised by their module or their type
/// arguments: a QAPI type may have the same name.
const STANDARD: &[(&str, &str)] = &[
    ("CString", "QAPI's strings are Unicode; write `String`, or `PathBuf`"),
    ("IpAddr", ADDRESS),
    ("Ipv4Addr", ADDRESS),
    ("Ipv6Addr", ADDRESS),
    ("SocketAddr", ADDRESS),
    ("SystemTime", "QAPI has no type for a time; write `u64`, the nanoseconds since 1970"),
    ("Instant", "an instant has no meaning for a client; write `Duration`, the time until then"),
    ("Rc", "a value may move between threads; write `Arc<T>` or `Box<T>`"),
    ("Cell", SHARED),
    ("RefCell", SHARED),
    ("Mutex", SHARED),
    ("RwLock", SHARED),
    ("OnceLock", SHARED),
    ("AtomicBool", SHARED),
    ("AtomicI64", SHARED),
    ("AtomicU64", SHARED),
    ("AtomicUsize", SHARED),
    ("Result", "a value is always present; write `Option<T>`, or an alternate for two types"),
];

/// The modules of [`STANDARD`] types.
const MODULES: [&str; 8] = ["net", "time", "ffi", "atomic", "cell", "rc", "sync", "result"];

const ADDRESS: &str = "QAPI has no type for an address; write `String`, or a newtype that \
                       implements `qapi_core::QapiType`, whose documentation has an example";

const SHARED: &str = "data that threads share is no QAPI value; write the type of its contents, \
                      or mark a parameter `#[qapi(state)]` for the server's state";

const MAP: &str = "a QAPI object has a fixed set of members; write `Vec<Entry>` with a struct of \
                   key and value, or `serde_json::Value` for any value";

const SET: &str = "QAPI has lists only, ordered and with duplicates; write `Vec<T>`";

/// Rejects types without an equivalent in QAPI, in `ty` and its type arguments.
pub(super) fn check_type(ty: &Type, errors: &Errors) {
    match bare(ty) {
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return };
            if let Some(advice) = instead(&last.ident).or_else(|| standard(&path.path)) {
                errors.at(&last.ident, format!("`{}`: {advice}", last.ident));
                return;
            }
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return };
            for argument in &arguments.args {
                match argument {
                    GenericArgument::Type(element) if last.ident == "Vec" => {
                        check_list_element(element, errors);
                    }
                    GenericArgument::Type(inner) => check_type(inner, errors),
                    _ => {}
                }
            }
        }
        Type::Reference(reference) => check_type(&reference.elem, errors),
        Type::Slice(slice) => check_list_element(&slice.elem, errors),
        other => {
            if let Some(message) = no_value(other) {
                errors.at(other, message);
            }
        }
    }
}

/// The error about a type whose values have no form in JSON, by its syntax.
fn no_value(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Array(_) => Some("`[T; N]`: QAPI's lists have any length; write `Vec<T>`"),
        Type::Tuple(tuple) if !tuple.elems.is_empty() => {
            Some("`(T, U)`: QAPI's objects have named members; write a struct")
        }
        Type::BareFn(_) => Some("`fn`: a function is no value of the schema; remove it"),
        Type::Ptr(_) => Some("`*`: a pointer has no meaning for a client; write the type itself"),
        Type::TraitObject(_) => Some(
            "`dyn`: the schema contains the type of each value; write a named type, or an enum \
             with `#[qapi_union]`",
        ),
        _ => None,
    }
}

/// Rejects a list as the element of a list, and types without an equivalent in QAPI.
fn check_list_element(ty: &Type, errors: &Errors) {
    if is_list(ty) {
        let message = "`Vec`: QAPI has no lists of lists; write `Vec<TheStruct>`, where the inner \
                       list is a member of the struct";
        errors.at(ty, message);
        return;
    }
    if let Type::Reference(reference) = bare(ty) {
        let owned = owned_type(&reference.elem);
        let message = format!("`&`: a list owns its elements; write {owned} for the element");
        errors.at(ty, message);
        return;
    }
    check_type(ty, errors);
}

fn is_list(ty: &Type) -> bool {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Vec"),
        Type::Reference(reference) => matches!(bare(&reference.elem), Type::Slice(_)),
        _ => false,
    }
}

/// The advice about a type of the standard library.
fn standard(path: &Path) -> Option<&'static str> {
    let mut segments = path.segments.iter().rev();
    let last = segments.next()?;
    let in_module =
        segments.next().is_some_and(|module| MODULES.iter().any(|name| module.ident == name));
    let (_, advice) = STANDARD.iter().find(|(name, _)| last.ident == name)?;
    (in_module || !last.arguments.is_none()).then_some(advice)
}

fn instead(ident: &Ident) -> Option<&'static str> {
    INSTEAD.iter().find(|(name, _)| ident == name).map(|(_, advice)| *advice)
}

/// The type of a member has an equivalent in QAPI, and its encoding and default are valid.
pub(super) fn check_member_type(member: &Member, errors: &Errors) {
    check_type(&member.ty, errors);
    check_content(&member.ty, errors);
    check_default(member, errors);
    for encoding in &member.encodings {
        match encoding {
            Encoding::Unit(unit) if encoding.type_name().is_none() => {
                let message = format!(
                    "`{}`: not a unit of time; write `s`, `ms`, `us` or `ns`, as in `unit = \
                     \"ms\"`",
                    unit.value()
                );
                errors.at(unit, message);
            }
            Encoding::Unit(_) => {}
            Encoding::Base64(word) => {
                if member.encodings.len() > 1 {
                    let message = "`base64`: bytes have no unit of time; remove one of `base64` \
                                   and `unit`";
                    errors.at_span(*word, message);
                }
            }
        }
    }
}

/// A member has a value.
fn check_content(ty: &Type, errors: &Errors) {
    if let Type::Tuple(tuple) = only_argument(ty, "Option").unwrap_or(bare(ty))
        && tuple.elems.is_empty()
    {
        let message = "`()`: QAPI has no type for nothing; remove it, or write `bool` for a flag \
                       and `qapi_core::Null` for `null`";
        errors.at(tuple, message);
    }
}

/// An `Option` has no default.
fn check_default(Member { ty, default, .. }: &Member, errors: &Errors) {
    if let (Some(DefaultValue { word, .. }), Some(_)) = (default, only_argument(ty, "Option")) {
        let message = "`default`: an absent `Option` is `None`; remove `default` or `Option`";
        errors.at_span(*word, message);
    }
}

/// A discriminator is mandatory and unconditional, and has no encoding.
pub(super) fn check_discriminator(member: &Member, errors: &Errors) {
    if only_argument(&member.ty, "Option").is_some() {
        let message = format!(
            "`{}`: the discriminator of a union is mandatory; remove `Option` from the type",
            member.part.ident
        );
        errors.at(&member.ty, message);
    }
    for condition in &member.part.cfg {
        let message = "`cfg`: a discriminator cannot be conditional; move the condition to the \
                       whole union, or to the values that select the branches";
        errors.at(condition, message);
    }
    if let Some(DefaultValue { word, .. }) = member.default {
        let message = "`default`: the discriminator of a union is mandatory; remove the word";
        errors.at_span(word, message);
    }
    const ADVICE: &str = "the discriminator is the value of an enum; remove the word";
    for encoding in &member.encodings {
        match encoding {
            Encoding::Unit(unit) => errors.at(unit, format!("`unit`: {ADVICE}")),
            Encoding::Base64(word) => errors.at_span(*word, format!("`base64`: {ADVICE}")),
        };
    }
}
