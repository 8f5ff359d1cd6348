//! QEMU's block layer as a library: disk images, a graph of block nodes, and copies between nodes.
//!
//! A virtual machine monitor can open the disks of its guests with this library, serve their reads
//! and writes, and copy, mirror or commit images while the guest writes to them. Options, names of
//! nodes, permissions, image locks and errors are those of QEMU, so that QEMU and this library can
//! use the same images at the same time. The library knows no QMP command and no job.
//!
//! # Modules, from the bottom up
//!
//! * [`error`]: the errors, with QEMU's texts.
//! * [`options`]: `BlockdevOptions`, the description of a node, as QAPI types.
//! * [`image`]: disk images (raw and qcow2), their storage, and image locks.
//! * [`nodes`]: the graph of named nodes, and the permissions of their users.
//! * [`create`]: creation of images.
//! * [`copy`]: copies between nodes, also while others write to the source.
//!
//! # Example
//!
//! Create a qcow2 image, write to it, and copy it to a raw file:
//!
//! ```
//! use std::convert::Infallible;
//! use std::sync::atomic::AtomicBool;
//! use std::time::Duration;
//!
//! use block::copy::{Copier, CopyControl, CopySlots};
//! use block::create::{FileCreate, Preallocation, Qcow2Create};
//! use block::nodes::{Graph, NodeUse};
//! use block::options::BlockdevOptions;
//!
//! /// A job without a speed limit that neither pauses nor stops.
//! struct Unlimited;
//!
//! impl CopyControl for Unlimited {
//!     type Stop = Infallible;
//!     fn interrupted(&self) -> bool { false }
//!     fn speed(&self) -> u64 { 0 }
//!     async fn pause_point(&self) -> Result<(), Infallible> { Ok(()) }
//!     async fn wait(&self, time: Duration) -> Result<(), Infallible> {
//!         tokio::time::sleep(time).await;
//!         Ok(())
//!     }
//!     fn charge(&self, _bytes: u64) {}
//!     fn advance(&self, _bytes: u64) {}
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
//! let (size, preallocation) = (1 << 20, Preallocation::Off);
//! for (filename, size) in [(path("disk.qcow2"), 0), (path("copy.raw"), size)] {
//!     FileCreate { filename, size, preallocation }.create(&AtomicBool::new(false))?;
//! }
//! let graph = Graph::new();
//! let file = BlockdevOptions::file(path("disk.qcow2"));
//! Qcow2Create::new(file.clone(), size).create(&graph)?;
//!
//! // Methods that do input or output block: call them from a thread for blocking work.
//! let disk = graph.add(&BlockdevOptions::qcow2(file).named("disk"))?;
//! disk.write(4096, b"hello")?;
//! disk.flush()?;
//! let mut buffer = [0; 5];
//! disk.read(4096, &mut buffer)?;
//! assert_eq!(&buffer, b"hello");
//!
//! // Others can neither write to the source nor remove the nodes while they are reserved.
//! let copy = graph.add(&BlockdevOptions::file(path("copy.raw")).named("copy"))?;
//! let uses = [NodeUse::source(disk.clone()), NodeUse::target(copy.clone())];
//! let reservation = graph.reserve("backup", "job0", uses)?;
//! let copier = Copier::new(disk.clone(), copy.clone(), CopySlots::default())?;
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! runtime.block_on(copier.run(&Unlimited)).map_err(|error| format!("{error:?}"))?;
//! drop(reservation);
//! copy.read(4096, &mut buffer)?;
//! assert_eq!(&buffer, b"hello");
//! graph.remove_all();
//! # Ok(())
//! # }
//! ```
//!
//! # Portability
//!
//! The library runs on Linux only: it needs locks of open file descriptions, `SEEK_HOLE` and
//! `sync_file_range`.

pub mod copy;
pub mod create;
pub mod error;
pub mod image;
pub mod nodes;
pub mod options;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
