//! An out-of-band command whose state is not `OobSafe`.

use qapi_core::qapi_command;
use std::sync::Mutex;

struct Disks(Mutex<Vec<String>>);

#[qapi_command(allow_oob, returns_exception)]
fn disk_count(#[qapi(state)] disks: &Disks) -> u64 {
    disks.0.lock().map_or(0, |disks| disks.len() as u64)
}

fn main() {}
