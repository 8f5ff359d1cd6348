//! A lock that is held across `.await`.

use qapi_core::qapi_command;

use std::sync::Mutex;

#[qapi_command]
async fn start(#[qapi(state)] count: &Mutex<u64>) {
    let mut count = count.lock().unwrap();
    std::future::ready(()).await;
    *count += 1;
}

fn main() {}
