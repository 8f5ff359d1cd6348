//! Serves backups of files.
//!
//! ```console
//! $ cargo run -p file-backup /tmp/backup.sock &
//! $ printf '%s' '{"execute": "qmp_capabilities"}' '{"execute": "file-backup",
//!     "arguments": {"job-id": "backup0", "source": "/etc/passwd", "target": "/tmp/copy"}}' |
//!     socat -t 5 - UNIX:/tmp/backup.sock
//! ```

use std::process::ExitCode;

use file_backup as _;
use job::JobSetup;
use qapi_core::{ServeError, Server, ServerVersion};

fn serve(path: &std::ffi::OsStr) -> Result<(), ServeError> {
    JobSetup::new()
        .add_to(Server::new())
        .version(ServerVersion::with_package(concat!("file-backup ", env!("CARGO_PKG_VERSION"))))
        .require_package("file-backup")
        .listen_unix(path)?
        .run()
}

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("Usage: file-backup SOCKET");
        return ExitCode::FAILURE;
    };
    match serve(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("file-backup: {error}");
            ExitCode::FAILURE
        }
    }
}
