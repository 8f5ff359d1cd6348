//! A function with a where clause.

use qapi_core::qapi_command;

#[qapi_command]
fn run(text: String)
where
    String: Clone,
{
    let _ = text;
}

fn main() {}
