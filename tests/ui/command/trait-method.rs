//! A method of a trait.

use qapi_core::qapi_command;

trait Disks {
    #[qapi_command]
    fn eject(&self, disk: &str);
}

fn main() {}
