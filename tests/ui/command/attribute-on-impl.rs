//! The attribute above a block of methods.

use qapi_core::qapi_command;

struct Disk;

#[qapi_command]
impl Disk {
    fn eject(#[qapi(state)] disk: &Disk) {
        let _ = disk;
    }
}

fn main() {}
