//! A command of this machine.

use std::io;

use qapi_core::qapi_command;

use crate::machine::RiscvMachine;
use crate::ram::ram_range;

/// Saves a part of the guest's memory to a file.
///
/// # Errors
/// The memory is not RAM of the guest, or the file cannot be written.
#[qapi_command(since = "0.14", blocking)]
fn pmemsave(
    #[qapi(state)] machine: &RiscvMachine,
    /// The address in the guest.
    val: u64,
    /// The size in bytes.
    size: u64,
    /// The name of the file.
    filename: &str,
) -> io::Result<()> {
    let range = ram_range(val, size);
    let range = range.ok_or_else(|| io::Error::other("Not in the RAM of the guest"))?;
    // The file is written without the lock, so that the guest does not wait for it.
    let bytes = machine.with_ram(|ram| ram[range].to_vec());
    std::fs::write(filename, bytes)
}
