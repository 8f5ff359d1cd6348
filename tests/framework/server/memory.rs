//! A server whose clients want more memory than it has.

use serde_json::json;

use super::fixture::{Client, Running};

const MIB: usize = 1 << 20;

/// Sends the start of a request that is never completed, with a string of so many bytes, and waits
/// until the server has read it or disconnected the client.
async fn begin(client: &mut Client, bytes: usize) -> Option<serde_json::Value> {
    let part = "x".repeat(64 << 10);
    if client.try_send("{'execute': '").await.is_err() {
        return client.message().await;
    }
    for _ in 0..bytes / part.len() {
        if client.try_send(&part).await.is_err() {
            return client.message().await;
        }
    }
    None
}

#[tokio::test]
async fn clients_that_send_too_much_are_disconnected_and_others_are_served() {
    let server = Running::start_with(|server| server.memory_limit(24 * MIB).client_limit(8));
    let mut behaving = Client::negotiated(&server.path).await;
    let mut greedy = Vec::new();
    for _ in 0..4 {
        greedy.push(Client::negotiated(&server.path).await);
    }
    let mut disconnected = 0;
    for client in &mut greedy {
        let error = begin(client, 32 * MIB).await.expect("32 MiB exceed the limit");
        assert_eq!(error["error"]["desc"], "The memory limit of the server is exceeded");
        assert_eq!(client.message().await, None);
        disconnected += 1;
        let reply = behaving.ask(r#"{"execute": "test-count-now"}"#).await;
        assert_eq!(reply, json!({"return": 0}));
    }
    assert_eq!(disconnected, greedy.len());
}

#[tokio::test]
async fn the_largest_of_many_is_disconnected() {
    let server = Running::start_with(|server| server.memory_limit(40 * MIB).client_limit(8));
    let mut large = Client::negotiated(&server.path).await;
    assert_eq!(begin(&mut large, 17 * MIB).await, None);
    let mut medium = Client::negotiated(&server.path).await;
    let mut small = Client::negotiated(&server.path).await;
    assert_eq!(begin(&mut small, MIB / 2).await, None);
    assert_eq!(begin(&mut medium, 5 * MIB).await, None);
    let error = large.message().await.unwrap();
    assert_eq!(error["error"]["desc"], "The memory limit of the server is exceeded");
    for client in [&mut medium, &mut small] {
        let reply = client.ask("'}").await;
        assert_eq!(reply["error"]["class"], "CommandNotFound");
    }
}
