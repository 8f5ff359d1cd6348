//! `#[qapi_struct]`

/// Defines a struct: an object with fixed members.
///
/// The attribute annotates a struct with named fields of QAPI types. A member is optional if its
/// field is an `Option` or has a `default`, which is the value of the field if a message omits the
/// member. The name of a member on the wire is the name of the field with dashes in place of
/// underscores: `total_progress` becomes `total-progress`.
///
/// The attribute implements [`QapiType`](crate::QapiType), [`QapiObject`](crate::QapiObject) and
/// `serde::Serialize`.
///
/// Words of the attribute:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `since`, `features`, `crate` | as for [`qapi_enum`](macro@crate::qapi_enum) |
/// | `transparent` | the struct is a newtype; the schema and the wire have the type of its one field |
/// | `register = false` | registers the type only if another definition refers to it; every kind of type accepts this word |
///
/// Words of `#[qapi(…)]` on a field:
///
/// | word | meaning |
/// |---|---|
/// | `base` | on the first field only: the members of the field's struct come first |
/// | `name`, `name_exception`, `since`, `features` | as for the variants of an enum |
/// | `default`, `default = value` | the member is optional; if it is absent, its value is `value`, or the `Default` of its type |
/// | `unit = "ms"` | the unit of a `std::time::Duration` on the wire: `s`, `ms`, `us` or `ns` |
/// | `base64` | a `Vec<u8>` is a Base64 string on the wire, and not a list of numbers |
/// | `secret` | the value does not appear in the log of all messages; see [`TrafficLog`](crate::observe::TrafficLog) |
///
/// The words `unit` and `base64` also apply to an `Option` of these types. Durations in replies are
/// rounded down to whole units.
///
/// The documentation of [`QapiType`](crate::QapiType) has a table of all types, and shows how to
/// wrap a type of another crate. A map is not a QAPI type, as the schema lists the members of every
/// object.
///
/// The [guide](crate::guide) describes doc comments, conditions (`#[cfg(…)]`) and names.
///
/// ```
/// use qapi_core::prelude::*;
///
/// /// The members that all disks have.
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
///     /// The error of the disk, if there is one.
///     error: Option<String>,
///     /// The size of a sector in bytes.
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
/// A newtype and a duration:
///
/// ```
/// use qapi_core::prelude::*;
/// use std::time::Duration;
///
/// /// The name of a disk.
/// #[qapi_struct(transparent)]
/// struct DiskName(String);
///
/// /// A wait for a disk.
/// #[qapi_struct]
/// struct DiskWait {
///     /// The disk.
///     disk: DiskName,
///     /// The time-out in milliseconds.
///     #[qapi(unit = "ms")]
///     timeout: Duration,
/// }
///
/// let wait = DiskWait { disk: DiskName("d0".into()), timeout: Duration::from_secs(2) };
/// assert_eq!(serde_json::to_string(&wait)?, r#"{"disk":"d0","timeout":2000}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub use qapi_macros::qapi_struct;
