//! An agent for a host, as it would run in production.
//!
//! ```console
//! $ cargo run -p host-agent /tmp/agent 9100 &
//! $ printf '%s' '{"execute": "qmp_capabilities"}' '{"execute": "query-host"}' |
//!     socat -t 5 - UNIX:/tmp/agent/admin.sock
//! $ curl http://127.0.0.1:9100/metrics
//! ```

mod host;
mod labels;
mod maintenance;
mod measure;
mod memory;
mod server;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use job::journal::{Journal, JournalOptions};
use metrics_exporter_prometheus::PrometheusBuilder;

/// Serves until `quit` or SIGTERM. The log is on standard error, for the journal of systemd.
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "Usage: host-agent FOLDER [METRICS-PORT]";
    let folder = PathBuf::from(arguments.next().ok_or(usage)?);
    // A thread writes the log, so that a reader that stops does not stop the agent.
    let (log, _log_guard) = tracing_appender::non_blocking(std::io::stderr());
    tracing_subscriber::fmt().with_writer(log).with_ansi(false).init();
    if let Some(port) = arguments.next() {
        // Outside of a runtime, the exporter has a thread of its own.
        PrometheusBuilder::new().with_http_listener(([127, 0, 0, 1], port.parse()?)).install()?;
    }
    fs::create_dir_all(&folder)?;
    let journal = Journal::open(folder.join("jobs.redb"), JournalOptions::default())?;
    Ok(server::listen(server::server(journal), &folder)?.run()?)
}
