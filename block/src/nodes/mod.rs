//! The block graph: named nodes, who stands on whom, and who may do what with them.
//!
//! [`Graph`] is the entry. [`options`] says what to open, [`Node`] is what comes of it, and a
//! [`Reservation`] is how a job keeps its nodes. Whoever watches the writes to a node is a
//! [`WriteWatcher`]; who writes to it from outside is a [`Root`].

pub mod backing;
mod blkdebug;
mod blockdev_reopen;
mod closing;
mod compressed;
mod depth;
mod driver;
mod filename;
mod filter;
mod graph;
mod info;
mod inherit;
mod names;
mod node;
mod open;
mod open_qcow2;
mod permissions;
mod reopen;
mod replace;
mod root;
mod state;
mod supported;
mod usage;
mod watch;

pub use filename::host_path;
pub use open::by_filename;

pub use closing::ClosingNodes;
pub use driver::Driver;
pub use filter::{Filter, FilterOptions};
pub use graph::{BorrowedNode, Graph, MAX_NODES, Reservation};
pub use info::{ImageInfo, NodeInfo, Qcow2Info};
pub use node::{CacheMode, Node};
pub use reopen::WritableGuard;
pub use root::Root;
pub use usage::{BackingLink, NamedAs, NodeUse, Operation};
pub use watch::{Quiesced, Write, WriteWatcher};
