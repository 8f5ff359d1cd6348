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
use std::path::Path;
use std::process::ExitCode;

use job::journal::{Journal, JournalOptions};
use metrics_exporter_prometheus::PrometheusBuilder;

/// Serves until `quit` or SIGTERM. The log is on standard error, for the journal of systemd.
fn serve(folder: &Path, metrics_port: Option<u16>) -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        if let Some(port) = metrics_port {
            let exporter = PrometheusBuilder::new().with_http_listener(([127, 0, 0, 1], port));
            exporter.install()?;
        }
        std::fs::create_dir_all(folder)?;
        let journal = Journal::open(folder.join("jobs.redb"), JournalOptions::default())?;
        let server = server::listen(server::server(journal), folder)?;
        tokio::spawn(host::watch_load(server.events()));
        Ok(server.serve().await?)
    })
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("Usage: host-agent FOLDER [METRICS-PORT]");
        return ExitCode::FAILURE;
    };
    let metrics_port = arguments.next().and_then(|port| port.to_str()?.parse().ok());
    match serve(folder.as_ref(), metrics_port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("host-agent: {error}");
            ExitCode::FAILURE
        }
    }
}
