//! A tuple as the returned type.

use qapi_core::qapi_command;

#[qapi_command]
fn query_size() -> (String, u64) {
    (String::new(), 0)
}

fn main() {}
