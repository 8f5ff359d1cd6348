//! Definitions with fragments that a `macro_rules!` macro forwards.

use qapi_core::{qapi_command, qapi_struct};
use serde_json::json;

use super::{execute, read};

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
