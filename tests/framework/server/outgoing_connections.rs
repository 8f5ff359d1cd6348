//! Outgoing connections: the client listens, and the server connects.

use std::time::Duration;

use qapi_core::Listener;
use qapi_core::server::ClientAddress;
use tokio::net::{TcpListener, UnixListener};

use super::fixture::{Client, Running, soon};

#[tokio::test]
async fn the_server_connects_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("client.sock");
    let listening = UnixListener::bind(&path).unwrap();
    let outgoing = Listener::connect(&ClientAddress::Unix(path)).unwrap();
    let server = Running::start_with(|server| server.listen(outgoing));
    let mut client = Client::unix(soon(listening.accept()).await.unwrap().0);
    client.negotiate().await;
    drop(client);
    Client::negotiated(&server.path).await;
}

#[test]
fn an_absent_client_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("client.sock");
    let error = Listener::connect(&ClientAddress::Unix(path.clone())).unwrap_err().to_string();
    let expected =
        format!("Failed to connect to '{}': No such file or directory", path.display());
    assert_eq!(error, expected);
}

#[tokio::test]
async fn the_server_connects_again_after_each_client() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("client.sock");
    let outgoing =
        Listener::reconnecting(ClientAddress::Unix(path.clone()), Duration::from_millis(1));
    let _server = Running::start_with(|server| server.listen(outgoing));
    // The first attempt fails, as the client does not listen yet. The server retries, and it
    // connects again after each disconnect.
    tokio::task::yield_now().await;
    let listening = UnixListener::bind(&path).unwrap();
    for _ in 0..3 {
        let mut client = Client::unix(soon(listening.accept()).await.unwrap().0);
        client.negotiate().await;
    }
}

#[tokio::test]
async fn the_server_connects_to_a_tcp_client() {
    let listening = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ClientAddress::Tcp(vec![listening.local_addr().unwrap()]);
    let outgoing = Listener::reconnecting(address, Duration::from_millis(1));
    let server = Running::start_with(|server| server.listen(outgoing));
    let mut client = Client::tcp(soon(listening.accept()).await.unwrap().0);
    client.negotiate().await;
    server.shutdown.request();
    assert_eq!(client.rest().await, "");
    server.ended().await.unwrap();
}

#[tokio::test]
async fn connection_attempts_do_not_delay_the_shutdown() {
    let address = ClientAddress::Abstract(b"qapi-tests-nobody-listens".to_vec());
    let outgoing = Listener::reconnecting(address, Duration::from_secs(3600));
    let server = Running::start_with(|server| server.listen(outgoing));
    Client::negotiated(&server.path).await;
    server.shutdown.request();
    server.ended().await.unwrap();
}
