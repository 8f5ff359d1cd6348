//! Optional state.

use qapi_core::qapi_command;

struct Disks;

#[qapi_command]
fn start(#[qapi(state)] disks: Option<&Disks>) {
    let _ = disks;
}

fn main() {}
