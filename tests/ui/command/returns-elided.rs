//! Commands that return references without a lifetime.

use qapi_core::qapi_command;

#[qapi_command(returns_exception)]
fn run() -> Result<&str, String> {
    Ok("done")
}

#[qapi_command(returns_exception)]
async fn run_all() -> Vec<&str> {
    Vec::new()
}

fn main() {}
