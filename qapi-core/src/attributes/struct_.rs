//! `#[qapi_struct]`

/// Defines a struct: an object with fixed members.
///
/// Goes on a struct with named fields of QAPI types; an `Option` makes a member optional. It
/// implements [`QapiType`](crate::QapiType), [`QapiObject`](crate::QapiObject) and
/// `serde::Serialize`. A member's name on the wire is the field's with dashes for underscores:
/// `total_progress` is `total-progress`.
///
/// Takes the words of [`qapi_enum`](crate::qapi_enum) but `prefix` and `extends`. Fields take `#[qapi(name = "…", since = "…",
/// features(…))]`, and the first field `#[qapi(base)]`: the members of that struct come first.
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
pub use qapi_macros::qapi_struct;
