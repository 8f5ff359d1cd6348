//! The version of a member, as in the schema language.

use qapi_core::qapi_struct;

#[qapi_struct]
struct JobInfo {
    /// What it is called.
    id: String,
    /// Why it failed. (since 2.4)
    error: Option<String>,
}

fn main() {}
