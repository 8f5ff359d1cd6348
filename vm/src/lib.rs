//! A virtual machine as clients control it over QMP.
//!
//! A virtual machine monitor implements [`Machine`] and hands the machine to a [`VirtualMachine`].
//! A program that links this crate and passes the value to its server serves QEMU's commands
//! `query-status`, `stop`, `cont` and `system_reset`, and sends `STOP`, `RESUME`, `RESET` and
//! `SHUTDOWN`.
//!
//! ```
//! use qapi_core::Server;
//! use vm::{Machine, VirtualMachine};
//!
//! fn server(machine: impl Machine) -> Server {
//!     let server = Server::new();
//!     let vm = VirtualMachine::new(machine, server.events());
//!     server.state(vm)
//! }
//! ```
//!
//! # Modules, from the bottom up
//!
//! * `schema`: the types and events.
//! * `machine`: the trait [`Machine`].
//! * `run_state`: [`VirtualMachine`], which stops the machine and lets it run.
//! * [`commands`]: the commands.

mod schema;

mod messages;

mod machine;

mod run_state;

pub mod commands;

pub use machine::Machine;
pub use run_state::{Turn, VirtualMachine};
pub use schema::{Reset, Resume, RunState, Shutdown, ShutdownCause, StatusInfo, Stop};
