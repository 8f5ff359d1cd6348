//! Command functions that block or never return.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::fixture::{Client, Running};
use crate::session::commands::Gate;

/// A server that shares a gate with the test.
fn server_at_gate(deadline: Duration) -> (Running, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let server = Running::start_at(Arc::clone(&gate), |server| {
        server.blocking_limit(2).drain_deadline(deadline)
    });
    (server, gate)
}

/// A client whose `test-wait` is in flight. The reply to a later out-of-band command proves it.
async fn client_that_waits(server: &Running) -> Client {
    let mut client = Client::connect(&server.path).await;
    let enable = r#"{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}"#;
    assert_eq!(client.ask(enable).await, json!({"return": {}}));
    client.send(r#"{"execute": "test-wait", "id": "wait"}"#).await;
    count_now(&mut client).await;
    client
}

async fn count_now(client: &mut Client) {
    let reply = client.ask(r#"{"exec-oob": "test-count-now", "id": "now"}"#).await;
    assert_eq!(reply, json!({"return": 0, "id": "now"}));
}

#[tokio::test]
async fn out_of_band_commands_are_answered_while_a_call_never_returns() {
    let (server, gate) = server_at_gate(Duration::from_secs(5));
    let mut client = client_that_waits(&server).await;
    // A later in-band command stays in the queue.
    client.send(r#"{"execute": "test-who", "id": "who"}"#).await;
    for _ in 0..20 {
        count_now(&mut client).await;
    }
    gate.open();
    assert_eq!(client.message().await.unwrap(), json!({"return": {}, "id": "wait"}));
    assert_eq!(client.message().await.unwrap()["id"], "who");
}

#[tokio::test]
async fn blocking_functions_are_limited_in_number() {
    let (server, gate) = server_at_gate(Duration::from_secs(5));
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = Client::negotiated(&server.path).await;
        client.send(r#"{"execute": "test-block"}"#).await;
        clients.push(client);
    }
    let mut other = Client::negotiated(&server.path).await;
    let counted = other.ask(r#"{"execute": "test-count-now"}"#).await;
    assert_eq!(counted, json!({"return": 0}), "other commands are not delayed");
    let releasing = Arc::clone(&gate);
    tokio::task::spawn_blocking(move || releasing.release(2)).await.unwrap();
    for client in &mut clients {
        assert_eq!(client.message().await.unwrap(), json!({"return": {}}));
    }
    assert_eq!(gate.most_blocked(), 2);
}

#[tokio::test]
async fn a_call_in_flight_is_answered_before_the_server_ends() {
    let (server, gate) = server_at_gate(Duration::from_secs(30));
    let mut client = client_that_waits(&server).await;
    client.send(r#"{"execute": "test-who", "id": "who"}"#).await;
    count_now(&mut client).await;
    server.shutdown.request();
    gate.open();
    let expected = "{\"return\": {}, \"id\": \"wait\"}\r\n";
    assert_eq!(client.rest().await, expected, "a queued request is not executed");
    server.ended().await.unwrap();
}

#[tokio::test]
async fn the_server_waits_for_a_call_without_a_client() {
    let (server, gate) = server_at_gate(Duration::from_secs(30));
    drop(client_that_waits(&server).await);
    server.shutdown.request();
    gate.open();
    server.ended().await.unwrap();
    assert_eq!(Arc::strong_count(&gate), 1, "the call has ended before the server");
}

#[tokio::test]
async fn a_call_that_never_returns_is_dropped_with_the_server() {
    let (server, gate) = server_at_gate(Duration::from_millis(10));
    let mut client = client_that_waits(&server).await;
    server.shutdown.request();
    assert_eq!(client.rest().await, "");
    server.ended().await.unwrap();
    assert_eq!(Arc::strong_count(&gate), 1, "the server drops the call");
}
