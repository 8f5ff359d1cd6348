//! Members without names.

use qapi_core::qapi_event;

#[qapi_event]
struct JobDone(String);

fn main() {}
