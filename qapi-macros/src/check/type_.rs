//! Types that QAPI has none for, by their names, and what to use instead. All others are for the
//! compiler to judge.

use syn::{GenericArgument, Ident, PathArguments, Type};

use crate::errors::Errors;
use crate::model::{DefaultValue, Member, Representation};
use crate::types::{bare, only_argument};

/// Each type that is refused, with the reason and what to write instead.
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
    ("char", "QAPI has strings only; write `String`"),
    ("OsString", "QAPI's strings are Unicode; write `String`, or `PathBuf`"),
];

const MAP: &str = "the members of a QAPI object are known beforehand; write `Vec<Entry>` with a \
                   struct of key and value, or `serde_json::Value` for whatever comes (`any`)";

const SET: &str = "QAPI's lists have an order and may repeat; write `Vec<T>`";

/// Refuses what QAPI has no type for, wherever in `ty` it stands.
pub(super) fn check_type(ty: &Type, errors: &Errors) {
    match bare(ty) {
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return };
            if let Some(advice) = instead(&last.ident) {
                errors.at(&last.ident, format!("`{}`: {advice}", last.ident));
                return;
            }
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return };
            for argument in &arguments.args {
                if let GenericArgument::Type(inner) = argument {
                    check_element(inner, last.ident == "Vec", errors);
                }
            }
        }
        Type::Reference(reference) => check_type(&reference.elem, errors),
        Type::Slice(slice) => check_element(&slice.elem, true, errors),
        _ => {}
    }
}

/// Refuses lists among the elements of a list, and what QAPI has no type for.
fn check_element(ty: &Type, of_list: bool, errors: &Errors) {
    if of_list && is_list(ty) {
        let message = "`Vec`: QAPI has no lists of lists; write `Vec<TheStruct>`, with a struct \
                       that has the inner list as its member";
        errors.at(ty, message);
    } else {
        check_type(ty, errors);
    }
}

fn is_list(ty: &Type) -> bool {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Vec"),
        Type::Reference(reference) => matches!(bare(&reference.elem), Type::Slice(_)),
        _ => false,
    }
}

fn instead(ident: &Ident) -> Option<&'static str> {
    INSTEAD.iter().find(|(name, _)| ident == name).map(|(_, advice)| *advice)
}

/// The type, the way it is told, and what its absence stands for.
pub(super) fn check_member_type(member: &Member, errors: &Errors) {
    check_type(&member.ty, errors);
    check_default(member, errors);
    for representation in &member.representations {
        match representation {
            Representation::Unit(unit) if representation.type_name().is_none() => {
                let message = format!(
                    "`{}`: not a unit of time; write `s`, `ms`, `us` or `ns`",
                    unit.value()
                );
                errors.at(unit, message);
            }
            Representation::Unit(_) => {}
            Representation::Base64(word) => {
                if member.representations.len() > 1 {
                    let message = "`base64`: bytes are no length of time; leave out one of \
                                   `base64` and `unit`";
                    errors.at_span(*word, message);
                }
            }
        }
    }
}

/// An `Option` says already what its absence stands for.
fn check_default(Member { ty, default, .. }: &Member, errors: &Errors) {
    if let (Some(DefaultValue { word, .. }), Some(_)) = (default, only_argument(ty, "Option")) {
        let message = "`default`: an absent `Option` is `None`; leave out one of the two";
        errors.at_span(*word, message);
    }
}

/// A discriminator is always there, and told by its name, in no other way.
pub(super) fn check_discriminator(member: &Member, errors: &Errors) {
    if only_argument(&member.ty, "Option").is_some() {
        let message = format!(
            "`{}`: a union's discriminator is mandatory; take `Option` off the type",
            member.part.ident
        );
        errors.at(&member.ty, message);
    }
    for condition in &member.part.cfg {
        let message = "`cfg`: the discriminator is there always; put it on the whole union, or on \
                       the values that select the branches";
        errors.at(condition, message);
    }
    if let Some(DefaultValue { word, .. }) = member.default {
        let message = "`default`: the discriminator is there always; leave it out";
        errors.at_span(word, message);
    }
    const ADVICE: &str = "the discriminator is a value of an enum; leave it out";
    for representation in &member.representations {
        match representation {
            Representation::Unit(unit) => errors.at(unit, format!("`unit`: {ADVICE}")),
            Representation::Base64(word) => errors.at_span(*word, format!("`base64`: {ADVICE}")),
        };
    }
}
