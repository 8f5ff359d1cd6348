//! The trait for a machine.

use std::io::{self, Read, Write};
use std::time::Duration;

/// A machine: its processors, memory and devices, as [`VirtualMachine`](crate::VirtualMachine)
/// controls them.
///
/// The methods may block until a processor or a device has reached a state in which it can stop.
/// They are called on threads for blocking work, one at a time. The machine is stopped when it is
/// handed over, and while [`save`](Self::save), [`load`](Self::load) and [`reset`](Self::reset)
/// run.
///
/// ```
/// use std::io::{self, Read, Write};
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
///
/// use vm::Machine;
///
/// /// A machine with a counter and nothing else.
/// #[derive(Default)]
/// struct Counter(AtomicU64);
///
/// impl Machine for Counter {
///     fn name(&self) -> &str {
///         "counter"
///     }
///     fn version(&self) -> u32 {
///         1
///     }
///     fn stop(&self) {}
///     fn start(&self) {}
///     fn reset(&self) {
///         self.0.store(0, Ordering::Relaxed);
///     }
///     fn clock(&self) -> Duration {
///         Duration::ZERO
///     }
///     fn save(&self, state: &mut dyn Write) -> io::Result<()> {
///         state.write_all(&self.0.load(Ordering::Relaxed).to_be_bytes())
///     }
///     fn load(&self, _version: u32, state: &mut dyn Read) -> io::Result<()> {
///         let mut counter = [0; 8];
///         state.read_exact(&mut counter)?;
///         self.0.store(u64::from_be_bytes(counter), Ordering::Relaxed);
///         Ok(())
///     }
/// }
/// ```
pub trait Machine: Send + Sync + 'static {
    /// The name of the kind of machine, 255 bytes at most. It is saved with the state: the state of
    /// a machine with another name is not loaded.
    fn name(&self) -> &str;

    /// The version of the state that [`save`](Self::save) writes, and the newest one that
    /// [`load`](Self::load) reads. It is saved with the state: a state of a later version is not
    /// loaded.
    fn version(&self) -> u32;

    /// Stops the machine. When this method returns, no processor executes an instruction and no
    /// device has a request in flight.
    fn stop(&self);

    /// Lets the machine run.
    fn start(&self);

    /// Resets processors, memory and devices. The contents of disks stay.
    fn reset(&self);

    /// The time that the guest has run, as the clock of the machine shows it.
    fn clock(&self) -> Duration;

    /// Writes the state of processors, memory and devices, without the contents of disks.
    ///
    /// # Errors
    /// Those of the writer.
    fn save(&self, state: &mut dyn Write) -> io::Result<()>;

    /// Reads a state that [`save`](Self::save) has written, in the version `version`, which is not
    /// newer than [`version`](Self::version). The reader has exactly the bytes that were written.
    ///
    /// # Errors
    /// Those of the reader, and any error about the contents. The machine keeps its own state then.
    fn load(&self, version: u32, state: &mut dyn Read) -> io::Result<()>;
}
