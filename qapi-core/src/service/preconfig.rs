//! The phase before the machine is configured (QEMU's option `-preconfig`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::call::oob::OobSafe;

/// The phase before the daemon is configured, as in QEMU under its option `-preconfig`: only
/// commands under `allow_preconfig` may be executed. All others are refused until the phase ends;
/// it ends once.
///
/// Clones share one phase; the default one is over. A server without one from
/// [`Server::preconfig`](crate::Server::preconfig) starts after the phase. Commands take the phase
/// as state. A command of the daemon ends it, as `x-exit-preconfig` does in QEMU:
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

    /// Ends the phase; `false` if it had ended before.
    pub fn exit(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}

/// It has no lock.
impl OobSafe for Preconfig {}
