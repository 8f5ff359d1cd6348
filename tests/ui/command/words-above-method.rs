//! Words above the attribute, in a block of methods.

use qapi_core::qapi_command;

struct Disk;

impl Disk {
    #[qapi(since = "1.0")]
    #[qapi_command]
    fn eject() {}
}

fn main() {}
