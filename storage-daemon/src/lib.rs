//! A storage daemon: it opens disk images, copies between them in background jobs, and is
//! controlled over QMP, as `qemu-storage-daemon` is.
//!
//! The package is a program. Its parts are a library, so that tests can use them. Parts that are
//! useful to other programs are libraries of their own: [`block`] (images, the graph of nodes and
//! the copy engine), [`job`] (the job engine), and [`qapi_core`] (commands, events and the server).
//!
//! The modules, from the lowest layer to the highest:
//!
//! - [`schema`] has the types of the commands and events, annotated for QAPI.
//! - [`block_job`] is the common part of all block jobs: events, reserved nodes, the policy for I/O
//!   errors.
//! - [`jobs`] has the kinds of jobs: backup, mirror, commit, stream, create, amend.
//! - [`dirty_bitmaps`] finds and changes the bitmaps that commands and transactions name.
//! - [`objects`] has TLS credentials, authorizations, secrets and threads.
//! - [`chardevs`] has character devices.
//! - [`exports`] has the NBD server and the nodes that it exports.
//! - [`qom`] has the tree of objects.
//! - [`snapshots`] has the snapshots of nodes.
//! - [`commands`] has the commands, which call [`jobs`] and the graph of nodes.
//! - [`options`] parses the command line.
//! - [`daemon`] sets up nodes and monitors as the command line describes, and serves clients.
//! - [`demo`] runs a daemon and its client, to show what the program can do.
//!
//! To add a command, write it in [`commands`], and its types in [`schema`]. Linking this crate
//! registers all commands:
//!
//! ```
//! use storage_daemon as _;
//!
//! let registry = qapi_core::Registry::collect()?;
//! assert!(registry.commands().any(|(command, _)| command.name == "blockdev-backup"));
//! # Ok::<(), qapi_core::registry::RegistryError>(())
//! ```

mod base64_text;
pub mod block_job;
mod blocking;
pub mod chardevs;
pub mod commands;
pub mod daemon;
pub mod demo;
pub mod dirty_bitmaps;
pub mod exports;
pub mod jobs;
mod messages;
pub mod objects;
pub mod options;
pub mod qom;
pub mod schema;
pub mod snapshots;
mod sockets;
