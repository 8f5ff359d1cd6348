//! A future in a box, in place of `async`.

use qapi_core::qapi_command;

use std::future::Future;
use std::pin::Pin;

#[qapi_command]
fn start() -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async {})
}

fn main() {}
