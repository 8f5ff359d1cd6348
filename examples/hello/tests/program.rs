//! Tests of the program with a client that connects to its socket.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::process::{Child, Command};
use std::time::Duration;

use qapi_core::client::Client;
use qapi_core::commands::control::{query_commands, quit};

/// The time within which the program has to start.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The running program. The drop kills the process.
struct Hello(Child);

impl Drop for Hello {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn serves_until_quit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hello.sock");
    let program = surroundings::program("hello", env!("CARGO_BIN_EXE_hello"));
    let mut hello = Hello(Command::new(program).arg(&path).spawn().unwrap());
    let mut client = Client::connect_unix_within(&path, TIMEOUT).await.unwrap();
    let commands = client.execute(&query_commands {}).await.unwrap();
    assert!(commands.iter().any(|command| command.name == "greet"), "{commands:?}");
    client.execute(&quit {}).await.unwrap();
    assert!(hello.0.wait().unwrap().success());
    assert!(!path.exists(), "the socket is left behind");
}
