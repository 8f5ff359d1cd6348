//! A client that connects again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use qapi_core::client::{Client, ClientError, QapiCommand, Received, ReconnectingClient};
use tokio::io::AsyncWriteExt;

use super::lamp::{LampBroken, LampInfo, query_lamp};

/// A client whose n-th connection receives the n-th script after the negotiation, and then ends.
/// Further attempts to connect fail.
fn client(scripts: &'static [&'static str]) -> (ReconnectingClient, Arc<AtomicUsize>) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&attempts);
    let client = ReconnectingClient::new(move || {
        let script = scripts.get(counter.fetch_add(1, Ordering::Relaxed));
        async move {
            let script = script.ok_or(ClientError::Closed)?;
            let (near, mut far) = tokio::io::duplex(1 << 16);
            let greeting =
                r#"{"QMP": {"version": {}, "capabilities": []}} {"return": {}, "id": 1}"#;
            far.write_all(format!("{greeting} {script}").as_bytes()).await?;
            tokio::spawn(async move {
                // The client writes its requests before the connection ends.
                tokio::time::sleep(Duration::from_secs(1)).await;
                drop(far);
            });
            Client::over(near).await
        }
    });
    (client, attempts)
}

const BROKEN: &str =
    r#"{"event": "LAMP_BROKEN", "timestamp": {"seconds": 1, "microseconds": 0}}"#;

fn is_broken(received: &Received) -> bool {
    matches!(received, Received::Event(event) if event.read::<LampBroken>().is_some())
}

#[tokio::test(start_paused = true)]
async fn events_may_be_missing_after_a_reconnection() {
    let (mut client, _) = client(&[BROKEN, BROKEN]);
    assert!(is_broken(&client.next_event().await));
    assert!(matches!(client.next_event().await, Received::Missed));
    assert!(is_broken(&client.next_event().await));
}

#[tokio::test(start_paused = true)]
async fn a_call_is_not_repeated_and_the_next_one_connects() {
    let lamp = r#"{"return": {"brightness": 4, "mood": "bright"}, "id": 2}"#;
    let (mut client, attempts) = client(Box::leak(Box::new(["", lamp])));
    let lost = client.execute(&query_lamp::new()).await;
    assert!(matches!(lost, Err(ClientError::Closed)), "{lost:?}");
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
    let lamp: LampInfo = client.execute(&query_lamp::new()).await.unwrap();
    assert_eq!(lamp.brightness, 4);
    assert!(matches!(client.next_event().await, Received::Missed));
}

#[tokio::test(start_paused = true)]
async fn attempts_become_less_frequent() {
    let (client, attempts) = client(&[]);
    let mut client = client.delays(Duration::from_secs(1), Duration::from_secs(4));
    // After 0, 1, 3, 7, 11, 15 and 19 seconds.
    let waiting = tokio::time::timeout(Duration::from_secs(20), client.next_event()).await;
    assert!(waiting.is_err());
    assert_eq!(attempts.load(Ordering::Relaxed), 7);
}

#[tokio::test(start_paused = true)]
async fn a_server_with_another_schema_is_refused() {
    let (client, _) = client(&[r#"{"return": [], "id": 2}"#]);
    let mut client = client.expect_schema(&[query_lamp::DEFINITION]);
    let refused = client.execute(&query_lamp::new()).await;
    assert!(matches!(refused, Err(ClientError::Schema(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn connecting_has_a_time_limit() {
    let client = ReconnectingClient::new(|| async {
        let (near, far) = tokio::io::duplex(64);
        let client = Client::over(near).await;
        drop(far);
        client
    });
    let mut client = client.timeout(Duration::from_secs(5));
    let refused = client.execute(&query_lamp::new()).await;
    assert!(matches!(refused, Err(ClientError::TimedOut)), "{refused:?}");
}
