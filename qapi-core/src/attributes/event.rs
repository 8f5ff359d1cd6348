//! `#[qapi_event]`

/// Defines an event.
///
/// The attribute annotates a struct with named fields or without fields. The name of the event is
/// the name of the struct in upper case with underscores between words: `DiskAdded` becomes
/// `DISK_ADDED`. The attribute implements [`QapiEvent`](crate::QapiEvent), which
/// [`Events::emit`](crate::Events::emit) requires.
///
/// Words of the attribute:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `since`, `features`, `crate` | as for [`qapi_enum`](macro@crate::qapi_enum) |
/// | `boxed` | the members of the one field, a struct or union, are the data |
/// | `rate_limit = "1s"` | the shortest period between two events, in seconds or in milliseconds as in `"500ms"` |
/// | `key = "id"` | the name of a member; events that differ in its value have separate rate limits |
/// | `exempt = a_function` | a function `fn(&TheEvent) -> bool`; an event for which it returns true is sent at once in spite of the rate limit |
/// | `register = false` | does not register the event; pass its definition to [`Registry::from_registrations`](crate::Registry::from_registrations) |
///
/// Words of `#[qapi(…)]` on a field:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `name_exception`, `since`, `features`, `default`, `unit`, `base64`, `secret` | as for the fields of a [`qapi_struct`](macro@crate::qapi_struct) |
///
/// [`Events::flush`](crate::Events::flush) and
/// [`Events::flush_key`](crate::Events::flush_key) send deferred events early.
///
/// An event with a rate limit is sent at once if no event was sent within the period. Otherwise it
/// is deferred to the end of the period. A later event replaces a deferred one. The timestamp of a
/// deferred event is the time at which it was emitted.
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
/// #[qapi_event(since = "1.1", rate_limit = "1s", key = "id", exempt = DiskFilled::is_full)]
/// struct DiskFilled {
///     /// The disk's identifier.
///     id: String,
///     /// The used part of the disk, in percent.
///     percent: u8,
/// }
///
/// impl DiskFilled {
///     /// The last of these events must not be lost.
///     fn is_full(&self) -> bool {
///         self.percent == 100
///     }
/// }
///
/// /// The state of a disk.
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
