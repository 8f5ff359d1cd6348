//! QEMU's storage daemon as the reference.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::contents::Contents;
use crate::daemon::{BROKEN, Daemon};
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
            let contents = with_export(daemon, socket, ("image", false), |nbd| {
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
        if result.as_ref().is_err_and(|error| error.starts_with(BROKEN)) {
            return result;
        }
        // After an error the daemon may have nodes left.
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
    let mut options = json!({"driver": "qcow2", "node-name": "image", "read-only": read_only,
            "discard": "unmap", "file": file});
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
    (node, writable): (&str, bool),
    work: impl FnOnce(&mut Nbd) -> T,
) -> Result<T, String> {
    let export = json!({"type": "nbd", "id": "export", "node-name": node, "name": "image",
        "writable": writable});
    daemon.execute("block-export-add", export)??;
    let result = Nbd::connect(socket, "image").and_then(|mut nbd| {
        let result = work(&mut nbd);
        nbd.check_connection()?;
        Ok(result)
    });
    if let Err(error) = &result {
        // The daemon would not answer the next command either.
        return Err(format!("{BROKEN}{error}"));
    }
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
        Step::Resize(size) => {
            let arguments = json!({"node-name": "image", "size": size});
            return Ok(daemon.execute("block_resize", arguments)?.map(drop));
        }
        Step::WriteCompressed(fill) => {
            let options = json!({"driver": "compress", "node-name": "filter", "file": "image"});
            if let Err(error) = daemon.execute("blockdev-add", options)? {
                return Ok(Err(error));
            }
            let write = |nbd: &mut Nbd| nbd.write(fill.offset, &fill.data()).map_err(text);
            let done = with_export(daemon, socket, ("filter", true), write);
            if done.as_ref().is_err_and(|error| error.starts_with(BROKEN)) {
                return done;
            }
            daemon.execute("blockdev-del", json!({"node-name": "filter"}))??;
            // The filter refuses images whose size is no multiple of the cluster size.
            return match done {
                Ok(done) => Ok(done),
                Err(_refused) => perform(daemon, socket, &Step::Write(fill.clone())),
            };
        }
        Step::Write(_) | Step::CopyTo(_) | Step::WriteZeroes { .. } | Step::Discard { .. } => {}
    }
    with_export(daemon, socket, ("image", true), |nbd| {
        let done = match step {
            Step::Discard { offset, length } => nbd.trim(*offset, *length),
            Step::Write(fill) | Step::CopyTo(fill) => nbd.write(fill.offset, &fill.data()),
            Step::WriteZeroes { offset, length } => nbd.write_zeroes(*offset, *length),
            Step::Resize(_) | Step::WriteCompressed(_) | Step::Stream | Step::Commit => Ok(()),
        };
        done.and_then(|()| nbd.flush()).map_err(text)
    })
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
