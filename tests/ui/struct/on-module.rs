//! The attribute above a module.

use qapi_core::qapi_struct;

#[qapi_struct]
mod things {}

fn main() {}
