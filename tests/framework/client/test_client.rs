//! The client for the tests of daemons.

use serde_json::json;

use qapi_core::testing::TestClient;

use super::lamp::service;

#[tokio::test(start_paused = true)]
async fn an_hour_passes_at_once_under_a_paused_clock() {
    let mut client = TestClient::negotiated(&service()).await;
    client
        .expect("{'execute': 'set-lamp', 'arguments': {'brightness': 2}}", &json!({"return": {}}))
        .await;
    let lamp = json!({ "brightness": 2, "mood": "bright" });
    assert_eq!(client.event("LAMP_CHANGED").await, json!({ "lamp": lamp, "was": 0 }));
    let before = tokio::time::Instant::now();
    let dark = json!({"return": {"brightness": 0, "mood": "dark"}, "id": 1});
    // The hour passes on the paused clock alone, and exceeds the client's time-out.
    client.send("{'execute': 'switch-off-later', 'id': 1}").await;
    tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
    assert_eq!(client.reply().await, dark);
    assert!(before.elapsed().as_secs() >= 3600);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the server responds in time")]
async fn a_wait_that_cannot_end_fails_at_once() {
    let mut client = TestClient::negotiated(&service()).await;
    client.message().await;
}

#[tokio::test]
async fn arbitrary_bytes_can_be_sent_and_all_output_read() {
    let mut client = TestClient::greeted(&service()).await;
    let reply = client.ask(b"\xff").await;
    assert_eq!(reply["error"]["desc"], "JSON parse error, stray '\u{fffd}'");
    client.send("{'execute': 'qmp_capabilities', 'id': [1]} {'execute'").await;
    client.half_close().await;
    assert_eq!(client.rest().await, "{\"return\": {}, \"id\": [1]}\r\n");
}

#[tokio::test]
async fn the_greeting_comes_first() {
    let mut client = TestClient::new(&service());
    let greeting = client.message().await.unwrap();
    assert_eq!(greeting["QMP"]["capabilities"], json!(["oob"]));
}
