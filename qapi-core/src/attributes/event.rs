//! `#[qapi_event]`

/// Defines an event.
///
/// Goes on a struct with named fields, or without any; its name in upper case with underscores
/// between words is the event's: `DiskAdded` is `DISK_ADDED`. It implements
/// [`QapiEvent`](crate::QapiEvent), so that [`Events::emit`](crate::Events::emit) takes it.
///
/// Words of the attribute:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `since`, `features`, `crate` | as for [`qapi_enum`](macro@crate::qapi_enum) |
/// | `boxed` | its one field is a struct or union whose members are the data |
/// | `rate_limit = "1s"` | how often it is sent at most; milliseconds are `"500ms"` |
/// | `key = "id"` | the member each of whose values has a rate limit of its own |
///
/// Words of `#[qapi(…)]` on a field:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `name_exception`, `since`, `features`, `default`, `unit`, `base64` | as for the fields of a [`qapi_struct`](macro@crate::qapi_struct) |
///
/// An event with a rate limit is sent at once if none was within the period; otherwise the last
/// one is held and sent when the period ends, with the time at which it was emitted.
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
