//! A future that is not `Send`.

use qapi_core::qapi_command;

use std::rc::Rc;

#[qapi_command(returns_exception)]
async fn run() -> i64 {
    let number = Rc::new(1);
    std::future::ready(()).await;
    *number
}

fn main() {}
