//! Transports other than a Unix socket with a file: TCP, abstract sockets, inherited sockets.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram, UnixListener, UnixStream};

use qapi_core::{Listener, Server};
use serde_json::json;
use tokio::net::TcpStream;

use super::fixture::{Client, Running, soon};

/// A server with the additional `listener`.
fn serve(listener: Listener) -> Running {
    Running::start_with(|server: Server| server.listen(listener))
}

async fn tcp_client(address: SocketAddr) -> Client {
    Client::tcp(soon(TcpStream::connect(address)).await.unwrap())
}

fn unix_client(stream: UnixStream) -> Client {
    stream.set_nonblocking(true).unwrap();
    Client::unix(stream.try_into().unwrap())
}

#[tokio::test]
async fn tcp_is_served_on_the_loopback_interface() {
    let listener = Listener::tcp(0).unwrap();
    let address = listener.tcp_address().unwrap();
    assert!(address.ip().is_loopback() && address.port() != 0);
    let _server = serve(listener);
    for _ in 0..2 {
        tcp_client(address).await.negotiate().await;
    }
}

#[tokio::test]
async fn a_tcp_client_may_close_its_writing_half_first() {
    let listener = Listener::tcp(0).unwrap();
    let address = listener.tcp_address().unwrap();
    let _server = serve(listener);
    let mut client = tcp_client(address).await;
    client.negotiate().await;
    client.send(r#"{"execute": "test-echo-later", "arguments": {"text": "a"}}"#).await;
    client.half_close();
    assert_eq!(client.rest().await, "{\"return\": \"a\"}\r\n");
}

#[test]
fn a_port_in_use_is_an_error() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let first = Listener::tcp(taken.port()).unwrap();
    let error = Listener::tcp(taken.port()).unwrap_err().to_string();
    assert_eq!(error, format!("Failed to bind socket to {taken}: Address already in use"));
    drop(first);
}

#[tokio::test]
async fn an_abstract_socket_is_served() {
    let name = format!("qapi-tests-{}", std::process::id());
    let _server = serve(Listener::unix(format!("@{name}")).unwrap());
    let taken = Listener::unix_abstract(&name).unwrap_err().to_string();
    assert_eq!(taken, format!("Failed to bind socket to @{name}: Address already in use"));
    let address = UnixAddr::from_abstract_name(&name).unwrap();
    let mut client = unix_client(UnixStream::connect_addr(&address).unwrap());
    client.negotiate().await;
}

#[test]
fn an_abstract_name_that_is_too_long_is_an_error() {
    assert!(Listener::unix_abstract("x".repeat(107)).is_ok());
    assert!(Listener::unix_abstract("x".repeat(108)).is_err());
}

#[tokio::test]
async fn a_connected_socket_is_served() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let server = serve(Listener::connection(theirs.into()).unwrap());
    let mut client = unix_client(ours);
    client.negotiate().await;
    drop(client);
    Client::negotiated(&server.path).await;
}

#[tokio::test]
async fn a_listening_socket_is_served() {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let _server = serve(Listener::listening(socket.into()).unwrap());
    tcp_client(address).await.negotiate().await;
}

#[tokio::test]
async fn the_server_does_not_remove_the_file_of_an_inherited_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("foreign.sock");
    let listener = Listener::listening(UnixListener::bind(&path).unwrap().into()).unwrap();
    let server = serve(listener);
    Client::negotiated(&path).await;
    server.shutdown.request();
    server.ended().await.unwrap();
    assert!(path.exists(), "the creator of the socket removes the file");
}

#[test]
fn unsupported_sockets_are_refused() {
    let datagram = || UnixDatagram::unbound().unwrap().into();
    assert!(Listener::connection(datagram()).is_err());
    assert!(Listener::listening(datagram()).is_err());
    let (one, _other) = UnixStream::pair().unwrap();
    let error = Listener::listening(one.into()).unwrap_err().to_string();
    assert_eq!(error, "The socket does not listen");
}

#[tokio::test]
async fn a_server_can_wait_for_its_first_client() {
    let listener = Listener::tcp(0).unwrap();
    let address = listener.tcp_address().unwrap();
    {
        let waiting = listener.wait_for_client();
        tokio::pin!(waiting);
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("the wait ended before a client connected"),
            () = tokio::task::yield_now() => {}
        }
        let _first = TcpStream::connect(address).await.unwrap();
        soon(waiting).await.unwrap();
    }
    let _server = serve(listener);
    let mut client = tcp_client(address).await;
    client.negotiate().await;
    assert_eq!(client.ask(r#"{"execute": "test-count-now"}"#).await, json!({"return": 0}));
}

#[tokio::test]
async fn clients_of_all_transports_share_the_limit() {
    let listener = Listener::tcp(0).unwrap();
    let address = listener.tcp_address().unwrap();
    let server = Running::start_with(|server| server.listen(listener).client_limit(1));
    let _first = Client::negotiated(&server.path).await;
    let refusal = tcp_client(address).await.message().await.unwrap();
    assert_eq!(refusal["error"]["desc"], "Too many clients are connected");
}
