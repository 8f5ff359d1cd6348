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
//! # Limits
//!
//! At most [`options::MAX_DEPTH`] nodes can be on top of each other. Requests recurse over them: a
//! thread that uses the deepest chains needs a stack of [`nodes::STACK_SIZE`] bytes. An image from
//! a stranger can name other files of the host; [`nodes::Graph::with_image_references`] and the
//! option `image-references` of a node restrict that.
//!
//! # Example
//!
//! Create a disk, let a guest write to it, and take a backup while the guest writes:
//!
//! ```
//! # use std::sync::{Arc, atomic::AtomicBool};
//! # use block::copy::{Copier, CopySlots, PointInTime, Unlimited};
//! # use block::create::{FileCreate, Preallocation, Qcow2Create};
//! # use block::image::permissions::{Access, Permissions};
//! # use block::nodes::{AsyncNode, Graph, NodeUse};
//! # use block::options::BlockdevOptions;
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
//! let disk = graph.add(&BlockdevOptions::qcow2(file).named("disk"))?;
//! let copy = graph.add(&BlockdevOptions::file(path("copy.raw")).named("copy"))?;
//!
//! // The guest takes the permission to write, and shares all others.
//! let access = Access { takes: Permissions::WRITE, shares: Permissions::all() };
//! let guest = AsyncNode::from(graph.attach_root("guest", disk.clone(), access)?);
//! // Others can neither resize nor remove the nodes during the backup.
//! let uses = [NodeUse::mirror_source(disk.clone()), NodeUse::target(copy.clone())];
//! let _reservation = graph.reserve("backup", "job0", uses)?;
//!
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! runtime.block_on(async {
//!     guest.write(4096, b"old").await?;
//!     let copier = Copier::new(disk.clone(), copy.clone(), CopySlots::default())?;
//!     let backup = Arc::new(PointInTime::new(copier)?);
//!     disk.quiesce().await.watch(&backup);
//!     // From now on, data are copied before the guest overwrites them.
//!     let (_, copied) = tokio::join!(guest.write(4096, b"new"), backup.copy_rest(&Unlimited));
//!     assert_eq!(guest.read(4096, [0; 3]).await?, *b"new");
//!     assert_eq!(AsyncNode::from(copy).read(4096, [0; 3]).await?, *b"old");
//!     copied.expect("the copy succeeds");
//!     guest.flush().await
//! })?;
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
pub mod throttle;
