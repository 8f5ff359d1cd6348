//! A command with a client whose parameters are no QAPI types.

use qapi_core::qapi_command;

struct Other;

#[qapi_command(client)]
fn run(value: Other, reference: &Other, option: Option<&Other>, #[qapi(fd)] file: std::fs::File) {
    let _ = (value, reference, option, file);
}

fn main() {}
