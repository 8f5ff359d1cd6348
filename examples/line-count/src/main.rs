//! Serves jobs that count lines.
//!
//! ```console
//! $ cargo run -p line-count /tmp/count.sock &
//! $ printf '%s' '{"execute": "qmp_capabilities"}' '{"execute": "line-count",
//!     "arguments": {"job-id": "count0", "filename": "/etc/passwd"}}' '{"execute": "query-jobs"}' |
//!     socat -t 5 - UNIX:/tmp/count.sock
//! ```

use std::process::ExitCode;

use job::JobSetup;
use line_count as _;
use qapi_core::{ServeError, Server, ServerVersion};

fn serve(path: &std::ffi::OsStr) -> Result<(), ServeError> {
    JobSetup::new()
        .add_to(Server::new())
        .version(ServerVersion::with_package(concat!("line-count ", env!("CARGO_PKG_VERSION"))))
        .require_package("line-count")
        .listen_unix(path)?
        .run()
}

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("Usage: line-count SOCKET");
        return ExitCode::FAILURE;
    };
    match serve(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("line-count: {error}");
            ExitCode::FAILURE
        }
    }
}
