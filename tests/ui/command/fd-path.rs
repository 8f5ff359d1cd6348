//! A parameter with `fd` whose type is a path, and no file descriptor.

use qapi_core::qapi_command;

#[qapi_command]
fn add_fd(#[qapi(fd)] file: std::fs::File) {}

fn main() {}
