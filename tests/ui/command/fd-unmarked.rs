//! A file descriptor without its mark.

use qapi_core::qapi_command;

#[qapi_command]
fn add_fd(device: &str, fd: std::os::fd::OwnedFd) {}

fn main() {}
