//! `#[cfg]` on parts of a definition applies to the whole expansion.

use qapi_core::schema::definition::{DefinitionKind, Enum};
use qapi_core::{qapi_alternate, qapi_enum, qapi_struct, qapi_union};
use serde_json::json;

use super::{definition_of, read, refusal, write};

#[qapi_enum]
#[derive(Debug, PartialEq)]
pub(super) enum MacroCase {
    #[cfg(test)]
    There,
    #[cfg(not(test))]
    NotThere,
    #[cfg(not(test))]
    #[qapi(name = "there")]
    OtherThere,
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
struct MacroCases {
    #[cfg(test)]
    there: i64,
    #[cfg(not(test))]
    not_there: Missing,
}

#[qapi_union(discriminator = "case", tag = MacroCase)]
#[derive(Debug, PartialEq)]
enum MacroCaseUnion {
    #[cfg(test)]
    There(MacroCases),
    #[cfg(not(test))]
    NotThere(Missing),
    #[cfg(not(test))]
    OtherThere,
}

#[qapi_alternate]
#[derive(Debug, PartialEq)]
enum MacroCaseAlternate {
    #[cfg(not(test))]
    NotThere(Missing),
    There(MacroCase),
}

#[test]
fn disabled_parts_are_absent_from_the_expansion() {
    let DefinitionKind::Enum(Enum { values, .. }) = &definition_of::<MacroCase>().kind else {
        panic!("expected: an enum")
    };
    assert_eq!(values.iter().map(|value| value.name).collect::<Vec<_>>(), ["there"]);
    assert_eq!(MacroCase::ALL, [MacroCase::There]);
    let text = "Parameter 'not-there' is unexpected";
    assert_eq!(refusal::<MacroCases>(json!({ "there": 1, "not-there": 1 })), text);
    let json = json!({ "case": "there", "there": 1 });
    let union = read::<MacroCaseUnion>(json.clone()).unwrap();
    assert_eq!(union, MacroCaseUnion::There(MacroCases { there: 1 }));
    assert_eq!(write(&union), json.to_string());
    let choice = read::<MacroCaseAlternate>(json!("there")).unwrap();
    assert_eq!(choice, MacroCaseAlternate::There(MacroCase::There));
}
