//! A file descriptor that is there by default.

use std::os::fd::OwnedFd;

use qapi_core::qapi_command;

#[qapi_command]
fn take(#[qapi(fd, default)] file: OwnedFd) {
    drop(file);
}

fn main() {}
