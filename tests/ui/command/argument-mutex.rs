//! State without its mark, in a lock.

use qapi_core::qapi_command;

#[qapi_command]
fn next_id(ids: &std::sync::Mutex<u64>) {}

fn main() {}
