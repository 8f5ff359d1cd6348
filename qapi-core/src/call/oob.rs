//! State that is safe to use out of band.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU32, AtomicU64, AtomicUsize};

use crate::schema::definition::call::StateRequirement;

/// State that declares itself safe for commands that run out of band.
///
/// An out-of-band command answers while its session is held up by another one, and must not get
/// held up itself (QAPI code generator documentation, "Commands", `allow-oob`): its function
/// returns quickly, waits for nothing that takes time, and takes no lock that other functions
/// hold for long. The server cannot see to that; the type of the state can: who implements this
/// promises that everything its methods do is quick, whoever else is using it.
///
/// The state that the framework brings along is safe, and so are atomics of the standard library.
///
/// ```
/// use qapi_core::{OobSafe, qapi_command, qapi_struct};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// What has been copied so far. One atomic: nobody ever waits for it.
/// #[derive(Default)]
/// struct Copied(AtomicU64);
///
/// impl OobSafe for Copied {}
///
/// /// What has been copied.
/// #[qapi_struct]
/// struct CopiedInfo {
///     /// How many bytes.
///     bytes: u64,
/// }
///
/// /// Tells how much has been copied.
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
    /// Describes the need for it.
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
