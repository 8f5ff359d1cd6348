//! Inputs for a live storage daemon: jobs that read and write a damaged image.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::daemon::{BROKEN, Daemon};
use crate::plan::{Plan, Step};

/// The largest image that jobs copy. A damaged header may contain any size.
const SIZE_MAX: u64 = 64 << 20;
/// The most resident memory of a daemon, in KiB.
const MEMORY: u64 = 128 << 10;
/// The byte that fills the source of a copy to the image.
const SOURCE: u8 = 0x77;

/// What a daemon does with an input.
#[derive(Debug, Default)]
pub struct Trace {
    /// Each command with its outcome, or that of its job.
    pub outcomes: Vec<(&'static str, Result<(), String>)>,
    /// The contents of the image, as a job copies them, before anything is written.
    pub copied: Option<Vec<u8>>,
}

/// A daemon that runs inputs. It is started again if it ends.
#[derive(Debug)]
pub struct Live {
    program: PathBuf,
    folder: PathBuf,
    daemon: Option<Daemon>,
}

impl Live {
    /// The daemon `program`, with its socket in a folder.
    pub fn new(program: PathBuf, folder: PathBuf) -> Self {
        Live { program, folder, daemon: None }
    }

    /// Reads an image and changes it with the jobs of a plan.
    ///
    /// # Errors
    /// The daemon ends, does not answer in time, or takes too much memory.
    pub fn run(&mut self, image: &Path, plan: &Plan) -> Result<Trace, String> {
        let mut daemon = match self.daemon.take() {
            Some(daemon) => daemon,
            None => Daemon::start(&self.program, &self.folder)?,
        };
        let mut trace = Trace::default();
        perform(&mut daemon, image, plan, &mut trace)?;
        let memory = daemon.peak_memory();
        if memory > MEMORY {
            return Err(format!("{BROKEN}{memory} KiB of memory"));
        }
        let nodes = daemon.execute("query-named-block-nodes", json!({"flat": true}))??;
        if nodes == json!([]) {
            self.daemon = Some(daemon);
        }
        Ok(trace)
    }
}

fn perform(
    daemon: &mut Daemon,
    image: &Path,
    plan: &Plan,
    trace: &mut Trace,
) -> Result<(), String> {
    let mut options = json!({"driver": "qcow2", "node-name": "image", "file": file(image)});
    let data = image.with_file_name("data");
    if data.exists() {
        options["data-file"] = file(&data);
    }
    if !command(daemon, trace, "blockdev-add", options)? {
        return Ok(());
    }
    let shown = daemon.execute("query-named-block-nodes", json!({}))??;
    let nodes = shown.as_array().map(Vec::as_slice).unwrap_or_default();
    let node = nodes.iter().find(|node| node["node-name"] == "image");
    let size = node.and_then(|node| node["image"]["virtual-size"].as_u64()).unwrap_or(0);
    if size > 0 && size <= SIZE_MAX {
        let raw = image.with_file_name("raw");
        fill(&raw, None, size)?;
        if backup(daemon, trace, "image", "raw", &raw)? {
            trace.copied = fs::read(&raw).ok();
        }
        change(daemon, trace, plan, (&raw, size))?;
    }
    command(daemon, trace, "blockdev-del", json!({"node-name": "image"}))?;
    Ok(())
}

/// Executes the job of the first step of a plan.
fn change(
    daemon: &mut Daemon,
    trace: &mut Trace,
    plan: &Plan,
    (raw, size): (&Path, u64),
) -> Result<(), String> {
    match plan.steps.first() {
        Some(Step::Stream) => {
            job(daemon, trace, "block-stream", json!({"device": "image"}))?;
        }
        Some(Step::Commit) => {
            job(daemon, trace, "block-commit", json!({"device": "image"}))?;
        }
        Some(Step::Resize(new)) => {
            let arguments = json!({"node-name": "image", "size": new / 512 * 512});
            command(daemon, trace, "block_resize", arguments)?;
        }
        _writes => {
            fill(raw, Some(SOURCE), size)?;
            backup(daemon, trace, "raw", "image", raw)?;
        }
    }
    Ok(())
}

/// Copies between the image and a raw file.
fn backup(
    daemon: &mut Daemon,
    trace: &mut Trace,
    device: &str,
    target: &str,
    raw: &Path,
) -> Result<bool, String> {
    let options = json!({"driver": "raw", "node-name": "raw", "file": file(raw)});
    command(daemon, trace, "blockdev-add", options)?;
    let arguments = json!({"device": device, "target": target, "sync": "full"});
    let done = job(daemon, trace, "blockdev-backup", arguments)?;
    command(daemon, trace, "blockdev-del", json!({"node-name": "raw"}))?;
    Ok(done)
}

fn command(
    daemon: &mut Daemon,
    trace: &mut Trace,
    name: &'static str,
    arguments: Value,
) -> Result<bool, String> {
    let outcome = daemon.execute(name, arguments)?.map(drop);
    let succeeded = outcome.is_ok();
    trace.outcomes.push((name, outcome));
    Ok(succeeded)
}

fn job(
    daemon: &mut Daemon,
    trace: &mut Trace,
    name: &'static str,
    mut arguments: Value,
) -> Result<bool, String> {
    arguments["job-id"] = json!("job");
    arguments["auto-dismiss"] = json!(false);
    let outcome = match daemon.execute(name, arguments)? {
        Ok(_started) => daemon.conclude("job")?.map_or(Ok(()), Err),
        Err(error) => Err(error),
    };
    let succeeded = outcome.is_ok();
    trace.outcomes.push((name, outcome));
    Ok(succeeded)
}

fn file(path: &Path) -> Value {
    json!({"driver": "file", "filename": path})
}

/// Makes a file of this size, with holes or full of a byte.
fn fill(path: &Path, byte: Option<u8>, size: u64) -> Result<(), String> {
    let size_in_memory = usize::try_from(size).map_err(|error| error.to_string())?;
    let done = match byte {
        Some(byte) => fs::write(path, vec![byte; size_in_memory]),
        None => File::create(path).and_then(|file| file.set_len(size)),
    };
    done.map_err(|error| error.to_string())
}
