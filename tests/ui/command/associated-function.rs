//! A function in an `impl` block, without `self`.

use qapi_core::qapi_command;

struct Disks;

impl Disks {
    #[qapi_command]
    fn eject(disk: &str) {}
}

fn main() {}
