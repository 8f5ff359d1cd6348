//! The places of a server, and how clients that do not use them lose them.

use std::time::Duration;

use qapi_core::Listener;
use serde_json::json;
use tokio::net::TcpStream;

use super::fixture::{Client, Running, soon};

/// The default time in which a client has to negotiate.
const NEGOTIATION_DEADLINE: Duration = Duration::from_secs(30);

/// Lets `time` pass for the server.
async fn advance(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_client_that_does_not_negotiate_loses_its_place() {
    let server = Running::start_with(|server| server.client_limit(2));
    let mut idle = Client::negotiated(&server.path).await;
    let mut silent = Client::connect(&server.path).await;
    advance(NEGOTIATION_DEADLINE).await;
    let error = silent.message().await.unwrap();
    assert_eq!(error["error"]["desc"], "Capabilities were not negotiated in time");
    assert_eq!(silent.message().await, None);
    Client::negotiated(&server.path).await;
    assert_eq!(idle.ask(r#"{"execute": "test-count-now"}"#).await, json!({"return": 0}));
}

#[tokio::test]
async fn bytes_without_a_negotiation_do_not_extend_the_deadline() {
    let server = Running::start();
    let mut dripping = Client::connect(&server.path).await;
    let mut malformed = Client::connect(&server.path).await;
    for byte in ["{", "'", "e"] {
        dripping.send(byte).await;
        let reply = malformed.ask("{} ").await;
        assert_eq!(reply["error"]["desc"], "QMP input lacks member 'execute'");
        advance(NEGOTIATION_DEADLINE / 3).await;
    }
    for mut client in [dripping, malformed] {
        let error = client.message().await.unwrap();
        assert_eq!(error["error"]["desc"], "Capabilities were not negotiated in time");
        assert_eq!(client.message().await, None);
    }
}

#[tokio::test]
async fn the_deadline_can_be_set() {
    let hour = Duration::from_secs(3600);
    let server = Running::start_with(|server| server.negotiation_deadline(hour));
    let mut silent = Client::connect(&server.path).await;
    advance(hour / 2).await;
    let reply = silent.ask(r#"{"execute": "qmp_capabilities"}"#).await;
    assert_eq!(reply, json!({"return": {}}));
}

#[tokio::test]
async fn each_user_has_a_limit() {
    let listener = Listener::tcp(0).unwrap();
    let address = listener.tcp_address().unwrap();
    let server = Running::start_with(|server| server.listen(listener).client_limit_per_user(1));
    let _first = Client::negotiated(&server.path).await;
    let mut second = Client::connect_silently(&server.path).await;
    let refusal = second.message().await.unwrap();
    assert_eq!(refusal["error"]["desc"], "Too many clients are connected");
    Client::tcp(soon(TcpStream::connect(address)).await.unwrap()).negotiate().await;
}

#[tokio::test]
async fn unidentified_clients_leave_a_place_to_the_user_of_the_server() {
    let listener = Listener::tcp(0).unwrap();
    let address = listener.tcp_address().unwrap();
    let server = Running::start_with(|server| server.listen(listener).client_limit(2));
    let mut flood = Vec::new();
    for _ in 0..2 {
        flood.push(Client::tcp(soon(TcpStream::connect(address)).await.unwrap()));
    }
    let (mut first, mut second) = (flood.remove(0), flood.remove(0));
    first.negotiate().await;
    let refusal = second.message().await.unwrap();
    assert_eq!(refusal["error"]["desc"], "Too many clients are connected");
    Client::negotiated(&server.path).await;
}

#[tokio::test]
async fn a_call_whose_client_left_occupies_its_place() {
    let server = Running::start_with(|server| server.client_limit(2));
    let mut control = Client::negotiated(&server.path).await;
    let mut leaving = Client::negotiated(&server.path).await;
    leaving.send(r#"{"execute": "test-wait"}"#).await;
    // The reply shows that the server has also read the earlier request.
    control.ask(r#"{"execute": "test-count-now"}"#).await;
    drop(leaving);
    let mut refused = Client::connect_silently(&server.path).await;
    let refusal = refused.message().await.unwrap();
    assert_eq!(refusal["error"]["desc"], "Too many clients are connected");
    control.ask(r#"{"execute": "test-open"}"#).await;
    soon(async {
        loop {
            let mut client = Client::connect_silently(&server.path).await;
            if client.message().await.is_some_and(|message| message.get("QMP").is_some()) {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_clients_of_a_listener_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("second.sock");
    let listener = Listener::unix(&path).unwrap();
    let count = listener.client_count();
    let server = Running::start_with(|server| server.listen(listener));
    Client::negotiated(&server.path).await;
    assert_eq!(count.get(), 0);
    let first = Client::negotiated(&path).await;
    let _second = Client::negotiated(&path).await;
    assert_eq!(count.get(), 2);
    drop(first);
    soon(async {
        while count.get() != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
