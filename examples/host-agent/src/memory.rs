//! Reservations of memory: each lasts as long as the session that made it.

use std::collections::BTreeMap;
use std::{fs, io};

use host_agent_client::{MemoryReleased, MemoryReserved, SessionInfo};
use parking_lot::Mutex;
use qapi_core::prelude::*;

/// The reserved bytes by session.
#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<u64, u64>>);

/// The name of a session.
#[derive(Default)]
struct SessionName(Mutex<Option<String>>);

impl Memory {
    pub(crate) fn total(&self) -> io::Result<u64> {
        let text = fs::read_to_string("/proc/meminfo")?;
        let kibibytes = text.split_whitespace().nth(1).and_then(|size| size.parse::<u64>().ok());
        Ok(kibibytes.ok_or_else(|| io::Error::other("/proc/meminfo has no size"))? << 10)
    }

    pub(crate) fn reserved(&self) -> u64 {
        self.0.lock().values().sum()
    }

    /// Releases the memory of a session.
    pub(crate) fn release(&self, session: &SessionContext, events: &Events) {
        if let Some(bytes) = self.0.lock().remove(&session.id()) {
            events.emit(&MemoryReleased { session: session.id(), bytes });
        }
    }

    fn session(&self, session: &SessionContext) -> SessionInfo {
        let reserved = self.0.lock().get(&session.id()).copied().unwrap_or_default();
        let name = session.data::<SessionName>().0.lock().clone();
        SessionInfo { id: session.id(), name, reserved }
    }
}

/// Sets the name of the caller's session.
#[qapi_command(since = "1.0")]
fn session_set_name(
    #[qapi(session)] session: &SessionContext,
    /// The name.
    name: &str,
) {
    *session.data::<SessionName>().0.lock() = Some(name.to_owned());
}

/// Returns information about the caller's session.
#[qapi_command(since = "1.0")]
fn query_session(
    #[qapi(session)] session: &SessionContext,
    #[qapi(state)] memory: &Memory,
) -> SessionInfo {
    memory.session(session)
}

/// Reserves memory until the end of the session.
#[qapi_command(since = "1.0")]
fn memory_reserve(
    #[qapi(session)] session: &SessionContext,
    #[qapi(state)] memory: &Memory,
    #[qapi(state)] events: &Events,
    /// The memory in bytes, in addition to that of earlier calls.
    bytes: u64,
) -> qapi_core::Result<SessionInfo> {
    let free = memory.total()?.saturating_sub(memory.reserved());
    if bytes > free {
        return Err(format!("Only {free} bytes are free").into());
    }
    *memory.0.lock().entry(session.id()).or_default() += bytes;
    let info = memory.session(session);
    events.emit(&MemoryReserved(info.clone()));
    Ok(info)
}

/// Releases the memory of the caller's session.
#[qapi_command(since = "1.0")]
fn memory_release(
    #[qapi(session)] session: &SessionContext,
    #[qapi(state)] memory: &Memory,
    #[qapi(state)] events: &Events,
) {
    memory.release(session, events);
}
