//! A union as `data`, without `boxed`.

use qapi_core::{qapi_command, qapi_enum, qapi_struct, qapi_union};

#[qapi_enum]
enum Case {
    One,
}

#[qapi_struct]
struct CaseOne {
    count: i64,
}

#[qapi_union(discriminator = "case", tag = Case)]
enum Either {
    One(CaseOne),
}

#[qapi_command(data = Either)]
fn run() {}

fn main() {}
