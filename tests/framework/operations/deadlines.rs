//! Deadlines of calls, and calls whose clients disconnect.

use std::sync::atomic::Ordering;
use std::time::Duration;

use qapi_core::client::Client as TypedClient;
use serde_json::json;

use super::definitions::start;
use crate::server::fixture::{Client, soon};

#[tokio::test]
async fn a_call_beyond_its_deadline_is_dropped_and_answered() {
    let (server, record) = start(|server| server);
    let mut client = Client::negotiated(&server.path).await;
    let reply = client.ask("{'execute': 'ops-wait-briefly', 'id': 1}").await;
    let text = "The command ops-wait-briefly exceeded its deadline of 20ms";
    assert_eq!(reply["error"], json!({ "class": "GenericError", "desc": text }));
    assert_eq!(reply["id"], 1);
    soon(record.ended.notified()).await;
    assert_eq!(client.ask("{'execute': 'ops-nop'}").await, json!({ "return": {} }));
}

#[tokio::test]
async fn the_deadline_of_the_server_applies_to_all_other_commands() {
    let (server, record) = start(|server| server.call_deadline(Duration::from_millis(30)));
    let mut client = Client::negotiated(&server.path).await;
    let reply = client.ask("{'execute': 'ops-wait'}").await;
    let text = "The command ops-wait exceeded its deadline of 30ms";
    assert_eq!(reply["error"]["desc"], text);
    client.send("{'execute': 'ops-wait-patiently'}").await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    record.release.store(true, Ordering::Relaxed);
    assert_eq!(client.message().await.unwrap(), json!({ "return": {} }));
}

#[tokio::test]
async fn a_blocking_function_is_notified_and_left_behind() {
    let (server, record) = start(|server| server.blocking_limit(1));
    let mut client = Client::negotiated(&server.path).await;
    let text = "The command ops-block exceeded its deadline of 20ms";
    let reply = client.ask("{'execute': 'ops-block'}").await;
    assert_eq!(reply["error"]["desc"], text);
    // The function occupies the only thread, so that the next call does not begin.
    let reply = client.ask("{'execute': 'ops-block'}").await;
    assert_eq!(reply["error"]["desc"], text);
    while record.seen.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    record.release.store(true, Ordering::Relaxed);
    soon(record.ended.notified()).await;
    assert_eq!(client.ask("{'execute': 'ops-block'}").await, json!({ "return": {} }));
}

#[tokio::test]
async fn a_call_is_cancelled_with_its_client() {
    let (server, record) = start(|server| server);
    for pipelined in ["", "{'execute': 'ops-nop'}"] {
        let mut client = Client::negotiated(&server.path).await;
        client.send("{'execute': 'ops-wait-with-client'}").await;
        client.send(pipelined).await;
        soon(record.began.notified()).await;
        drop(client);
        soon(record.ended.notified()).await;
    }
}

#[tokio::test]
async fn another_call_continues_without_its_client_and_can_notice() {
    let (server, record) = start(|server| server);
    let mut client = Client::negotiated(&server.path).await;
    client.send("{'execute': 'ops-watch-client'}").await;
    soon(record.began.notified()).await;
    drop(client);
    soon(record.ended.notified()).await;
}

#[tokio::test]
async fn a_client_that_only_stops_to_send_has_not_disconnected() {
    let (server, record) = start(|server| server);
    let mut client = Client::negotiated(&server.path).await;
    client.send("{'execute': 'ops-wait-with-client'}").await;
    soon(record.began.notified()).await;
    client.half_close();
    let other = Client::negotiated(&server.path).await;
    let early = tokio::time::timeout(Duration::from_millis(50), record.ended.notified());
    assert!(early.await.is_err(), "the call continues");
    drop(client);
    soon(record.ended.notified()).await;
    drop(other);
}

#[tokio::test]
async fn the_typed_client_receives_the_deadline_as_an_error_of_the_command() {
    let (server, _) = start(|server| server);
    let mut client = TypedClient::connect_unix(&server.path).await.unwrap();
    let error = client.call::<()>("ops-wait-briefly").await.unwrap_err();
    assert!(error.command().unwrap().desc().contains("exceeded its deadline"));
}
