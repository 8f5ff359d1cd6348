//! Documentation that the attribute cannot evaluate.

use qapi_core::qapi_command;

#[doc = include_str!("doc-expression.rs")]
#[qapi_command]
fn eject() {}

#[qapi_command]
#[doc = concat!("Ejects ", "a disk.")]
fn eject_disk() {}

fn main() {}
