//! A shared trait object as state.

use qapi_core::qapi_command;

use std::sync::Arc;

trait Store: Send + Sync {}

#[qapi_command]
fn start(#[qapi(state)] store: Arc<dyn Store>) {
    drop(store);
}

fn main() {}
