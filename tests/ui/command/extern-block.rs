//! A command in an `extern` block.

use qapi_core::qapi_command;

unsafe extern "C" {
    #[qapi_command]
    fn run();
}

fn main() {}
