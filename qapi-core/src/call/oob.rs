//! State that is safe to use out of band.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU32, AtomicU64, AtomicUsize};

use crate::schema::definition::call::StateRequirement;

/// A type of state that is safe for commands that run out of band.
///
/// An out-of-band command runs while another command blocks its session, and must not block (QAPI
/// code generator documentation, "Commands", `allow-oob`): its function returns quickly, waits for
/// nothing that takes time, and takes no lock that another function holds for long. The server
/// cannot check these rules. An implementation of this trait promises that every method of the type
/// returns quickly under any load.
///
/// The framework's own state and the common atomics of the standard library implement this trait.
///
/// ```
/// use qapi_core::{OobSafe, qapi_command, qapi_struct};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// The number of bytes copied so far. It has no lock.
/// #[derive(Default)]
/// struct Copied(AtomicU64);
///
/// impl OobSafe for Copied {}
///
/// /// The progress of a copy.
/// #[qapi_struct]
/// struct CopiedInfo {
///     /// How many bytes.
///     bytes: u64,
/// }
///
/// /// Returns how much has been copied.
/// #[qapi_command(allow_oob)]
/// fn query_copied(#[qapi(state)] copied: &Copied) -> CopiedInfo {
///     CopiedInfo { bytes: copied.0.load(Ordering::Relaxed) }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not declared safe for out-of-band commands",
    label = "its use may take time",
    note = "if every use returns quickly and waits for no long lock, write \
            `impl qapi_core::OobSafe for {Self} {{}}`; otherwise remove `allow_oob`"
)]
pub trait OobSafe: Sized + Send + Sync + 'static {
    /// The requirement of a command that takes this state.
    #[doc(hidden)]
    const REQUIREMENT: StateRequirement = StateRequirement::of::<Self>();
}

macro_rules! safe {
    ($($ty:ty: $why:literal;)*) => {$(
        #[doc = $why]
        impl OobSafe for $ty {}
    )*};
}

safe! {
    AtomicBool: "It has no lock.";
    AtomicI32: "It has no lock.";
    AtomicI64: "It has no lock.";
    AtomicU32: "It has no lock.";
    AtomicU64: "It has no lock.";
    AtomicUsize: "It has no lock.";
}
