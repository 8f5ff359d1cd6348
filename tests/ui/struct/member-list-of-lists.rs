//! Lists of lists.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Table {
    rows: Vec<Vec<i64>>,
    pages: Option<Vec<std::vec::Vec<String>>>,
}

fn main() {}
