//! A deadline that is not a period.

use qapi_core::qapi_command;

#[qapi_command(deadline = "5 minutes")]
async fn disk_check() {}

fn main() {}
