//! Time limits, calls that are dropped, and waiting for one event among others.

use std::time::Duration;

use qapi_core::client::{Client, ClientError};
use qapi_core::testing;

use super::lamp::{LampBroken, LampChanged, LampInfo, flicker, query_lamp, service};

async fn client() -> Client {
    Client::over(testing::connect(&service())).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_has_a_time_limit() {
    let mut client = client().await;
    client.set_timeout(Some(Duration::from_secs(60)));
    let late = client.call::<LampInfo>("switch-off-later").await;
    assert!(matches!(late, Err(ClientError::TimedOut)), "{late:?}");
    client.set_timeout(None);
    // The late reply belongs to no call.
    assert_eq!(client.execute(&query_lamp::new()).await.unwrap().brightness, 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_leaves_the_connection_in_order() {
    let mut client = client().await;
    for _ in 0..3 {
        let call = client.call::<LampInfo>("query-lamp");
        drop(tokio::time::timeout(Duration::ZERO, call).await);
    }
    client.execute(&flicker::new(2)).await.unwrap();
    assert_eq!(client.next::<LampChanged>().await.unwrap().lamp.brightness, 0);
}

#[tokio::test]
async fn other_events_stay_in_the_queue() {
    let mut client = client().await;
    client.execute(&flicker::new(3)).await.unwrap();
    client.find_event(|event| event.read::<LampBroken>()).await.unwrap().unwrap();
    let second = |event: &qapi_core::client::Event| {
        let lamp = event.read::<LampChanged>()?.ok()?.lamp;
        (lamp.brightness == 1).then_some(lamp.brightness)
    };
    assert_eq!(client.find_event(second).await.unwrap(), 1);
    assert_eq!(client.take_queued(second), None);
    for brightness in [0, 2] {
        assert_eq!(client.next::<LampChanged>().await.unwrap().lamp.brightness, brightness);
    }
}
