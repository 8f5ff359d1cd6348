//! `#[qapi_command]`

/// Defines a command that the annotated function serves.
///
/// Tests and other code can still call the function. Its name with dashes for underscores is the
/// command's. A plain function runs at once, on the server's thread, and must be quick. An `async
/// fn` is awaited, and a `blocking` function runs on another thread; other clients are served
/// meanwhile.
///
/// Words of the attribute:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `since`, `features`, `crate` | as for [`qapi_enum`](macro@crate::qapi_enum) |
/// | `name_exception` | the `name` may have underscores for dashes |
/// | `blocking` | the function may block: it is called on another thread |
/// | `boxed` | its one argument is a struct or union whose members are the arguments |
/// | `allow_oob` | may be executed out of band; its state is [`OobSafe`](crate::OobSafe) |
/// | `allow_preconfig` | may be executed before the daemon is configured; see [`Preconfig`](crate::Preconfig) |
/// | `success_response = false` | success has no reply; errors have |
/// | `client` | declares a struct by which clients in Rust execute it; see below |
/// | `registration = NAME` | declares a static that registers it, instead of registering it; see below |
/// | `gen = false` | the function takes its arguments unchecked; see below |
/// | `data = TheStruct` | with `gen = false`: the type of its arguments in the schema |
/// | `returns = TheType` | with `gen = false`: its return type in the schema |
/// | `returns_exception` | it returns no object, as existing clients expect |
///
/// Parameters are the command's arguments, except those that are marked as something else.
/// Arguments are of QAPI types, borrowed or owned; `&str` borrows from the message. An `Option` is
/// an optional argument, and so is one with a `default`. Words of `#[qapi(…)]` on a parameter:
///
/// | word | meaning |
/// |---|---|
/// | `state` | not an argument: the server's state of that type, as `&T` or `Arc<T>` |
/// | `session` | not an argument: the session of the caller, as [`&SessionContext`](crate::SessionContext) |
/// | `fd` | a file descriptor that the client has sent and now names, as `OwnedFd` or `Option<OwnedFd>`; see [`SessionFds`](crate::call::SessionFds) |
/// | `name`, `name_exception`, `since`, `features`, `default`, `unit`, `base64` | as for the fields of a [`qapi_struct`](macro@crate::qapi_struct) |
///
/// The function returns nothing, a struct or union, a `Vec` of one, or a `Result` of these whose
/// error converts into [`Error`](crate::Error); a string does. Members can be added to an object
/// later, but not to a bare string or number: hence `returns_exception`. The doc comment may have
/// the sections `# Returns`, `# Errors` and `# Examples`. Parameters have doc comments of their
/// own.
///
/// With `gen = false` generated code checks no argument: the function takes all of them as one
/// `serde_json::Map<String, serde_json::Value>`, or as a reference to it, and checks them itself.
/// `data = TheStruct` and `returns = TheType` set the types in the schema.
///
/// With `registration = NAME` the command is not part of every program that links it. The attribute
/// declares `static NAME: Registration` with the visibility of the function, to be passed to
/// [`Registry::from_registrations`](crate::Registry::from_registrations). Types and events have
/// `register = false` instead, as the registry finds them by their uses.
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
