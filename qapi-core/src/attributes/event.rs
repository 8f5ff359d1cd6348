//! `#[qapi_event]`

/// Defines an event.
///
/// It annotates a struct with named fields, or without any. The name of the event is that of the
/// struct in upper case with underscores between words: `DiskAdded` is `DISK_ADDED`. The attribute
/// implements [`QapiEvent`](crate::QapiEvent), for [`Events::emit`](crate::Events::emit).
///
/// Words of the attribute:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `since`, `features`, `crate` | as for [`qapi_enum`](macro@crate::qapi_enum) |
/// | `boxed` | its one field is a struct or union whose members are the data |
/// | `rate_limit = "1s"` | how often it is sent at most; milliseconds are `"500ms"` |
/// | `key = "id"` | the member each of whose values has a rate limit of its own |
/// | `register = false` | the program's registry does not have it unless it is passed to it |
///
/// Words of `#[qapi(…)]` on a field:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `name_exception`, `since`, `features`, `default`, `unit`, `base64` | as for the fields of a [`qapi_struct`](macro@crate::qapi_struct) |
///
/// An event with a rate limit is sent at once if none was sent within the period. Otherwise it is
/// deferred to the end of the period, and replaced if another one comes; it has the time at which
/// it was emitted.
///
/// ```
/// use qapi_core::prelude::*;
///
/// /// Emitted when a disk was added.
/// #[qapi_event(since = "1.0")]
/// struct DiskAdded {
///     /// The disk's identifier.
///     id: String,
/// }
///
/// /// Emitted when a disk fills up.
/// #[qapi_event(since = "1.1", rate_limit = "1s", key = "id")]
/// struct DiskFilled {
///     /// The disk's identifier.
///     id: String,
///     /// How much of it is in use, in percent.
///     percent: u8,
/// }
///
/// /// What there is to say of a disk.
/// #[qapi_struct]
/// struct DiskState {
///     /// The disk's identifier.
///     id: String,
/// }
///
/// /// Emitted when the state of a disk has changed.
/// #[qapi_event(boxed)]
/// struct DiskStateChange(DiskState);
///
/// let events = Events::new();
/// events.emit(&DiskAdded { id: "d0".into() });
/// events.emit(&DiskStateChange(DiskState { id: "d0".into() }));
/// events.emit(&DiskFilled { id: "d0".into(), percent: 90 });
/// ```
pub use qapi_macros::qapi_event;
