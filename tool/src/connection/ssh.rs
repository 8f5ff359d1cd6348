//! Unix sockets of other hosts, which `ssh` forwards.

use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::net::UnixStream;

use super::process::ServerProcess;

/// The time between two attempts to connect to the socket that `ssh` makes.
const INTERVAL: Duration = Duration::from_millis(20);

/// Connects to the unix socket `path` of `host`.
///
/// `ssh -L` works with every OpenSSH since 6.7 and needs no program on the host; `ssh -W` accepts
/// the path of a socket only since 9.4.
pub(super) async fn connect(host: &str, path: &str) -> io::Result<(UnixStream, ServerProcess)> {
    let folder = tempfile::Builder::new().prefix("qapi-").tempdir()?;
    let socket = folder.path().join("socket");
    let child = Command::new("ssh")
        .args(["-N", "-o", "ExitOnForwardFailure=yes", "-L"])
        .arg(format!("{}:{path}", socket.display()))
        .args(["--", host])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| io::Error::other(format!("cannot start ssh: {error}")))?;
    let mut process = ServerProcess::forwarder(child, folder);
    loop {
        match UnixStream::connect(&socket).await {
            Ok(stream) => return Ok((stream, process)),
            Err(_) if process.has_ended()? => return Err(io::Error::other("ssh ended")),
            Err(_) => tokio::time::sleep(INTERVAL).await,
        }
    }
}
