//! Definitions with fragments that a `macro_rules!` macro forwards.

use qapi_core::{qapi_command, qapi_struct};
use serde_json::json;

use super::{definition_of, execute, read};

macro_rules! definitions {
    ($name:ident, $command:ident, $value:expr, $ty:ty, $borrowed:ty, $body:block) => {
        #[qapi_struct]
        #[derive(Debug)]
        struct $name {
            #[qapi(default = $value * 2)]
            member: $ty,
        }

        #[qapi_command(returns_exception)]
        fn $command(text: $borrowed, #[qapi(default = $value * 2)] number: $ty) -> Vec<$ty> {
            let formatted: $ty = format!("{}", $value * 2).parse().unwrap();
            let length: $ty = $body;
            vec![number, $value * 2, formatted, length + text.len() as $ty]
        }
    };
}

definitions!(MacroForwarded, macro_forwarded, 1 + 2, i64, &str, { 1 });

#[test]
fn expressions_keep_their_grouping() {
    assert_eq!(read::<MacroForwarded>(json!({})).unwrap().member, 6);
    let reply = execute("macro-forwarded", json!({ "text": "ab" }));
    assert_eq!(reply, Ok(json!([6, 6, 6, 3])));
}

macro_rules! described {
    ($(#[$attribute:meta])* $name:ident, $(#[$command_attribute:meta])* $command:ident) => {
        $(#[$attribute])*
        #[qapi_struct]
        struct $name {
            member: i64,
        }

        $(#[$command_attribute])*
        #[qapi_command]
        fn $command() {}
    };
}

described! {
    /// A doc comment of several words.
    #[derive(Debug, PartialEq)]
    MacroDescribed,
    /// Does nothing.
    #[allow(clippy::allow_attributes)]
    macro_described
}

#[test]
fn doc_comments_and_derives_are_forwarded() {
    let value = read::<MacroDescribed>(json!({ "member": 1 })).unwrap();
    assert_eq!(value, MacroDescribed { member: 1 });
    let doc = definition_of::<MacroDescribed>().doc;
    assert_eq!(doc.trim(), "A doc comment of several words.");
    assert_eq!(execute("macro-described", json!({})), Ok(json!({})));
}
