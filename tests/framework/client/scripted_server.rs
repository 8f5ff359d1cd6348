//! The typed client and a server with a script.

use std::time::{Duration, UNIX_EPOCH};

use qapi_core::client::{Client, ClientError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::lamp::{LampChanged, LampInfo};

const GREETING: &str = r#"{"QMP": {"version": {}, "capabilities": []}}"#;

/// A server that sends `script` at once and leaves the connection open.
fn server(script: String) -> DuplexStream {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    tokio::spawn(async move {
        far.write_all(script.as_bytes()).await.unwrap();
        let _ = far.read_to_end(&mut Vec::new()).await;
    });
    near
}

/// A client that has negotiated with a server that sends `script` afterwards.
async fn client(script: &str) -> Client {
    let text = format!(r#"{GREETING} {{"return": {{}}, "id": 1}} {script}"#);
    Client::over(server(text)).await.unwrap()
}

#[tokio::test]
async fn unknown_members_of_a_newer_server_are_ignored() {
    let lamp = r#"{"brightness": 1, "mood": "dark", "colour": {"red": 1}}"#;
    let event = format!(
        r#"{{"event": "LAMP_CHANGED", "timestamp": {{"seconds": 7, "microseconds": 5, "x": 1}},
            "data": {{"lamp": {lamp}, "why": null}}, "from": "here"}}"#
    );
    let script = format!(r#"{event} {{"return": {lamp}, "id": 2, "took": 1.5}}"#);
    let mut client = client(&script).await;
    let info: LampInfo = client.call("query-lamp").await.unwrap();
    assert_eq!(info.brightness, 1);
    let event = client.next_event().await.unwrap();
    assert_eq!(event.time(), UNIX_EPOCH + Duration::new(7, 5000));
    assert_eq!(event.read::<LampChanged>().unwrap().unwrap().lamp, info);
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error_with_the_path() {
    let mut client = client(
        r#"{"return": [{"brightness": 1}], "id": 2}
           {"event": "LAMP_CHANGED", "timestamp": {"seconds": -1, "microseconds": -1}}
           {"return": {}, "id": 3}"#,
    )
    .await;
    let error = client.call::<Vec<LampInfo>>("query-lamps").await.unwrap_err();
    assert!(matches!(error, ClientError::Unexpected(_)), "{error:?}");
    assert!(error.to_string().ends_with("Parameter '[0].mood' is missing"), "{error}");
    client.call::<()>("query-nothing").await.unwrap();
    let event = client.next_event().await.unwrap();
    assert_eq!(event.time(), UNIX_EPOCH);
    let error = event.read::<LampChanged>().unwrap().unwrap_err();
    assert!(error.to_string().ends_with("Parameter 'lamp' is missing"), "{error}");
}

#[tokio::test]
async fn errors_of_an_unknown_class_and_without_an_id_are_received() {
    let mut client = client(
        r#"{"id": 2, "error": {"class": "Newer", "desc": "a"}}
           {"error": {"class": "GenericError", "desc": "b"}}"#,
    )
    .await;
    for desc in ["a", "b"] {
        let error = client.call::<()>("any").await.unwrap_err();
        assert_eq!(error.to_string(), desc);
    }
}

#[tokio::test]
async fn a_reply_with_another_id_is_ignored() {
    let mut client = client(r#"{"return": {}, "id": 77} {"return": {}, "id": 2}"#).await;
    client.call::<()>("any").await.unwrap();
}

#[tokio::test]
async fn a_peer_that_does_not_speak_qmp_is_an_error() {
    for (script, text) in [
        ("{}", "no greeting"),
        ("[1]", "no greeting"),
        ("SSH-2.0 \r\n", "JSON parse error"),
        (r#"{"QMP": {}} {"surprise": 1}"#, "neither a reply nor an event"),
    ] {
        let error = Client::over(server(script.to_owned())).await.unwrap_err();
        assert!(matches!(error, ClientError::Unexpected(_)), "{script}: {error:?}");
        assert!(error.to_string().contains(text), "{script}: {error}");
    }
}
