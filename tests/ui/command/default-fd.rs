//! A file descriptor with a default.

use std::os::fd::OwnedFd;

use qapi_core::qapi_command;

#[qapi_command]
fn take(#[qapi(fd, default)] file: OwnedFd) {
    drop(file);
}

fn main() {}
