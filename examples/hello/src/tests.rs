//! Tests of the commands with clients within the process.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use qapi_core::client::Client;
use qapi_core::testing::{TestClient, TestServer};
use serde_json::json;

use super::{Greeted, greet, query_greetings, server};

/// Tests the messages on the wire.
#[tokio::test]
async fn greets_counts_and_emits_the_event_to_all_clients() {
    let server = TestServer::start(server());
    let mut first = TestClient::negotiated(&server).await;
    let mut second = TestClient::negotiated(&server).await;

    let greet = "{'execute': 'greet', 'arguments': {'name': 'world'}, 'id': 1}";
    first.expect(greet, &json!({ "return": { "count": 1 }, "id": 1 })).await;
    for client in [&mut first, &mut second] {
        assert_eq!(client.event("GREETED").await, json!({ "name": "world", "count": 1 }));
    }
    second.expect("{'execute': 'query-greetings'}", &json!({ "return": { "count": 1 } })).await;

    let refused = second.ask("{'execute': 'greet', 'arguments': {'name': 7}}").await;
    let text = "Invalid parameter type for 'name', expected: string";
    assert_eq!(refused, json!({ "error": { "class": "GenericError", "desc": text } }));
}

/// Tests the commands through the typed client.
#[tokio::test]
async fn greetings_are_counted() {
    let server = TestServer::start(server());
    let mut client = Client::over(server.connect()).await.unwrap();
    for (name, count) in [("world", 1), ("moon", 2)] {
        assert_eq!(client.execute(&greet { name }).await.unwrap().count, count);
        let event: Greeted = client.next().await.unwrap();
        assert_eq!((event.name.as_str(), event.count), (name, count));
    }
    assert_eq!(client.execute(&query_greetings {}).await.unwrap().count, 2);
}
