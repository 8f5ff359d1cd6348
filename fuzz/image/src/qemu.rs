//! QEMU's storage daemon as the reference.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::contents::Contents;
use crate::daemon::Daemon;
use crate::nbd::Nbd;
use crate::ours::data_file;
use crate::plan::{Plan, Step};

/// A daemon of QEMU that is started again if it ends.
#[derive(Debug)]
pub struct Qemu {
    program: PathBuf,
    folder: PathBuf,
    daemon: Option<Daemon>,
}

impl Qemu {
    /// The daemon `program`, with its sockets in a folder.
    pub fn new(program: PathBuf, folder: PathBuf) -> Self {
        Qemu { program, folder, daemon: None }
    }

    /// Reads an image, in units of `unit` bytes.
    ///
    /// # Errors
    /// The image cannot be opened.
    pub fn read(&mut self, path: &Path, unit: usize) -> Result<Contents, String> {
        self.with_daemon(|daemon, socket| {
            open(daemon, path, true)?;
            let contents = with_export(daemon, socket, false, |nbd| {
                let size = nbd.size;
                Contents::gather(size, unit, |offset, buffer| nbd.read(offset, buffer).is_ok())
            });
            close(daemon)?;
            contents
        })
    }

    /// Executes a plan. Returns the outcome of each step.
    ///
    /// # Errors
    /// The image cannot be opened, or the writes cannot be flushed.
    pub fn execute(
        &mut self,
        path: &Path,
        plan: &Plan,
    ) -> Result<Vec<Result<(), String>>, String> {
        self.with_daemon(|daemon, socket| {
            open(daemon, path, false)?;
            let mut outcomes = Vec::new();
            for step in &plan.steps {
                outcomes.push(perform(daemon, socket, step)?);
            }
            close(daemon)?;
            Ok(outcomes)
        })
    }

    fn with_daemon<T>(
        &mut self,
        work: impl FnOnce(&mut Daemon, &Path) -> Result<T, String>,
    ) -> Result<T, String> {
        let socket = self.folder.join("nbd");
        let mut daemon = match self.daemon.take() {
            Some(daemon) => daemon,
            None => start(&self.program, &self.folder, &socket)?,
        };
        let result = work(&mut daemon, &socket);
        // After an error the daemon may have ended, or may have nodes left.
        let answers = daemon.execute("blockdev-del", json!({"node-name": "image"}));
        if answers.is_ok_and(|reply| reply.is_err_and(|error| error.contains("find"))) {
            self.daemon = Some(daemon);
        }
        result
    }
}

fn start(program: &Path, folder: &Path, socket: &Path) -> Result<Daemon, String> {
    let _ = std::fs::remove_file(socket);
    let mut daemon = Daemon::start(program, folder)?;
    let address = json!({"type": "unix", "data": {"path": socket}});
    daemon.execute("nbd-server-start", json!({"addr": address}))??;
    Ok(daemon)
}

fn open(daemon: &mut Daemon, path: &Path, read_only: bool) -> Result<(), String> {
    let file = json!({"driver": "file", "filename": path});
    let mut options =
        json!({"driver": "qcow2", "node-name": "image", "read-only": read_only, "file": file});
    if let Some(data) = data_file(path) {
        options["data-file"] = json!({"driver": "file", "filename": data});
    }
    daemon.execute("blockdev-add", options)?.map(drop)
}

fn close(daemon: &mut Daemon) -> Result<(), String> {
    daemon.execute("blockdev-del", json!({"node-name": "image"}))?.map(drop)
}

fn with_export<T>(
    daemon: &mut Daemon,
    socket: &Path,
    writable: bool,
    work: impl FnOnce(&mut Nbd) -> T,
) -> Result<T, String> {
    let export = json!({"type": "nbd", "id": "export", "node-name": "image", "name": "image",
        "writable": writable});
    daemon.execute("block-export-add", export)??;
    let result = Nbd::connect(socket, "image").map(|mut nbd| work(&mut nbd));
    daemon.execute("block-export-del", json!({"id": "export", "mode": "hard"}))??;
    daemon.wait_for(|message| message["event"] == "BLOCK_EXPORT_DELETED")?;
    result.map_err(|error| error.to_string())
}

fn perform(
    daemon: &mut Daemon,
    socket: &Path,
    step: &Step,
) -> Result<Result<(), String>, String> {
    let mut job = |command: &str, device: &str| {
        let arguments = json!({"job-id": "job", device: "image", "auto-dismiss": false});
        if let Err(error) = daemon.execute(command, arguments)? {
            return Ok(Err(error));
        }
        daemon.conclude("job").map(|error| error.map_or(Ok(()), Err))
    };
    match step {
        Step::Stream => return job("block-stream", "device"),
        Step::Commit => return job("block-commit", "device"),
        Step::Grow(size) => {
            let arguments = json!({"node-name": "image", "size": size});
            return Ok(daemon.execute("block_resize", arguments)?.map(drop));
        }
        Step::Write(_) | Step::CopyTo(_) | Step::WriteZeroes { .. } => {}
    }
    with_export(daemon, socket, true, |nbd| {
        let done = match step {
            Step::Write(fill) | Step::CopyTo(fill) => nbd.write(fill.offset, &fill.data()),
            Step::WriteZeroes { offset, length } => nbd.write_zeroes(*offset, *length),
            Step::Grow(_) | Step::Stream | Step::Commit => Ok(()),
        };
        done.and_then(|()| nbd.flush()).map_err(|error| error.to_string())
    })
}
