//! Different names that are the same in C.

use qapi_core::qapi_command;

#[qapi_command]
fn names_alike() {}

#[qapi_command(name = "names_alike", name_exception)]
fn names_alike_too() {}
