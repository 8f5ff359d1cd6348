//! A derive of `Serialize`, and a word of serde.

use qapi_core::qapi_struct;

#[qapi_struct]
#[derive(Debug, serde::Serialize)]
struct Disk {
    #[serde(rename = "bytes")]
    size: u64,
}

fn main() {}
