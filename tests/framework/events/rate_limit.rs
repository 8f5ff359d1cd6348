//! Events that are sent once a period at most, under a clock that stands still.

use std::time::Duration;

use qapi_core::descriptor::{DefinitionKind, RateLimit};
use qapi_core::prelude::*;
use qapi_core::session::SessionOptions;
use qapi_core::{Definition, QapiEvent};
use serde_json::{Value, json};

use crate::support::session::SessionFixture;

/// Emitted when the level changed.
#[qapi_event(rate_limit = "1s")]
struct TestLevel {
    level: u32,
}

/// Emitted when the level of one tank changed.
#[qapi_event(rate_limit = "500ms", key = "tank-id")]
struct TestTankLevel {
    tank_id: Option<String>,
    level: u32,
}

/// Emitted as often as it happens.
#[qapi_event]
struct TestDrip;

fn tank(id: &str, level: u32) -> TestTankLevel {
    TestTankLevel { tank_id: Some(id.to_owned()), level }
}

/// A client that listens, and a server that delivers.
struct Listener {
    session: SessionFixture,
    _delivery: tokio::task::JoinSet<()>,
}

impl Listener {
    fn new() -> Self {
        Self::with(SessionFixture::negotiated(false))
    }

    fn with(session: SessionFixture) -> Self {
        let (events, mut delivery) = (session.events.clone(), tokio::task::JoinSet::new());
        delivery.spawn(async move { events.deliver_held().await });
        Self { session, _delivery: delivery }
    }

    fn emit(&self, event: &impl QapiEvent) {
        self.session.events.emit(event);
    }

    /// The data of all events since it was last asked.
    fn heard(&mut self) -> Vec<Value> {
        let said = self.session.output();
        let data = |line: &str| {
            let mut message: Value = serde_json::from_str(line).unwrap();
            message["data"].take()
        };
        said.lines().map(data).collect()
    }

    /// What is heard by the time so many milliseconds have passed.
    async fn heard_after(&mut self, milliseconds: u64) -> Vec<Value> {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        // The server's timer and ours may be due together.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        self.heard()
    }
}

#[test]
fn the_definition_says_so() {
    let limit = |definition: &Definition| match &definition.kind {
        DefinitionKind::Event(event) => event.rate_limit,
        _ => panic!("no event"),
    };
    let (level, tank) = (TestLevel::DEFINITION, TestTankLevel::DEFINITION);
    assert_eq!(limit(level), Some(RateLimit { milliseconds: 1000, key: None }));
    assert_eq!(limit(tank), Some(RateLimit { milliseconds: 500, key: Some("tank-id") }));
    assert_eq!(limit(TestDrip::DEFINITION), None);
}

#[tokio::test(start_paused = true)]
async fn the_first_is_sent_at_once_and_the_last_when_the_period_ends() {
    let mut client = Listener::new();
    for level in 1..=3 {
        client.emit(&TestLevel { level });
    }
    assert_eq!(client.heard(), [json!({"level": 1})]);
    assert_eq!(client.heard_after(999).await, [] as [Value; 0]);
    assert_eq!(client.heard_after(1).await, [json!({"level": 3})]);
}

#[tokio::test(start_paused = true)]
async fn what_was_held_begins_a_period_of_its_own() {
    let mut client = Listener::new();
    client.emit(&TestLevel { level: 1 });
    client.emit(&TestLevel { level: 2 });
    assert_eq!(client.heard_after(1000).await, [json!({"level": 1}), json!({"level": 2})]);
    client.emit(&TestLevel { level: 3 });
    assert_eq!(client.heard(), [] as [Value; 0], "the second period is under way");
    assert_eq!(client.heard_after(1000).await, [json!({"level": 3})]);
    assert_eq!(client.heard_after(1000).await, [] as [Value; 0]);
    client.emit(&TestLevel { level: 4 });
    assert_eq!(client.heard(), [json!({"level": 4})], "a quiet period has passed");
}

#[tokio::test(start_paused = true)]
async fn each_value_of_the_key_has_its_own_period() {
    let mut client = Listener::new();
    client.emit(&tank("a", 1));
    client.emit(&tank("b", 1));
    client.emit(&TestTankLevel { tank_id: None, level: 1 });
    assert_eq!(client.heard().len(), 3);
    client.emit(&tank("a", 2));
    assert_eq!(client.heard_after(250).await, [] as [Value; 0]);
    client.emit(&tank("b", 2));
    let both = [json!({"tank-id": "a", "level": 2}), json!({"tank-id": "b", "level": 2})];
    assert_eq!(client.heard_after(250).await, both);
}

#[tokio::test(start_paused = true)]
async fn other_events_are_not_held_up() {
    let mut client = Listener::new();
    client.emit(&TestLevel { level: 1 });
    client.emit(&TestLevel { level: 2 });
    client.emit(&tank("a", 1));
    client.emit(&TestDrip);
    client.emit(&TestDrip);
    assert_eq!(client.heard().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_held_event_bears_the_time_of_its_creation() {
    let mut client = Listener::new();
    let second = |line: &str| {
        let message: Value = serde_json::from_str(line).unwrap();
        let at = &message["timestamp"];
        at["seconds"].as_f64().unwrap() + at["microseconds"].as_f64().unwrap() / 1e6
    };
    client.emit(&TestLevel { level: 1 });
    client.emit(&TestLevel { level: 2 });
    let emitted = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    client.session.output();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let said = client.session.output();
    let at = second(said.lines().next().unwrap());
    assert!(at <= emitted.as_secs_f64(), "{at} is after {emitted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_held_event_reaches_clients_of_every_style() {
    let options = SessionOptions { pretty: true, ..Default::default() };
    let mut session = SessionFixture::with_options(&options);
    session.feed(r#"{"execute": "qmp_capabilities"}"#);
    session.output();
    let mut client = Listener::with(session);
    client.emit(&TestLevel { level: 1 });
    client.emit(&TestLevel { level: 2 });
    client.session.output();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let said = client.session.output();
    assert!(said.contains("    \"data\": {\r\n        \"level\": 2\r\n    }"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_while_an_event_is_held_gets_it() {
    let mut early = Listener::new();
    early.emit(&TestLevel { level: 1 });
    early.emit(&TestLevel { level: 2 });
    let mut late = early.session.another();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(late.output().lines().count(), 1);
    assert_eq!(early.heard().len(), 2);
}
