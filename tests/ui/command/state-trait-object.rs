//! A trait object as state.

use qapi_core::qapi_command;

trait Disks {}

#[qapi_command]
fn rescan(#[qapi(state)] disks: &dyn Disks) {}

fn main() {}
