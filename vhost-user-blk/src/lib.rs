//! A server for the vhost-user protocol, which makes a block node a virtio disk of a virtual
//! machine in another process.
//!
//! The virtual machine monitor shares the memory of its guest and the rings of the disk with the
//! server, which executes the guest's requests without further help of the monitor. QEMU,
//! Cloud Hypervisor and crosvm can use such disks, and the Linux kernel has the guest's driver.
//!
//! ```
//! # use std::os::unix::net::UnixListener;
//! # use block::image::permissions::{Access, Permissions};
//! # use block::nodes::Graph;
//! # use block::options::BlockdevOptions;
//! # use vhost_user_blk::{DeviceOptions, Server};
//! # let folder = tempfile::tempdir()?;
//! # let image = folder.path().join("disk.raw");
//! # std::fs::write(&image, [0; 4096])?;
//! # let path = folder.path().join("disk.sock");
//! let graph = Graph::new();
//! let node = graph.add(&BlockdevOptions::file(image.to_string_lossy()).named("disk"))?;
//! let access = Access { takes: Permissions::WRITE, shares: Permissions::all() };
//! let disk = graph.attach_root("disk0", node, access)?;
//! let options = DeviceOptions::default().writable(true);
//! let server = Server::start(UnixListener::bind(path)?, disk, options)?;
//! // Until it is stopped, the server serves one front-end after the other.
//! server.stop();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Protocol
//!
//! The device is that of the virtio 1.2 specification, section 5.2, with the features that QEMU's
//! export has: flush, discard, write zeroes, several queues, indirect descriptors, event indices
//! and a write cache that the driver may turn off. The transport is vhost-user, by the crates of
//! the rust-vmm project. Rings can be stopped and started again at the same place, so that a
//! front-end can pause a machine, migrate it, or reconnect after its restart. A front-end that
//! connects again without having stopped its rings has to repeat the requests in flight.
//!
//! # Limits
//!
//! | what | limit |
//! |---|---|
//! | front-ends at the same time | 1; the next one waits |
//! | queues of a disk | [`MAX_QUEUES`]; 1 unless set |
//! | descriptors of a queue | [`QUEUE_SIZE`] |
//! | requests that are executed at the same time | 4 for each queue, and at most 16 |
//! | memory for the data of one request | 1 MiB; longer requests are split |

mod config;
mod device;
mod request;
mod server;
mod workers;

pub use config::{DeviceOptions, InvalidOption, MAX_QUEUES, QUEUE_SIZE};
pub use server::Server;
