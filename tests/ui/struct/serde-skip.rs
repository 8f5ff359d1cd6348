//! A member that serde would skip.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Mark {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
}

fn main() {}
