//! State of a function of a trait.

use qapi_core::qapi_command;

trait Disks {
    #[qapi_command]
    fn eject(#[qapi(state)] count: &u64);
}

fn main() {}
