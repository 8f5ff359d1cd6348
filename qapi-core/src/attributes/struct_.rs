//! `#[qapi_struct]`

/// Defines a struct: an object with fixed members.
///
/// It annotates a struct with named fields of QAPI types. An `Option` makes a member optional, and
/// so does a `default`, which replaces an absent member when it is read. It implements
/// [`QapiType`](crate::QapiType), [`QapiObject`](crate::QapiObject) and `serde::Serialize`. A
/// member's name on the wire is the field's with dashes for underscores: `total_progress` is
/// `total-progress`.
///
/// Words of the attribute:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `since`, `features`, `crate` | as for [`qapi_enum`](macro@crate::qapi_enum) |
/// | `transparent` | the struct is its one field's type under another name in Rust alone |
/// | `register = false` | the program's registry has it only if something refers to it; on every kind of type |
///
/// Words of `#[qapi(…)]` on a field:
///
/// | word | meaning |
/// |---|---|
/// | `base` | on the first field alone: the members of that struct come first |
/// | `name`, `name_exception`, `since`, `features` | as for the variants of an enum |
/// | `default`, `default = value` | may be absent, and then is what its type has for a default, or this value |
/// | `unit = "ms"` | what the number of a `std::time::Duration` counts: `s`, `ms`, `us` or `ns` |
/// | `base64` | the `Vec<u8>` is a string, and not a list of numbers |
///
/// The words `unit` and `base64` go with an `Option` of these types too. Replies round down to
/// whole units. [`QapiType`](crate::QapiType) has a table of all types, and shows how a newtype
/// makes a QAPI type of a type of another crate. A map is no QAPI type, as the schema does not know
/// its keys.
///
/// Doc comments, conditions (`#[cfg(…)]`) and names: see the [guide](crate::guide).
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
///     /// How long a sector is in bytes.
///     #[qapi(default = 512)]
///     sector: u32,
/// }
///
/// let base = DiskBase { disk_id: "d0".into() };
/// let disk = DiskInfo { base, size: 512, error: None, sector: 512 };
/// let json = r#"{"disk-id":"d0","size":512,"sector":512}"#;
/// assert_eq!(serde_json::to_string(&disk)?, json);
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
