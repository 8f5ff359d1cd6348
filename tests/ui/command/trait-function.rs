//! A function of a trait, without `self` and without a body.

use qapi_core::qapi_command;

trait Disks {
    #[qapi_command]
    fn eject(disk: &str);
}

fn main() {}
