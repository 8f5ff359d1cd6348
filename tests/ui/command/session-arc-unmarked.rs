//! A shared session without its mark.

use qapi_core::{SessionContext, qapi_command};

use std::sync::Arc;

#[qapi_command]
async fn start(session: Arc<SessionContext>) {
    drop(session);
}

fn main() {}
