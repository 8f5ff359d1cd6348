//! The server: the states of the commands, and what operators need.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use job::JobSetup;
use job::journal::Journal;
use qapi_core::observe::{AuditLog, Metrics, SlowCalls};
use qapi_core::policy::{Access, Policy};
use qapi_core::prelude::*;
use qapi_core::server::SocketAccess;
use qapi_core::{Listener, ServeError, ServerVersion};

use crate::host::watch_load;
use crate::labels::Labels;
use crate::maintenance::{Maintenance, RefuseInMaintenance};
use crate::memory::Memory;

/// The server of this agent, which the tests run too. It has no sockets.
pub(crate) fn server(journal: Journal) -> Server {
    let jobs = JobSetup::new().results().journal(journal).metrics(Metrics::new());
    let server = jobs.add_to(Server::new());
    let events = server.events();
    let maintenance = Arc::new(Maintenance::default());
    let memory = Arc::new(Memory::default());
    let at_session_end = Arc::clone(&memory);
    server
        .version(ServerVersion::with_package(concat!("host-agent ", env!("CARGO_PKG_VERSION"))))
        .state(Labels::default())
        .shared_state(memory)
        .shared_state(Arc::clone(&maintenance))
        .enable_event_selection()
        .call_hook(AuditLog::new())
        .call_hook(SlowCalls::default())
        .call_hook(RefuseInMaintenance(maintenance))
        .trace_calls()
        .call_deadline(Duration::from_secs(120))
        .background(watch_load(events.clone()))
        .on_session_end(move |session| at_session_end.release(session, &events))
}

/// Adds the sockets: one for administrators, and one that only reads, for the group of `folder`.
pub(crate) fn listen(server: Server, folder: &Path) -> Result<Server, ServeError> {
    let group = fs::metadata(folder)?.gid();
    let read_only = Policy::new()
        .peers(Access::owner_and_root().allow_gid(group))
        .commands("*", Access::none())
        .commands("query-*", Access::anyone());
    let access = SocketAccess::new().mode(0o660).group(group);
    let monitor = Listener::unix_with(folder.join("monitor.sock"), access)?;
    Ok(server
        .listen(Listener::unix(folder.join("admin.sock"))?.name("admin"))
        .listen(monitor.name("monitor").policy(read_only)))
}
