//! A server for the network block device protocol (NBD), for disks that a program serves itself.
//!
//! Virtual machine monitors, storage daemons and backup programs give other programs access to
//! their disks with it: QEMU, `nbdcopy`, `qemu-img` and the NBD driver of the Linux kernel are
//! clients. A program implements [`Disk`], and adds [`Export`]s to a [`Server`].
//!
//! ```
//! # use std::io;
//! # use std::os::unix::net::UnixListener;
//! # use std::sync::{Arc, Mutex};
//! # use nbd::{Disk, Export, Server, ServerOptions, ZeroOptions};
//! /// A disk in memory.
//! struct Memory(Mutex<Vec<u8>>);
//!
//! impl Disk for Memory {
//!     fn size(&self) -> io::Result<u64> {
//!         Ok(self.0.lock().unwrap().len() as u64)
//!     }
//!     fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
//!         buffer.copy_from_slice(&self.0.lock().unwrap()[offset as usize..][..buffer.len()]);
//!         Ok(())
//!     }
//!     fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
//!         self.0.lock().unwrap()[offset as usize..][..data.len()].copy_from_slice(data);
//!         Ok(())
//!     }
//!     fn write_zeroes(&self, offset: u64, length: u64, _: ZeroOptions) -> io::Result<()> {
//!         self.0.lock().unwrap()[offset as usize..][..length as usize].fill(0);
//!         Ok(())
//!     }
//!     fn discard(&self, _offset: u64, _length: u64) -> io::Result<()> {
//!         Ok(())
//!     }
//!     fn flush(&self) -> io::Result<()> {
//!         Ok(())
//!     }
//! }
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("nbd.sock");
//! let server = Server::unix(UnixListener::bind(path)?, ServerOptions::default())?;
//! let disk = Arc::new(Memory(Mutex::new(vec![0; 1 << 20])));
//! server.add(Export::new("disk", disk)?.writable(true))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Protocol
//!
//! The server speaks the fixed newstyle handshake, simple and structured replies and extended
//! headers, and the metadata contexts `base:allocation`, `qemu:allocation-depth` and
//! `qemu:dirty-bitmap:NAME`. Options, replies and the texts of errors are those of QEMU 10.0. With
//! [`ServerOptions::tls`] all clients have to use TLS, which `rustls` carries out. The source is
//! the NBD project's `doc/proto.md`.
//!
//! # Limits
//!
//! | what | limit |
//! |---|---|
//! | clients of a server | 100; [`ServerOptions::max_connections`] |
//! | time to choose an export | 10 s; [`ServerOptions::handshake_timeout`] |
//! | requests of one client that run side by side | 16 |
//! | threads | one for an idle client, 16 for a busy one |
//! | memory for the data of all requests | 40 MiB, and 64 KiB for each client, 192 KiB with TLS |
//! | data of one request | 32 MiB |
//! | data of an option | 64 KiB; more is refused, and more than 32 MiB ends the connection |
//! | name or description of an export | 4,096 bytes |
//! | ranges in the status of a range | 262,144 |
//!
//! A client that does not read its replies, or sends half a request, waits on its own threads. When
//! memory is scarce, requests move their data in smaller pieces. A disk that panics ends the
//! connection of the client that made the request.

mod connection;
mod disk;
mod export;
mod handshake;
mod memory;
mod protocol;
mod reader;
mod server;
mod shared;
mod socket;
mod tls;
mod transmission;

pub use disk::{DirtyRanges, Disk, Extent, ZeroOptions};
pub use export::{Export, ExportError};
pub use rustls;
pub use server::{DuplicateExport, RemoveError, RemoveMode, RemovedExport, Server};
pub use shared::ServerOptions;
pub use tls::TlsOptions;
