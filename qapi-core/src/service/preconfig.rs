//! The phase before the machine is configured (QEMU's option `-preconfig`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::call::state::OobSafe;

/// The phase before the daemon is configured, as in QEMU with its option `-preconfig`. During the
/// phase only commands with `allow_preconfig` are executed, and all others are refused. A phase
/// that has ended does not begin again.
///
/// Clones share one phase. The default value is a phase that has ended, as for a server without
/// [`Server::preconfig`](crate::Server::preconfig). Commands take the phase as state. A command of
/// the daemon ends the phase, as `x-exit-preconfig` does in QEMU:
///
/// ```
/// use qapi_core::prelude::*;
/// use qapi_core::Preconfig;
///
/// /// Ends the phase in which the machine can be configured.
/// #[qapi_command(allow_preconfig, features(unstable))]
/// fn x_exit_preconfig(#[qapi(state)] preconfig: &Preconfig) -> qapi_core::Result<()> {
///     if !preconfig.exit() {
///         let text = "The command is permitted only before machine initialization";
///         return Err(text.into());
///     }
///     Ok(())
/// }
///
/// let preconfig = Preconfig::begin();
/// let server = Server::new().preconfig(preconfig.clone());
/// assert!(x_exit_preconfig(&preconfig).is_ok());
/// assert!(x_exit_preconfig(&preconfig).is_err());
/// # let _ = server;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Preconfig(Arc<AtomicBool>);

impl Preconfig {
    /// A phase that has begun.
    pub fn begin() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// Whether the phase has not ended.
    pub fn is_active(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Ends the phase. Returns `false` if the phase had already ended.
    pub fn exit(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}

/// The phase has no lock, only an atomic.
impl OobSafe for Preconfig {}
