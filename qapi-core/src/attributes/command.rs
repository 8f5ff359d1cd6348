//! `#[qapi_command]`

/// Defines a command that the annotated function serves.
///
/// The name of the command is the name of the function with dashes in place of underscores. Tests
/// and other code can still call the function.
///
/// A plain function runs at once, on the server's thread, and must be quick. The server awaits an
/// `async fn`, and runs a `blocking` function on another thread; it serves other clients meanwhile.
///
/// The future of an `async fn` is [`Send`], although the server runs on one thread: the type of an
/// [`AsyncCall`](crate::call::AsyncCall) permits programs with an event loop of several threads. A
/// value without `Send` must be dropped before the next `.await`. The compiler's message names the
/// value and the `.await`, which the attribute cannot see. An argument of an `async` or `blocking`
/// function owns its data; write a reference without an alias, so that the attribute can see it.
///
/// # A call whose client disconnects
/// A plain function has ended by then. A call of an `async` or `blocking` function continues, as
/// the server has accepted the request, and its result is dropped. Requests that the server has
/// already read are executed too. With `cancel_on_disconnect` the server drops the future of an
/// `async fn`, and notifies a `blocking` function by its
/// [`Cancellation`](crate::call::Cancellation).
/// [`SessionContext::closed`](crate::SessionContext::closed) waits for the disconnect and defines
/// it.
///
/// # Words
/// Words of the attribute:
///
/// | word | meaning |
/// |---|---|
/// | `name`, `since`, `features`, `crate` | as for [`qapi_enum`](macro@crate::qapi_enum) |
/// | `name_exception` | the `name` may have underscores for dashes |
/// | `blocking` | the function may block: it is called on another thread |
/// | `deadline = "5s"` | the time within which a call of an `async` or `blocking` function must end, in seconds or in milliseconds as in `"500ms"`; `"none"` exempts the command from [`Server::call_deadline`](crate::Server::call_deadline) |
/// | `cancel_on_disconnect` | a call of an `async` or `blocking` function is cancelled when its client disconnects; see below |
/// | `boxed` | the members of the one parameter, a struct or union, are the arguments |
/// | `allow_oob` | the command may be executed out of band; its state must be [`OobSafe`](crate::OobSafe) |
/// | `allow_preconfig` | the command may be executed before the daemon is configured; see [`Preconfig`](crate::Preconfig) |
/// | `success_response = false` | only errors have a reply |
/// | `client` | declares a struct with which Rust clients execute the command; see below. A function without a body has the word by default |
/// | `registration = NAME` | does not register the command, but declares a static with its registration; see below |
/// | `gen = false` | the function takes its arguments unchecked; see below |
/// | `data = TheStruct` | with `gen = false`: the type of the arguments in the schema |
/// | `returns = TheType` | with `gen = false`: the return type in the schema |
/// | `returns_exception` | the command may return something other than an object or a list of objects |
///
/// Each parameter is an argument of the command, unless the word `state` or `session` marks it as
/// something else. Arguments are of QAPI types, borrowed or owned; a `&str` borrows from the
/// message. An argument is optional if its parameter is an `Option` or has a `default`. Words of
/// `#[qapi(…)]` on a parameter:
///
/// | word | meaning |
/// |---|---|
/// | `state` | not an argument: the server's state of that type, as `&T` or `Arc<T>` |
/// | `session` | not an argument: the session of the caller, as [`&SessionContext`](crate::SessionContext) |
/// | `cancellation` | not an argument: the token of an `async` or `blocking` call, as [`&Cancellation`](crate::call::Cancellation) |
/// | `fd` | the file descriptor that the client sent under the name in the argument, as `OwnedFd` or `Option<OwnedFd>`; see [`SessionFds`](crate::call::SessionFds) |
/// | `name`, `name_exception`, `since`, `features`, `default`, `unit`, `base64`, `secret` | as for the fields of a [`qapi_struct`](macro@crate::qapi_struct) |
///
/// The function returns nothing, a struct, a union, a `Vec` of structs or unions, or a `Result` of
/// one of these. The error of a `Result` converts into [`Error`](crate::Error), as strings and all
/// types that implement `std::error::Error` do.
/// Any other return type requires `returns_exception`: a later version can add members to an
/// object, but not to a string or a number.
///
/// The doc comment may have the sections `# Returns`, `# Errors` and `# Examples`. Parameters have
/// doc comments of their own.
///
/// With `gen = false` generated code does not check the arguments. The function takes all arguments
/// as one `serde_json::Map<String, serde_json::Value>`, or as a reference to it, and checks them
/// itself. `data = TheStruct` and `returns = TheType` set the types in the schema.
///
/// With `registration = NAME` a program that links the command does not serve it by default. The
/// attribute declares `static NAME: Registration` with the visibility of the function. Pass it to
/// [`Registry::from_registrations`](crate::Registry::from_registrations). For types and events
/// there is `register = false` instead.
///
/// ```
/// use qapi_core::prelude::*;
/// use std::sync::Mutex;
///
/// /// The names of all disks.
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
/// With `client` the attribute also declares a struct with the name and visibility of the function
/// (a type and a function may share a name). The fields of the struct are the arguments; optional
/// arguments and those with a default are `Option`s. `new` takes the mandatory arguments, and a
/// function of its own sets each optional argument. The client does not send an argument that is
/// not set, so that the default of the server applies. A [`Client`](crate::client::Client) executes
/// the struct and returns the command's return value:
///
/// ```
/// # use qapi_core::prelude::*;
/// use qapi_core::client::{Client, QapiCommand, Result};
///
/// /// Sets or removes the name of a disk.
/// #[qapi_command(client)]
/// fn disk_rename(id: &str, name: Option<&str>, #[qapi(default = true)] notify: bool) {
///     # let _ = (id, name, notify);
/// }
///
/// async fn rename(client: &mut Client) -> Result<()> {
///     client.execute(&disk_rename { id: "d0", name: None, notify: Some(false) }).await?;
///     client.execute(&disk_rename::new("d1").name("new")).await
/// }
///
/// assert_eq!(disk_rename::DEFINITION.name, "disk-rename");
/// ```
///
/// A struct without mandatory arguments implements `Default`. A lifetime that the name of a type
/// hides, as an alias may, is `'static` in the struct. Write `Name<'_>` for a field that borrows;
/// `Cow<str>` always does.
///
/// # Declarations for clients
/// A command without a body declares only the struct. A crate of a client contains such
/// declarations in place of the server's functions, and does not link them.
/// [`Client::check_schema`](crate::client::Client::check_schema) compares the declarations with a
/// running server, and [`compare_schema`](crate::client::compare_schema) with a registry in a test:
///
/// ```standalone_crate
/// use qapi_core::client::{QapiCommand, compare_schema};
/// use qapi_core::introspection::Mask;
/// use qapi_core::prelude::*;
///
/// mod client {
///     # use qapi_core::prelude::*;
///     /// Ejects a disk.
///     #[qapi_command]
///     pub fn disk_eject(disk: &str);
/// }
///
/// mod server {
///     # use qapi_core::prelude::*;
///     /// Ejects a disk.
///     #[qapi_command]
///     pub fn disk_eject(disk: &str, #[qapi(default)] force: bool) {
///         # let _ = (disk, force);
///     }
/// }
///
/// # fn main() {
/// let served = qapi_core::Registry::collect().unwrap().introspect(Mask::Masked);
/// assert_eq!(compare_schema(&[client::disk_eject::DEFINITION], &served), []);
/// # }
/// ```
///
/// A command with `gen = false`, of whose arguments only a few are known at compile time:
///
/// ```
/// use qapi_core::prelude::*;
/// use serde_json::{Map, Value};
///
/// /// The arguments that all devices take.
/// #[qapi_struct]
/// struct DeviceArguments {
///     /// The device model.
///     driver: String,
///     /// Its identifier.
///     id: Option<String>,
/// }
///
/// /// Adds a device. Its driver defines the further arguments.
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
