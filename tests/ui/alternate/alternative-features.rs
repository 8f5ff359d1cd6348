//! Words that alternatives do not accept.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice {
    #[qapi(name_exception)]
    One(bool),
    #[qapi(features(unstable))]
    Two(i64),
}

fn main() {}
