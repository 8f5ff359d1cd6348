//! Two attributes on one item.

use qapi_core::{qapi_event, qapi_struct};

#[qapi_struct]
#[qapi_event]
struct Info {
    id: String,
}

fn main() {}
