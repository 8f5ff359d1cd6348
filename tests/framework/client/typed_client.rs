//! The typed client and a real server.

use std::time::SystemTime;

use qapi_core::ErrorClass;
use qapi_core::client::{Client, ClientError, EVENT_LIMIT};
use qapi_core::{Listener, Server, testing};
use serde_json::json;

use super::lamp::{
    Brightness, LampBroken, LampChanged, LampInfo, LampMood, LampSetting, describe_lamps,
    flicker, query_lamp, service, set_lamp,
};
use crate::support::registry::registry_of;

async fn client() -> Client {
    Client::over(testing::connect(&service())).await.unwrap()
}

#[tokio::test]
async fn a_command_returns_the_annotated_type() {
    let mut client = client().await;
    client.execute(&set_lamp { setting: LampSetting { brightness: 7 } }).await.unwrap();
    let lamp = client.execute(&query_lamp {}).await.unwrap();
    assert_eq!(lamp, LampInfo { brightness: 7, mood: LampMood::Bright, owner: None });
}

#[tokio::test]
async fn a_command_is_called_by_name_as_well() {
    let mut client = client().await;
    client.call_with::<()>("set-lamp", &LampSetting { brightness: 7 }).await.unwrap();
    let lamp: LampInfo = client.call("query-lamp").await.unwrap();
    assert_eq!(lamp.brightness, 7);
}

#[tokio::test]
async fn arguments_arrive_as_they_were_given() {
    let mut client = client().await;
    let first = LampSetting { brightness: 1 };
    let names = ["a".to_owned(), "b".to_owned()];
    let (full, sparse) = (
        describe_lamps {
            names: &names,
            r#type: LampMood::Dark,
            first: &first,
            owner: Some("me"),
            others: Some(&[2, 3]),
            count: Some(4),
        },
        describe_lamps {
            names: &[],
            r#type: LampMood::Bright,
            first: &first,
            owner: None,
            others: None,
            count: None,
        },
    );
    let reply = client.execute(&full).await.unwrap();
    let setting = "LampSetting { brightness: 1 }";
    assert_eq!(
        reply,
        [format!("[\"a\", \"b\"] dark {setting} Some(\"me\") Some([2, 3]) Some(4)")]
    );
    let reply = client.execute(&sparse).await.unwrap();
    assert_eq!(reply, [format!("[] bright {setting} None None None")]);
}

#[tokio::test]
async fn an_error_has_its_class_and_the_connection_stays_open() {
    let mut client = client().await;
    let refused = client.call_with::<()>("set-lamp", &json!({ "brightness": -1 })).await;
    let refused = refused.unwrap_err();
    let error = refused.command().unwrap();
    assert_eq!(
        (error.class(), error.desc()),
        (ErrorClass::DeviceNotActive, "The lamp cannot do that")
    );
    assert_eq!(qapi_core::Error::from(refused).class(), ErrorClass::DeviceNotActive);

    let wrong = client.call_with::<()>("set-lamp", &json!({ "brightness": "high" })).await;
    let text = "Invalid parameter type for 'brightness', expected: integer";
    assert_eq!(wrong.unwrap_err().to_string(), text);
    let missing = client.call::<()>("no-such-command").await.unwrap_err();
    assert_eq!(missing.command().unwrap().class(), ErrorClass::CommandNotFound);
    client.call::<LampInfo>("query-lamp").await.unwrap();
}

#[tokio::test]
async fn events_are_queued_during_calls() {
    let mut client = client().await;
    for brightness in [3, 4] {
        client.call_with::<()>("set-lamp", &LampSetting { brightness }).await.unwrap();
    }
    let event = client.next_event().await.unwrap();
    assert_eq!(event.name(), "LAMP_CHANGED");
    assert!(event.time() > SystemTime::UNIX_EPOCH);
    assert!(event.read::<LampBroken>().is_none(), "it is another event");
    let changed: LampChanged = event.read().unwrap().unwrap();
    assert_eq!((changed.lamp.brightness, changed.was), (3, Some(0)));
    let changed: LampChanged = client.next().await.unwrap();
    assert_eq!((changed.lamp.brightness, changed.was), (4, Some(3)));
}

#[tokio::test]
async fn an_event_is_found_after_others() {
    let mut client = client().await;
    client.execute(&flicker { times: 5 }).await.unwrap();
    assert_eq!(client.next::<LampBroken>().await.unwrap(), LampBroken);
}

#[tokio::test]
async fn at_the_limit_the_oldest_events_are_dropped_and_counted() {
    let mut client = client().await;
    let limit = i64::try_from(EVENT_LIMIT).unwrap();
    client.execute(&flicker { times: limit - 1 }).await.unwrap();
    assert_eq!(client.lost_events(), 0);
    client.call_with::<()>("set-lamp", &LampSetting { brightness: 1 }).await.unwrap();
    assert_eq!(client.lost_events(), 1);
    let oldest: LampChanged = client.next().await.unwrap();
    assert_eq!(oldest.lamp.brightness, 1, "the one with 0 was dropped");
}

#[tokio::test]
async fn quitting_ends_the_connection() {
    let mut client = client().await;
    client.call::<()>("quit").await.unwrap();
    assert!(matches!(client.next_event().await, Err(ClientError::Closed)));
}

#[tokio::test]
async fn a_unix_socket_works_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lamp.sock");
    let refused = Client::connect_unix(&path).await;
    assert!(matches!(refused, Err(ClientError::Io(_))), "{refused:?}");
    let server = Server::new().registry(registry_of("main::client")).state(Brightness::default());
    let server = tokio::spawn(server.listen(Listener::unix(&path).unwrap()).serve());
    let mut client = Client::connect_unix(&path).await.unwrap();
    assert!(client.greeting()["version"]["qemu"]["major"].is_u64(), "{:?}", client.greeting());
    client.call::<LampInfo>("query-lamp").await.unwrap();
    client.call::<()>("quit").await.unwrap();
    server.await.unwrap().unwrap();
}
