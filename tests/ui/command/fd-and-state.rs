//! A parameter with `fd` and `state`.

use std::os::fd::OwnedFd;

use qapi_core::qapi_command;

#[qapi_command]
fn run(#[qapi(state, fd)] image: &OwnedFd) {
    let _ = image;
}

fn main() {}
