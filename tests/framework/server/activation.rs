//! Socket activation and readiness notification by a service manager.
//!
//! A service manager passes sockets to another process. The test starts its own executable as that
//! process.

use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::{Command, Stdio};
use std::time::Duration;

use qapi_core::{Listener, Server};

use super::fixture::Client;
use crate::session::commands::Gate;
use crate::support::registry::registry_of;

/// The name of the test that runs in the process of the service.
const SERVICE: &str = "server::activation::the_service_process";

#[test]
fn the_service_process() {
    if std::env::var_os("LISTEN_FDS").is_none() {
        return;
    }
    let listeners = Listener::activated().unwrap();
    assert_eq!(listeners.len(), 1);
    let server = Server::new().registry(registry_of("main::session")).state(Gate::default());
    let server = listeners.into_iter().fold(server, Server::listen);
    server.notify_readiness().run().unwrap();
    assert!(Listener::activated().is_err(), "each socket is returned only once");
}

#[tokio::test]
async fn a_service_manager_passes_the_socket_and_is_notified() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("qmp.sock");
    let manager_path = directory.path().join("notify.sock");
    let manager = UnixDatagram::bind(&manager_path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let socket: OwnedFd = UnixListener::bind(&path).unwrap().into();
    // The shell moves the socket to descriptor 3 and sets `LISTEN_PID` to its own process ID, as
    // the protocol requires.
    let mut service = Command::new("sh")
        .args(["-c", r#"LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@" 3<&0 </dev/null"#])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", SERVICE])
        .env("NOTIFY_SOCKET", &manager_path)
        .stdin(socket)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let notified = || {
        let mut buffer = [0; 64];
        let count = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..count]).into_owned()
    };
    assert_eq!(notified(), "READY=1\n");
    let mut client = Client::negotiated(&path).await;
    client.ask(r#"{"execute": "quit"}"#).await;
    assert_eq!(notified(), "STOPPING=1\n");
    assert!(service.wait().unwrap().success());
}
