//! The phase before the machine is configured (QEMU's option `-preconfig`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::call::oob::OobSafe;

/// The phase in which a server starts whose daemon is not configured yet, as QEMU does under its
/// option `-preconfig`: only commands under `allow_preconfig` may be executed. All others are
/// refused until somebody ends the phase, once and for good.
///
/// Clones share one phase; the default one is over. A server that is not given one by
/// [`Server::preconfig`](crate::Server::preconfig) is past it from the beginning. Commands take it
/// as a state; it is for a command of the daemon to end it, as `x-exit-preconfig` does in QEMU:
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

    /// Whether the phase is not over.
    pub fn is_active(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Ends the phase; tells whether it was not over already.
    pub fn exit(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}

/// It has no lock.
impl OobSafe for Preconfig {}
