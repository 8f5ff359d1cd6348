//! The six attributes, with their documentation. Each stands for one kind of definition of QAPI's
//! schema language and is named after it.

/// Defines an enumeration: a list of strings.
///
/// Goes on an enum whose variants carry nothing. It implements
/// [`QapiType`](crate::QapiType), `serde::Serialize` and `Display`, and adds `ALL`, every value in
/// the order of the schema, and `as_str`, the string on the wire. That string is the variant's
/// name in lower case with dashes between words: `SetSpeed` is `set-speed`.
///
/// | word | meaning |
/// |---|---|
/// | `since = "2.12"` | the version it appeared in |
/// | `features(name, name = "doc", …)` | its special features |
/// | `name = "Name"` | its name in the schema, where that is not the enum's |
/// | `extends = TheOpenEnum` | adds the values to another enum; see below |
/// | `prefix = "UPPER_CASE"` | what the values' names begin with in QEMU's generated C |
/// | `crate = path` | where the framework is found, where that is not `::qapi_core` |
///
/// Variants take `#[qapi(name = "…", since = "…", features(…))]`; `name_exception` besides a
/// `name` allows one that breaks the naming rules.
///
/// ```
/// use qapi_core::prelude::*;
///
/// /// How a copy is made.
/// #[qapi_enum(since = "1.0")]
/// #[derive(Debug, Clone, Copy, PartialEq)]
/// enum CopyMode {
///     /// Everything.
///     Full,
///     /// What the layers below do not have.
///     #[qapi(name = "top")]
///     TopLayer,
///     /// New writes only.
///     #[qapi(since = "1.2", features(unstable))]
///     NewWrites,
/// }
///
/// assert_eq!(CopyMode::TopLayer.as_str(), "top");
/// assert_eq!(CopyMode::NewWrites.to_string(), "new-writes");
/// assert_eq!(CopyMode::ALL.len(), 3);
/// ```
///
/// # Open enums
///
/// An enum to which other crates may add values has a last variant that is marked `#[qapi(open)]`
/// and carries an [`OpenValue`](crate::OpenValue) of the enum itself. It is no value of its own:
/// whoever matches on the enum has an arm for what others add, and goes on compiling when they do.
/// `ALL` has the enum's own values; [`OpenValue::all`](crate::OpenValue::all) has the others.
///
/// Another crate adds the values of an enum under `extends`; [`OpenValue`](crate::OpenValue) shows
/// both.
pub use qapi_macros::qapi_enum;

/// Defines a struct: an object with fixed members.
///
/// Goes on a struct with named fields of QAPI types; an `Option` makes a member optional. It
/// implements [`QapiType`](crate::QapiType), [`QapiObject`](crate::QapiObject) and
/// `serde::Serialize`. A member's name on the wire is the field's with dashes for underscores:
/// `total_progress` is `total-progress`.
///
/// Takes the words of [`qapi_enum`] but `prefix` and `extends`. Fields take `#[qapi(name = "…", since = "…",
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

/// Defines a union: an object whose further members depend on the value of one of them.
///
/// On an enum with a `discriminator`, it is a union whose only common member is that one. The
/// variants are named like those of the enumeration `tag`, all of which must be there; each
/// carries the struct whose members it adds, or nothing.
///
/// ```
/// use qapi_core::prelude::*;
///
/// /// Kinds of address.
/// #[qapi_enum]
/// #[derive(Clone, Copy)]
/// enum AddressKind { Unix, Inet, Any }
///
/// /// A socket's file.
/// #[qapi_struct]
/// struct UnixAddress { path: String }
///
/// /// A host's port.
/// #[qapi_struct]
/// struct InetAddress { host: String, port: u16 }
///
/// /// An address.
/// #[qapi_union(discriminator = "type", tag = AddressKind)]
/// enum Address {
///     Unix(UnixAddress),
///     Inet(InetAddress),
///     Any,
/// }
///
/// let address = Address::Unix(UnixAddress { path: "/run/x".into() });
/// assert_eq!(serde_json::to_string(&address)?, r#"{"type":"unix","path":"/run/x"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// On a struct, it is a union with further common members. One field is marked
/// `#[qapi(discriminator)]`: its name is the discriminator's, and its type is an enum under
/// `#[qapi_union(tag = …)]` without a discriminator of its own, which holds the branches.
///
/// ```
/// # use qapi_core::prelude::*;
/// # #[qapi_enum]
/// # #[derive(Clone, Copy)]
/// # enum PortKind { Unix, Any }
/// # #[qapi_struct]
/// # struct UnixPort { path: String }
/// /// What a port is made of.
/// #[qapi_union(tag = PortKind)]
/// enum PortBranch {
///     Unix(UnixPort),
///     Any,
/// }
///
/// /// A port with a name.
/// #[qapi_union]
/// struct NamedPort {
///     /// Its name.
///     id: String,
///     /// Its kind.
///     #[qapi(discriminator)]
///     kind: PortBranch,
/// }
///
/// let port = NamedPort { id: "a".into(), kind: PortBranch::Any };
/// assert_eq!(serde_json::to_string(&port)?, r#"{"id":"a","kind":"any"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Where the base already has the discriminator, the attribute names it, and the field with the
/// branches is marked `#[qapi(branches)]`. It is no member of its own; what it holds decides which
/// value the base's member is written with.
///
/// ```
/// # use qapi_core::prelude::*;
/// # #[qapi_enum]
/// # #[derive(Clone, Copy)]
/// # enum PortKind { Unix, Any }
/// # #[qapi_struct]
/// # struct UnixPort { path: String }
/// # #[qapi_union(tag = PortKind)]
/// # enum PortBranch {
/// #     Unix(UnixPort),
/// #     Any,
/// # }
/// /// What all ports have.
/// #[qapi_struct]
/// struct PortBase {
///     /// Its name.
///     id: String,
///     /// Its kind.
///     kind: PortKind,
/// }
///
/// /// A port.
/// #[qapi_union(discriminator = "kind")]
/// struct Port {
///     #[qapi(base)]
///     base: PortBase,
///     #[qapi(branches)]
///     branch: PortBranch,
/// }
///
/// let base = PortBase { id: "a".into(), kind: PortKind::Any };
/// let port = Port { base, branch: PortBranch::Any };
/// assert_eq!(serde_json::to_string(&port)?, r#"{"id":"a","kind":"any"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Where `tag` is an open enum, the branches have a last variant of the same name as the enum's,
/// `#[qapi(open)] Other(OpenValue<TheEnum>)`: values of other crates add no members.
///
/// Takes the words of [`qapi_enum`] besides its own. It implements
/// [`QapiType`](crate::QapiType), [`QapiObject`](crate::QapiObject) and `serde::Serialize`; the
/// enum of branches alone implements [`QapiBranches`](crate::QapiBranches).
pub use qapi_macros::qapi_union;

/// Defines an alternate: a value that may be of one of several JSON types.
///
/// Goes on an enum whose variants carry one QAPI type each. Their names are those of the schema
/// and occur in no message; what comes in is told apart by its JSON type, so that no two
/// alternatives may share one.
///
/// Takes the words of [`qapi_enum`]. It implements [`QapiType`](crate::QapiType) and
/// `serde::Serialize`.
///
/// ```
/// use qapi_core::prelude::*;
///
/// /// A disk by its name, or none.
/// #[qapi_alternate]
/// enum DiskRef {
///     Name(String),
///     None(qapi_core::Null),
/// }
///
/// assert_eq!(serde_json::to_string(&DiskRef::Name("d0".into()))?, r#""d0""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub use qapi_macros::qapi_alternate;

/// Defines a command, served by the function that it goes on.
///
/// The function stays an ordinary one, to be called by tests and by other code. Its name with
/// dashes for underscores is the command's. Parameters are the command's arguments, except those
/// that are marked with the first two of these words:
///
/// - `#[qapi(state)]`: the server's state of that type, as `&T` or `Arc<T>`;
/// - `#[qapi(session)]`: what is known of the caller, as
///   [`&SessionContext`](crate::SessionContext);
/// - `#[qapi(fd)]`: a file descriptor that the client has sent and now names, as `OwnedFd` or
///   `Option<OwnedFd>`; see [`fds`](crate::fds).
///
/// Arguments are of QAPI types, borrowed or owned; `&str` borrows from the message. An `Option`
/// is an optional argument. They may have doc comments, and `#[qapi(name = "…", since = "…",
/// features(…))]`. The function returns nothing, a QAPI type, or a `Result` of either whose error
/// converts into [`Error`](crate::Error). The section `# Returns` of its documentation says what
/// the returned value means.
///
/// | word | meaning |
/// |---|---|
/// | `since`, `features`, `name`, `crate` | as for [`qapi_enum`] |
/// | `name_exception` | the `name` may break the naming rules |
/// | `blocking` | the function may block: it is called on another thread |
/// | `boxed` | its one argument is a struct or union whose members are the arguments |
/// | `gen = false` | the function takes its arguments as they come; see below |
/// | `allow_oob` | may be executed out of band; its state is [`OobSafe`](crate::OobSafe) |
/// | `allow_preconfig` | may be executed before the machine is configured |
/// | `success_response = false` | success is not answered |
/// | `client` | clients written in Rust get a struct to execute it with |
///
/// With `gen = false` nothing reads the arguments: the function takes all of them as one
/// `serde_json::Map<String, serde_json::Value>`, or as a reference to it, and checks what is in it.
/// `data = TheStruct` says what clients are told that it takes, `returns = TheType` what they are
/// told that it returns, where that is not what the function says.
///
/// A plain function is called at once, on the server's thread, and must be quick; an `async fn`
/// is awaited. Neither holds up other clients while it waits.
///
/// ```
/// use qapi_core::prelude::*;
/// use std::sync::Mutex;
///
/// /// The disks there are.
/// #[derive(Default)]
/// struct Disks(Mutex<Vec<String>>);
///
/// /// Adds a disk.
/// #[qapi_command(since = "1.0")]
/// fn disk_add(
///     #[qapi(state)] disks: &Disks,
///     /// The disk's identifier.
///     id: &str,
/// ) -> qapi_core::Result<()> {
///     let mut disks = disks.0.lock().map_err(|_| "the disks are lost")?;
///     if disks.iter().any(|disk| disk == id) {
///         return Err(format!("Disk '{id}' exists already").into());
///     }
///     disks.push(id.to_owned());
///     Ok(())
/// }
///
/// let disks = Disks::default();
/// assert!(disk_add(&disks, "d0").is_ok());
/// assert_eq!(disk_add(&disks, "d0").unwrap_err().to_string(), "Disk 'd0' exists already");
/// ```
///
/// With `client` there is a struct beside the function, of the same name and visibility, whose
/// fields are the arguments (a type and a function may share a name). A
/// [`Client`](crate::client::Client) executes it, and returns what the function does:
///
/// ```
/// # use qapi_core::prelude::*;
/// use qapi_core::client::{Client, QapiCommand, Result};
///
/// /// Names a disk, or takes its name away.
/// #[qapi_command(client)]
/// fn disk_rename(id: &str, name: Option<&str>) {
///     # let _ = (id, name);
/// }
///
/// async fn take_name_away(client: &mut Client) -> Result<()> {
///     client.execute(&disk_rename { id: "d0", name: None }).await
/// }
///
/// assert_eq!(disk_rename::DEFINITION.name, "disk-rename");
/// ```
///
/// Arguments of which only a few are known beforehand:
///
/// ```
/// use qapi_core::prelude::*;
/// use serde_json::{Map, Value};
///
/// /// What all devices take.
/// #[qapi_struct]
/// struct DeviceArguments {
///     /// What kind of device.
///     driver: String,
///     /// Its identifier.
///     id: Option<String>,
/// }
///
/// /// Adds a device; its driver knows what else it takes.
/// #[qapi_command(gen = false, data = DeviceArguments)]
/// fn device_add(mut arguments: Map<String, Value>) -> Result<(), String> {
///     let Some(Value::String(driver)) = arguments.remove("driver") else {
///         return Err("Parameter 'driver' is missing".into());
///     };
///     match driver.as_str() {
///         "null" => Ok(()),
///         other => Err(format!("'{other}' is not a valid device model name")),
///     }
/// }
/// ```
pub use qapi_macros::qapi_command;

/// Defines an event.
///
/// Goes on a struct with named fields, or without any; its name in upper case with underscores
/// between words is the event's: `DiskAdded` is `DISK_ADDED`. It implements
/// [`QapiEvent`](crate::QapiEvent), so that [`Events::emit`](crate::Events::emit) takes it.
///
/// Fields are as those of a [`qapi_struct`].
///
/// | word | meaning |
/// |---|---|
/// | `since`, `features`, `name`, `crate` | as for [`qapi_enum`] |
/// | `boxed` | its one field is a struct or union whose members are the data |
/// | `rate_limit = "1s"` | how often it is sent at most; milliseconds are `"500ms"` |
/// | `key = "id"` | the member each of whose values has a rate limit of its own |
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
