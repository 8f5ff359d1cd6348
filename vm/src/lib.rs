//! A virtual machine as clients control it over QMP: its run state, and snapshots of the machine
//! with its disks.
//!
//! A virtual machine monitor implements [`Machine`] and hands the machine to a [`VirtualMachine`].
//! A program that links this crate and passes the value to its server serves QEMU's commands
//! `query-status`, `stop`, `cont`, `system_reset`, `snapshot-save`, `snapshot-load` and
//! `snapshot-delete`, and sends `STOP`, `RESUME`, `RESET` and `SHUTDOWN`. The commands for
//! snapshots also take the disks ([`block::nodes::Graph`]) and the job engine ([`job::Jobs`]) from
//! the state of the server.
//!
//! ```
//! use block::nodes::Graph;
//! use job::Jobs;
//! use qapi_core::Server;
//! use vm::{Machine, VirtualMachine};
//!
//! fn server(machine: impl Machine, disks: Graph) -> Server {
//!     let server = Server::new();
//!     let vm = VirtualMachine::new(machine, server.events());
//!     let jobs = Jobs::new(server.events());
//!     server.state(vm).state(jobs).state(disks)
//! }
//! ```
//!
//! # Snapshots
//!
//! A snapshot is an internal snapshot of each disk. The snapshot of one of the disks also has the
//! state of the machine. `qemu-img` lists and deletes these snapshots. The state has a format of
//! its own, which QEMU does not read.
//!
//! The machine is stopped while a snapshot is saved or loaded. If the program dies meanwhile, each
//! disk has the snapshot whole or not at all. The snapshot of the disk with the state is made
//! last, so that a snapshot with a state is one of all disks.
//!
//! # Modules, from the bottom up
//!
//! * `schema`: the types and events.
//! * `machine`: the trait [`Machine`].
//! * `vmstate`: the state of a machine as bytes.
//! * `run_state`: [`VirtualMachine`], which stops the machine and lets it run.
//! * `snapshot`: the jobs.
//! * [`commands`]: the commands.

mod schema;

mod messages;

mod machine;

mod vmstate;

mod run_state;

mod snapshot;

pub mod commands;

pub use machine::Machine;
pub use run_state::{Turn, VirtualMachine};
pub use schema::{Reset, Resume, RunState, Shutdown, ShutdownCause, StatusInfo, Stop};
