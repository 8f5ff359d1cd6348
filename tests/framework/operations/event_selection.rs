//! The choice of events by clients, and deferred events that are sent early.

use serde_json::json;

use super::definitions::{OpsLoggedIn, OpsProgress, start};
use crate::server::fixture::Client;

fn progress(id: &str, percent: i64) -> OpsProgress {
    OpsProgress { id: id.to_owned(), percent }
}

fn logged_in() -> OpsLoggedIn {
    OpsLoggedIn { user: "eve".to_owned(), token: String::new() }
}

#[tokio::test]
async fn a_client_receives_the_events_that_it_chose() {
    let (server, _) = start(|server| server);
    let mut chooser = Client::negotiated(&server.path).await;
    let mut other = Client::negotiated(&server.path).await;
    let mut choose = async |patterns: serde_json::Value| {
        let arguments = json!({ "patterns": patterns });
        let request = json!({"execute": "__org.qapi-rs_select-events", "arguments": arguments});
        chooser.ask(&request.to_string()).await
    };
    assert_eq!(choose(json!(["OPS_LOGGED_*", "NONE"])).await, json!({ "return": {} }));
    let refused = choose(json!(vec!["*"; 65])).await;
    assert_eq!(refused["error"]["desc"], "Parameter 'patterns' expects at most 64 patterns");
    let refused = choose(json!(["x".repeat(256)])).await;
    let text = "Parameter 'patterns' expects patterns of at most 255 bytes";
    assert_eq!(refused["error"]["desc"], text);
    server.events.emit(&progress("a", 1));
    server.events.emit(&logged_in());
    assert_eq!(chooser.message().await.unwrap()["event"], "OPS_LOGGED_IN");
    assert_eq!(other.message().await.unwrap()["event"], "OPS_PROGRESS");
    assert_eq!(other.message().await.unwrap()["event"], "OPS_LOGGED_IN");
    chooser.ask("{'execute': '__org.qapi-rs_select-events'}").await;
    server.events.emit(&progress("b", 1));
    assert_eq!(chooser.message().await.unwrap()["event"], "OPS_PROGRESS");
}

#[tokio::test]
async fn deferred_events_are_sent_early_on_request() {
    let (server, _) = start(|server| server);
    let mut client = Client::negotiated(&server.path).await;
    let emit = |id: &str, percent| server.events.emit(&progress(id, percent));
    let mut next = async || {
        let event = client.message().await.unwrap();
        (
            event["data"]["id"].as_str().unwrap_or("end").to_owned(),
            event["data"]["percent"].as_i64(),
        )
    };
    for id in ["a", "b"] {
        emit(id, 1);
        emit(id, 2);
        emit(id, 3);
        assert_eq!(next().await, (id.to_owned(), Some(1)));
    }
    server.events.flush_key("b");
    server.events.emit(&logged_in());
    assert_eq!(next().await, ("b".to_owned(), Some(3)));
    assert_eq!(next().await, ("end".to_owned(), None));
    emit("b", 4);
    server.events.flush_events::<OpsLoggedIn>();
    server.events.flush_events::<OpsProgress>();
    assert_eq!(next().await, ("a".to_owned(), Some(3)));
    assert_eq!(next().await, ("b".to_owned(), Some(4)), "the period continues");
}

#[tokio::test]
async fn an_exempt_event_is_sent_at_once_and_last() {
    let (server, _) = start(|server| server);
    let mut client = Client::negotiated(&server.path).await;
    for percent in [1, 2, 100, 100, 3] {
        server.events.emit(&progress("a", percent));
    }
    for percent in [1, 2, 100, 100] {
        assert_eq!(client.message().await.unwrap()["data"]["percent"], percent);
    }
}

#[tokio::test]
async fn no_deferred_event_is_lost_at_the_end_of_the_server() {
    let (server, _) = start(|server| server);
    let mut client = Client::negotiated(&server.path).await;
    for percent in [1, 2] {
        server.events.emit(&progress("a", percent));
    }
    server.shutdown.request();
    for percent in [1, 2] {
        assert_eq!(client.message().await.unwrap()["data"]["percent"], percent);
    }
    assert_eq!(client.message().await, None);
}
