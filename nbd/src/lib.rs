//! x
mod connection;
mod disk;
mod export;
mod handshake;
mod memory;
mod protocol;
mod reader;
mod server;
mod socket;
mod transmission;

pub use disk::{DirtyRanges, Disk, Extent, ZeroOptions};
pub use export::{Export, ExportError};
pub use server::{
    DuplicateExport, RemoveError, RemoveMode, RemovedExport, Server, ServerOptions,
};
