//! The block graph: named nodes, who stands on whom, and who may do what with them.
//!
//! [`Graph`] is the entry. [`options`] says what to open, [`Node`] is what comes of it, and a
//! [`Reservation`] is how a job keeps its nodes.

mod filename;
#[cfg(test)]
pub(crate) mod gate;
mod graph;
mod info;
mod inherit;
mod names;
mod node;
mod open;
pub mod options;
mod sharing;
mod state;

pub(crate) use filename::host_path;
pub(crate) use open::by_filename;

pub use graph::{BorrowedNode, Graph, MAX_NODES, NodeUse, Operation, Reservation};
pub use info::{ImageInfo, NodeInfo, Qcow2Info};
pub use node::{CacheMode, Driver, Node};
