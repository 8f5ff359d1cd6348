//! The host: its load, its memory, its file systems.

use std::time::Duration;
use std::{fs, io};

use host_agent_client::{HostInfo, LoadChanged, MountInfo};
use qapi_core::prelude::*;

use crate::memory::Memory;

/// Returns information about the host.
#[qapi_command(since = "1.0")]
fn query_host(#[qapi(state)] memory: &Memory) -> io::Result<HostInfo> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_owned();
    Ok(HostInfo { name, load: load()?, memory: memory.total()?, reserved: memory.reserved() })
}

/// Returns the file systems that are mounted.
#[qapi_command(since = "1.0", blocking)]
fn query_mounts() -> io::Result<Vec<MountInfo>> {
    let mounts = fs::read_to_string("/proc/mounts")?;
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(1).map(str::to_owned);
        Some(MountInfo { path: fields.next()?, format: fields.next()? })
    };
    Ok(mounts.lines().filter_map(mount).collect())
}

/// Writes the data that the host keeps in memory to its disks.
#[qapi_command(since = "1.0", blocking)]
fn disks_sync() {
    rustix::fs::sync();
}

/// Writes the line `text` to the log of the agent. The log names the caller's session.
#[qapi_command(since = "1.0")]
fn log_message(text: &str) {
    tracing::info!("{text}");
}

/// Waits until the load is below a limit.
#[qapi_command(since = "1.0", deadline = "60s", cancel_on_disconnect)]
async fn wait_for_load(
    /// The limit.
    below: f64,
) -> io::Result<()> {
    while load()? >= below {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// Emits an event when the load changes.
pub(crate) async fn watch_load(events: Events) {
    let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let mut last = None;
    loop {
        if let Ok(load) = load()
            && last.replace(load) != Some(load)
        {
            events.emit(&LoadChanged { load, overload: load > processors });
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn load() -> io::Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    let minute = text.split(' ').next().and_then(|load| load.parse().ok());
    minute.ok_or_else(|| io::Error::other("/proc/loadavg has no load"))
}
