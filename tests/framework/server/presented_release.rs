//! The release that a server presents to its clients.

use qapi_core::Release;
use serde_json::json;

use super::fixture::{Client, Running};

#[tokio::test]
async fn a_server_presents_the_configured_release() {
    let server = Running::start_with(|server| server.as_of(Release::new(2, 4, 1)));
    let mut client = Client::connect_silently(&server.path).await;
    let greeting = client.message().await.unwrap();
    let numbers = json!({ "major": 2, "minor": 4, "micro": 1 });
    assert_eq!(greeting["QMP"]["version"]["qemu"], numbers);
    let negotiated = client.ask(r#"{"execute": "qmp_capabilities"}"#).await;
    assert_eq!(negotiated, json!({ "return": {} }));
    let refusal = client.ask(r#"{"execute": "query-qmp-schema"}"#).await;
    assert_eq!(refusal["error"]["class"], "CommandNotFound");
}
