//! A member in upper case.

use qapi_core::qapi_event;

#[qapi_event]
struct JobDone {
    #[qapi(name = "ID")]
    id: String,
}

fn main() {}
