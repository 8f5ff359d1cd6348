//! A discriminator that may be absent: `union-optional-discriminator`, in the words of `default`.

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
