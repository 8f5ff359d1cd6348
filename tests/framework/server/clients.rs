//! Several clients at one server: connections, limits, disconnects and shutdown.

use std::io::Write;
use std::os::unix::net::UnixStream;

use serde_json::json;

use super::fixture::{Client, Running, soon};
use crate::session::commands::{TestGateClosed, TestGatePassed};

#[tokio::test]
async fn each_client_has_its_own_session() {
    let server = Running::start();
    let mut first = Client::negotiated(&server.path).await;
    let mut second = Client::connect(&server.path).await;
    let refused = second.ask(r#"{"execute": "test-who"}"#).await;
    assert_eq!(refused["error"]["class"], "CommandNotFound");
    let who = first.ask(r#"{"execute": "test-who"}"#).await;
    second.ask(r#"{"execute": "qmp_capabilities"}"#).await;
    assert_ne!(second.ask(r#"{"execute": "test-who"}"#).await, who);
}

#[tokio::test]
async fn an_event_reaches_every_client_that_has_negotiated() {
    let server = Running::start();
    let mut listening = Client::negotiated(&server.path).await;
    let mut silent = Client::connect(&server.path).await;
    let mut asking = Client::negotiated(&server.path).await;
    let event = asking.ask(r#"{"execute": "test-pass"}"#).await;
    assert_eq!(event["data"], json!({"times": 1}));
    assert_eq!(asking.message().await.unwrap(), json!({"return": 1}));
    assert_eq!(listening.message().await.unwrap(), event);
    let first = silent.ask(r#"{"execute": "qmp_capabilities"}"#).await;
    assert_eq!(first, json!({"return": {}}), "events before the negotiation are not sent");
}

#[tokio::test]
async fn another_thread_may_emit_events() {
    let server = Running::start();
    let mut client = Client::negotiated(&server.path).await;
    let events = server.events.clone();
    std::thread::spawn(move || events.emit(&TestGatePassed { times: 7 })).join().unwrap();
    assert_eq!(client.message().await.unwrap()["data"], json!({"times": 7}));
}

#[tokio::test]
async fn a_command_in_flight_does_not_delay_other_clients() {
    let server = Running::start();
    let mut waiting = Client::negotiated(&server.path).await;
    waiting.send(r#"{"execute": "test-wait"}"#).await;
    let mut other = Client::negotiated(&server.path).await;
    assert!(other.ask(r#"{"execute": "test-open"}"#).await["return"].is_object());
    assert_eq!(waiting.message().await.unwrap(), json!({"return": {}}));
}

#[tokio::test]
async fn commands_sent_before_a_half_close_are_answered() {
    let server = Running::start();
    let mut client = Client::negotiated(&server.path).await;
    client
        .send(concat!(
            r#"{"execute": "test-echo-later", "arguments": {"text": "a"}}"#,
            r#"{"execute": "test-echo", "arguments": {"text": "b"}}"#,
            r#"{"execute": "test-ec"#,
        ))
        .await;
    client.half_close();
    assert_eq!(client.rest().await, "{\"return\": \"a\"}\r\n{\"return\": \"b\"}\r\n");
}

#[tokio::test]
async fn a_call_in_flight_at_a_half_close_is_answered() {
    let server = Running::start();
    let mut client = Client::connect(&server.path).await;
    client.ask(r#"{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}"#).await;
    client.send(r#"{"execute": "test-wait"}"#).await;
    client.half_close();
    let mut other = Client::negotiated(&server.path).await;
    other.ask(r#"{"execute": "test-open"}"#).await;
    assert_eq!(client.rest().await, "{\"return\": {}}\r\n");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected_and_others_are_served() {
    let server = Running::start_with(|server| server.output_limit(100_000));
    let mut deaf = Client::negotiated(&server.path).await;
    let mut client = Client::negotiated(&server.path).await;
    // The total size exceeds the limit and the buffer of the socket.
    for times in 0..10_000 {
        server.events.emit(&TestGatePassed { times });
        if times % 100 == 0 {
            loop {
                let message =
                    client.message().await.expect("the client that reads stays connected");
                if message["data"]["times"] == times {
                    break;
                }
            }
        }
    }
    let output = deaf.rest().await;
    assert!(
        output.lines().count() < 10_000,
        "the client that does not read receives only a part"
    );
    assert_eq!(client_reply(&mut client).await, json!({"return": 0}));
}

#[tokio::test]
async fn an_event_above_the_limit_disconnects_the_client() {
    let server = Running::start_with(|server| server.output_limit(10));
    let mut client = Client::negotiated(&server.path).await;
    server.events.emit(&TestGatePassed { times: 1 });
    assert_eq!(client.rest().await, "", "the client is disconnected without the event");
}

/// Returns the next reply and skips events.
async fn client_reply(client: &mut Client) -> serde_json::Value {
    client.send(r#"{"execute": "test-count-now"}"#).await;
    loop {
        let message = client.message().await.unwrap();
        if message.get("event").is_none() {
            return message;
        }
    }
}

#[tokio::test]
async fn a_client_above_the_limit_receives_an_error() {
    let server = Running::start_with(|server| server.client_limit(1));
    let first = Client::negotiated(&server.path).await;
    let mut second = Client::connect_silently(&server.path).await;
    let refusal = second.message().await.unwrap();
    assert_eq!(refusal["error"]["desc"], "Too many clients are connected");
    assert_eq!(second.message().await, None);
    drop(first);
    // The server detects the disconnect of the first client with a delay.
    soon(async {
        loop {
            let mut client = Client::connect_silently(&server.path).await;
            if client.message().await.is_some_and(|message| message.get("QMP").is_some()) {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_above_the_limit_that_sends_first_receives_an_error() {
    let server = Running::start_with(|server| server.client_limit(1));
    let _first = Client::negotiated(&server.path).await;
    // The server does not read the input, so the kernel resets the connection. The client reads
    // the error before the reset.
    let mut stream = UnixStream::connect(&server.path).unwrap();
    stream.write_all(br#"{"execute": "qmp_capabilities"}"#).unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut second = Client::unix(stream.try_into().unwrap());
    let refusal = second.message().await.unwrap();
    assert_eq!(refusal["error"]["desc"], "Too many clients are connected");
    assert_eq!(second.message().await, None);

    let typed = qapi_core::client::Client::connect_unix(&server.path).await.unwrap_err();
    assert!(typed.to_string().ends_with("Too many clients are connected"), "{typed}");
}

#[tokio::test]
async fn quit_answers_and_ends_the_server() {
    // The drain deadline exceeds the time-out of the test, so the server must end before it.
    let hour = std::time::Duration::from_secs(3600);
    let server = Running::start_with(|server| server.drain_deadline(hour));
    let mut other = Client::negotiated(&server.path).await;
    let mut client = Client::negotiated(&server.path).await;
    client.send(r#"{"execute": "quit", "id": 1} {"execute": "test-count-now"}"#).await;
    assert_eq!(client.rest().await, "{\"return\": {}, \"id\": 1}\r\n");
    assert_eq!(other.rest().await, "");
    server.ended().await.unwrap();
}

#[tokio::test]
async fn the_shutdown_handle_ends_the_server() {
    let server = Running::start();
    let mut client = Client::negotiated(&server.path).await;
    server.events.emit(&TestGateClosed);
    server.shutdown.request();
    assert!(client.rest().await.contains("TEST_GATE_CLOSED"));
    server.ended().await.unwrap();
}

#[tokio::test]
async fn clients_receive_events_of_shutdown_hooks() {
    let server = Running::start_with(|server| {
        let events = server.events();
        server.on_shutdown(async move {
            tokio::task::yield_now().await;
            events.emit(&TestGatePassed { times: 3 });
        })
    });
    let mut other = Client::negotiated(&server.path).await;
    let mut client = Client::negotiated(&server.path).await;
    client.send(r#"{"execute": "quit"} {"execute": "test-count-now"}"#).await;
    for client in [&mut client, &mut other] {
        assert_eq!(client.message().await.unwrap()["data"], json!({"times": 3}));
    }
    assert_eq!(client.message().await.unwrap(), json!({"return": {}}), "after the events");
    for client in [&mut client, &mut other] {
        assert_eq!(client.message().await, None);
    }
    server.ended().await.unwrap();
}
