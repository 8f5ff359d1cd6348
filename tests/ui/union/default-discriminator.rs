//! A discriminator with a default, as in `union-optional-discriminator`.

use qapi_core::{qapi_enum, qapi_union};

#[qapi_enum]
#[derive(Default)]
enum Kind {
    #[default]
    Plain,
}

#[qapi_union(tag = Kind)]
#[derive(Default)]
enum Branch {
    #[default]
    Plain,
}

#[qapi_union]
struct Thing {
    #[qapi(discriminator, default)]
    kind: Branch,
}

fn main() {}
