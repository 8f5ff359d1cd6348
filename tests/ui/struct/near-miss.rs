//! Misspelt words.

use qapi_core::qapi_struct;

#[qapi_struct(sinse = "1.0")]
struct Info {
    #[qapi(nam = "x")]
    id: String,
}

fn main() {}
