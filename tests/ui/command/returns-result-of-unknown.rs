//! A `Result` of a type that is not annotated.

use qapi_core::qapi_command;

struct Disk;

#[qapi_command]
fn query_disk() -> qapi_core::Result<Disk> {
    Ok(Disk)
}

fn main() {}
