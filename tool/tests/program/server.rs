//! A server of `qapi-core` in this process.

use std::path::PathBuf;
use std::thread::JoinHandle;

use qapi_core::prelude::*;
use qapi_core::{ServeError, Shutdown};
use tempfile::TempDir;

/// How a disk is opened.
#[qapi_enum]
#[derive(Debug, Clone, Copy, PartialEq)]
enum DiskMode {
    /// For reading.
    ReadOnly,
    /// For reading and writing.
    ReadWrite,
}

/// A part of a disk.
#[qapi_struct]
#[derive(Debug, Clone, PartialEq)]
struct DiskPart {
    /// The name of the part.
    name: String,
    /// Its size in bytes.
    size: u64,
}

/// A disk.
#[qapi_struct]
#[derive(Debug, Clone, PartialEq)]
struct Disk {
    /// The name of the disk.
    name: String,
    /// How it is opened.
    mode: Option<DiskMode>,
    /// Its parts.
    parts: Option<Vec<DiskPart>>,
}

/// Emitted when a disk was added.
#[qapi_event]
struct DiskAdded {
    name: String,
}

/// Adds a disk, and returns it.
#[qapi_command]
fn disk_add(
    #[qapi(state)] events: &Events,
    /// The name of the new disk.
    name: &str,
    mode: Option<DiskMode>,
    parts: Option<Vec<DiskPart>>,
) -> qapi_core::Result<Disk> {
    if name == "full" {
        return Err("There is no space for a disk".into());
    }
    events.emit(&DiskAdded { name: name.to_owned() });
    Ok(Disk { name: name.to_owned(), mode, parts })
}

/// A server on a unix socket, until it is dropped.
pub(crate) struct TestServer {
    folder: TempDir,
    shutdown: Shutdown,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl TestServer {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (shutdown, thread) = serve(&folder);
        Self { folder, shutdown, thread: Some(thread) }
    }

    /// Ends the server, and starts another one on the same socket.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let (shutdown, thread) = serve(&self.folder);
        self.shutdown = shutdown;
        self.thread = Some(thread);
    }

    fn stop(&mut self) {
        self.shutdown.request();
        let _ = self.thread.take().map(JoinHandle::join);
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    pub(crate) fn address(&self) -> String {
        self.socket().display().to_string()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(folder: &TempDir) -> (Shutdown, JoinHandle<Result<(), ServeError>>) {
    let server =
        Server::new().enable_documentation().listen_unix(folder.path().join("socket")).unwrap();
    (server.shutdown(), std::thread::spawn(move || server.run()))
}
