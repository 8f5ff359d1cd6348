//! An `async` function that calls itself.

use qapi_core::qapi_command;

#[qapi_command]
async fn count_down(from: u64) {
    if from > 0 {
        count_down(from - 1).await;
    }
}

fn main() {}
