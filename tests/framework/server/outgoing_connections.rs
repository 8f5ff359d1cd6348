//! Clients that listen themselves, and are gone out to.

use std::time::Duration;

use qapi_core::Listener;
use qapi_core::server::ClientAddress;
use tokio::net::{TcpListener, UnixListener};

use super::fixture::{Client, Running, soon};

#[tokio::test]
async fn a_client_that_listens_is_gone_out_to_once() {
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
fn a_client_that_is_not_there_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("client.sock");
    let error = Listener::connect(&ClientAddress::Unix(path.clone())).unwrap_err().to_string();
    let expected =
        format!("Failed to connect to '{}': No such file or directory", path.display());
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_client_is_gone_out_to_again_and_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("client.sock");
    let outgoing =
        Listener::reconnecting(ClientAddress::Unix(path.clone()), Duration::from_millis(1));
    let _server = Running::start_with(|server| server.listen(outgoing));
    // It is tried before anybody listens, and again after each client has left.
    tokio::task::yield_now().await;
    let listening = UnixListener::bind(&path).unwrap();
    for _ in 0..3 {
        let mut client = Client::unix(soon(listening.accept()).await.unwrap().0);
        client.negotiate().await;
    }
}

#[tokio::test]
async fn a_tcp_client_is_gone_out_to() {
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
async fn trying_does_not_hold_up_the_end() {
    let address = ClientAddress::Abstract(b"qapi-tests-nobody-listens".to_vec());
    let outgoing = Listener::reconnecting(address, Duration::from_secs(3600));
    let server = Running::start_with(|server| server.listen(outgoing));
    Client::negotiated(&server.path).await;
    server.shutdown.request();
    server.ended().await.unwrap();
}
