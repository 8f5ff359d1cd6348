//! `#[qapi_struct]`

/// Defines a struct: an object with fixed members.
///
/// Goes on a struct with named fields of QAPI types; an `Option` makes a member optional. It
/// implements [`QapiType`](crate::QapiType), [`QapiObject`](crate::QapiObject) and
/// `serde::Serialize`. A member's name on the wire is the field's with dashes for underscores:
/// `total_progress` is `total-progress`.
///
/// Fields take `#[qapi(name = "…", since = "…", features(…))]`, and the first field
/// `#[qapi(base)]`: the members of that struct come first.
///
/// A member that is a `std::time::Duration`, or an `Option` of one, says by `#[qapi(unit = "ms")]`
/// what its number counts; the units are `s`, `ms`, `us` and `ns`. What is less than one is left
/// out in replies. Bytes are a list of numbers, as QAPI has no better; `#[qapi(base64)]` makes a
/// `Vec<u8>` a string. Both words are for arguments and the members of events and unions too.
///
/// | word | meaning |
/// |---|---|
/// | `since`, `features`, `name`, `crate` | as for [`qapi_enum`](crate::qapi_enum) |
/// | `transparent` | the struct is its one field's type under another name in Rust alone |
///
/// ```
/// use qapi_core::prelude::*;
///
/// /// What all disks have.
/// #[qapi_struct]
/// #[derive(Debug)]
/// struct DiskBase {
///     /// The disk's identifier.
///     disk_id: String,
/// }
///
/// /// A disk.
/// #[qapi_struct(since = "1.0")]
/// #[derive(Debug)]
/// struct DiskInfo {
///     #[qapi(base)]
///     base: DiskBase,
///     /// Its size in bytes.
///     size: u64,
///     /// What is wrong with it, if anything is.
///     error: Option<String>,
/// }
///
/// let base = DiskBase { disk_id: "d0".into() };
/// let disk = DiskInfo { base, size: 512, error: None };
/// assert_eq!(serde_json::to_string(&disk)?, r#"{"disk-id":"d0","size":512}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// A name that is not just any string, and a length of time:
///
/// ```
/// use qapi_core::prelude::*;
/// use std::time::Duration;
///
/// /// The name of a disk.
/// #[qapi_struct(transparent)]
/// struct DiskName(String);
///
/// /// What is waited for.
/// #[qapi_struct]
/// struct DiskWait {
///     /// The disk.
///     disk: DiskName,
///     /// For how many milliseconds.
///     #[qapi(unit = "ms")]
///     timeout: Duration,
/// }
///
/// let wait = DiskWait { disk: DiskName("d0".into()), timeout: Duration::from_secs(2) };
/// assert_eq!(serde_json::to_string(&wait)?, r#"{"disk":"d0","timeout":2000}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub use qapi_macros::qapi_struct;
