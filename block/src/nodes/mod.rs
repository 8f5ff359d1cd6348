//! The block graph: named nodes, their children, and the permissions of their users.
//!
//! [`Graph`] is the entry point. [`Graph::add`] opens a [`Node`] from its
//! [options](crate::options). A [`Reservation`] reserves the nodes of a job. A [`WriteWatcher`]
//! sees the writes to a node. A user from outside the graph, such as an export, writes through a
//! [`Root`]. [`AsyncNode`] makes the requests to either of them from an async runtime.

mod activity;
pub(crate) mod async_node;
pub mod backing;
mod blkdebug;
mod blkdebug_options;
mod blockdev_reopen;
mod child_storage;
mod copy_on_read;
mod corruption;
mod depth;
mod dirty_bitmaps;
mod driver;
mod entries;
mod entry;
mod filename;
mod filter;
mod filter_state;
mod fixed_options;
mod frozen_chain;
mod graph;
mod graph_dump;
mod image_name;
mod info;
mod inherit;
mod names;
mod node;
mod open;
mod open_filter;
mod open_qcow2;
mod overlay;
mod permissions;
mod preallocated;
mod qcow2_options;
mod quiesce;
mod range;
mod reopen;
mod replace;
mod requests;
mod reservation;
mod resize;
mod root;
mod snapshots;
mod state;
mod stats;
mod supported;
mod usage;
mod watch;
mod write_extent;
mod write_threshold;

pub use async_node::AsyncNode;
pub use depth::STACK_SIZE;
pub use driver::{Driver, FilterDriver};
pub use filter::{Filter, FilterOptions};
pub use graph::{ClosingNodes, Graph};
pub use graph_dump::{DumpEdge, DumpKind, DumpNode, GraphDump};
pub use image_name::{by_name, host_path};
pub use info::{BackingImages, ImageInfo, NodeInfo, Qcow2Info};
pub use inherit::CacheMode;
pub use node::Node;
pub use quiesce::{Quiesced, quiesce_all};
pub use reopen::WritableGuard;
pub use reservation::{BorrowedNode, Reservation};
pub use root::Root;
pub use stats::NodeStats;
pub use usage::{BackingLink, InactiveNode, NodeUse, Operation, UserName};
pub use watch::{Write, WriteWatcher};
pub use write_extent::ThresholdExceeded;
