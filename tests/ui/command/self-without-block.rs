//! A parameter `self` outside of a block.

use qapi_core::qapi_command;

#[qapi_command]
fn eject(&self, disk: &str) {
    self.eject(disk);
}

fn main() {}
