//! Sessions, rate limits and the shutdown under a plain loop.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use qapi_core::prelude::*;
use qapi_core::session::{Advance, Session, SessionOptions};
use qapi_core::{Registry, Service, Shutdown};
use qapi_no_tokio::{block_on, serve, take_output};
use serde_json::{Value, json};

/// Emitted when the level changes, at most once a second.
#[qapi_event(rate_limit = "1s")]
struct PlainLevel {
    level: u32,
}

/// Sets the level.
#[qapi_command]
fn plain_set_level(#[qapi(state)] events: &Events, level: u32) {
    events.emit(&PlainLevel { level });
}

/// Adds two numbers in a future that waits once.
#[qapi_command]
async fn plain_add(one: i64, other: i64) -> PlainSum {
    let mut has_waited = false;
    std::future::poll_fn(|context| {
        if has_waited {
            return std::task::Poll::Ready(());
        }
        has_waited = true;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
    PlainSum { sum: one + other }
}

/// Adds two numbers on a thread that may block.
#[qapi_command(blocking)]
fn plain_add_slowly(one: i64, other: i64) -> PlainSum {
    PlainSum { sum: one + other }
}

/// A sum.
#[qapi_struct]
struct PlainSum {
    sum: i64,
}

struct Fixture {
    session: Session,
    events: Events,
    shutdown: Shutdown,
}

impl Fixture {
    fn new() -> Self {
        let registry = Registry::collect().unwrap();
        let service = Arc::new(Service::new(registry, Default::default()).unwrap());
        let (events, shutdown) = (service.events().clone(), service.shutdown().clone());
        let mut session = Session::new(service, &SessionOptions::default());
        let greeting = messages(&serve(&mut session, b"").unwrap());
        assert!(greeting[0]["QMP"]["version"].is_object(), "{greeting:?}");
        let negotiated = serve(&mut session, b"{'execute': 'qmp_capabilities'}").unwrap();
        assert_eq!(messages(&negotiated), [json!({"return": {}})]);
        Self { session, events, shutdown }
    }

    fn execute(&mut self, command: &str, arguments: &Value) -> Vec<Value> {
        let request = json!({"execute": command, "arguments": arguments}).to_string();
        messages(&serve(&mut self.session, request.as_bytes()).unwrap())
    }
}

fn messages(output: &[u8]) -> Vec<Value> {
    let text = str::from_utf8(output).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn commands_of_every_kind_are_answered() {
    let mut fixture = Fixture::new();
    let arguments = json!({"one": 2, "other": 3});
    for command in ["plain-add", "plain-add-slowly"] {
        assert_eq!(fixture.execute(command, &arguments), [json!({"return": {"sum": 5}})]);
    }
    let reply = fixture.execute("plain-subtract", &json!({}));
    assert_eq!(reply[0]["error"]["class"], "CommandNotFound");
}

#[test]
fn rate_limits_use_the_time_that_the_loop_passes() {
    let mut fixture = Fixture::new();
    let levels = |messages: &[Value]| -> Vec<Value> {
        let events = messages.iter().filter(|message| message.get("event").is_some());
        events.map(|event| event["data"]["level"].clone()).collect()
    };
    let sent = fixture.execute("plain-set-level", &json!({"level": 1}));
    assert_eq!(levels(&sent), [1], "the first is sent at once");
    for level in [2, 3] {
        let sent = fixture.execute("plain-set-level", &json!({"level": level}));
        assert_eq!(levels(&sent), [0; 0], "the period runs");
    }

    let end = fixture.events.send_due(Instant::now()).unwrap();
    assert_eq!(messages(&take_output(&fixture.session).unwrap()), [json!(null); 0]);
    let next = fixture.events.send_due(end).unwrap();
    assert_eq!(levels(&messages(&take_output(&fixture.session).unwrap())), [3], "the latest");
    assert_eq!(next, end + Duration::from_secs(1), "a period of its own");
    assert_eq!(fixture.events.send_due(next), None, "the last period was empty");
}

#[test]
fn a_loop_that_sleeps_is_woken_by_the_first_period() {
    let fixture = Fixture::new();
    let (events, emitter) = (fixture.events.clone(), fixture.events.clone());
    let next = events.send_due(Instant::now());
    assert_eq!(next, None);
    let emitting = std::thread::spawn(move || emitter.emit(&PlainLevel { level: 1 }));
    block_on(events.due_changed(next));
    assert!(events.send_due(Instant::now()).is_some());
    emitting.join().unwrap();
}

#[test]
fn quit_ends_the_session_and_wakes_tasks_that_wait_for_the_shutdown() {
    let mut fixture = Fixture::new();
    let shutdown = fixture.shutdown.clone();
    let waiting = std::thread::spawn(move || block_on(shutdown.requested()));
    let replies = messages(&serve(&mut fixture.session, b"{'execute': 'quit'}").unwrap());
    assert_eq!(replies, [json!({"return": {}})]);
    waiting.join().unwrap();
    assert!(fixture.shutdown.is_requested());
    assert!(matches!(fixture.session.advance(&mut &b"{}"[..]), Advance::Ended));
}
