//! Events with a rate limit: at most one event in each period. The clock is paused.

use std::time::Duration;

use qapi_core::prelude::*;
use qapi_core::schema::definition::{DefinitionKind, RateLimit};
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

/// Emitted without a limit.
#[qapi_event]
struct TestDrip;

fn tank(id: &str, level: u32) -> TestTankLevel {
    TestTankLevel { tank_id: Some(id.to_owned()), level }
}

/// A client with a session, and the task that delivers queued events.
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
        delivery.spawn(async move { events.run_throttle().await });
        Self { session, _delivery: delivery }
    }

    fn emit(&self, event: &impl QapiEvent) {
        self.session.events.emit(event);
    }

    /// The data of the events since the last call.
    fn received(&mut self) -> Vec<Value> {
        let output = self.session.output();
        let data = |line: &str| {
            let mut message: Value = serde_json::from_str(line).unwrap();
            message["data"].take()
        };
        output.lines().map(data).collect()
    }

    /// The data of the events that arrive within `milliseconds`.
    async fn received_after(&mut self, milliseconds: u64) -> Vec<Value> {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        // The timer of the server and that of the test may expire at the same time.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        self.received()
    }
}

#[test]
fn the_definition_has_the_rate_limit() {
    let limit = |definition: &Definition| match &definition.kind {
        DefinitionKind::Event(event) => event.rate_limit,
        _ => panic!("expected: an event"),
    };
    let (level, tank) = (TestLevel::DEFINITION, TestTankLevel::DEFINITION);
    assert_eq!(limit(level), Some(RateLimit::new(1000, None)));
    assert_eq!(limit(tank), Some(RateLimit::new(500, Some("tank-id"))));
    assert_eq!(limit(TestDrip::DEFINITION), None);
}

#[tokio::test(start_paused = true)]
async fn the_first_event_is_sent_at_once_and_the_last_when_the_period_ends() {
    let mut client = Listener::new();
    for level in 1..=3 {
        client.emit(&TestLevel { level });
    }
    assert_eq!(client.received(), [json!({"level": 1})]);
    assert_eq!(client.received_after(999).await, [] as [Value; 0]);
    assert_eq!(client.received_after(1).await, [json!({"level": 3})]);
}

#[tokio::test(start_paused = true)]
async fn a_queued_event_begins_a_period_when_it_is_sent() {
    let mut client = Listener::new();
    client.emit(&TestLevel { level: 1 });
    client.emit(&TestLevel { level: 2 });
    assert_eq!(client.received_after(1000).await, [json!({"level": 1}), json!({"level": 2})]);
    client.emit(&TestLevel { level: 3 });
    assert_eq!(client.received(), [] as [Value; 0], "the second period has not ended yet");
    assert_eq!(client.received_after(1000).await, [json!({"level": 3})]);
    assert_eq!(client.received_after(1000).await, [] as [Value; 0]);
    client.emit(&TestLevel { level: 4 });
    assert_eq!(
        client.received(),
        [json!({"level": 4})],
        "the period ended without a queued event"
    );
}

#[tokio::test(start_paused = true)]
async fn each_value_of_the_key_has_its_own_period() {
    let mut client = Listener::new();
    client.emit(&tank("a", 1));
    client.emit(&tank("b", 1));
    client.emit(&TestTankLevel { tank_id: None, level: 1 });
    assert_eq!(client.received().len(), 3);
    client.emit(&tank("a", 2));
    assert_eq!(client.received_after(250).await, [] as [Value; 0]);
    client.emit(&tank("b", 2));
    let both = [json!({"tank-id": "a", "level": 2}), json!({"tank-id": "b", "level": 2})];
    assert_eq!(client.received_after(250).await, both);
}

#[tokio::test(start_paused = true)]
async fn other_events_are_not_delayed() {
    let mut client = Listener::new();
    client.emit(&TestLevel { level: 1 });
    client.emit(&TestLevel { level: 2 });
    client.emit(&tank("a", 1));
    client.emit(&TestDrip);
    client.emit(&TestDrip);
    assert_eq!(client.received().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_queued_event_has_the_time_of_its_creation() {
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
    let output = client.session.output();
    let at = second(output.lines().next().unwrap());
    assert!(at <= emitted.as_secs_f64(), "{at} is after {emitted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_queued_event_reaches_pretty_clients() {
    let options = SessionOptions::default().pretty(true);
    let mut session = SessionFixture::with_options(&options);
    session.feed(r#"{"execute": "qmp_capabilities"}"#);
    session.output();
    let mut client = Listener::with(session);
    client.emit(&TestLevel { level: 1 });
    client.emit(&TestLevel { level: 2 });
    client.session.output();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let output = client.session.output();
    assert!(output.contains("    \"data\": {\r\n        \"level\": 2\r\n    }"), "{output}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_connects_while_an_event_is_queued_receives_it() {
    let mut early = Listener::new();
    early.emit(&TestLevel { level: 1 });
    early.emit(&TestLevel { level: 2 });
    let mut late = early.session.another();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(late.output().lines().count(), 1);
    assert_eq!(early.received().len(), 2);
}

/// The memory of throttling has a bound. An event beyond the bound is sent without delay.
#[tokio::test(start_paused = true)]
async fn the_memory_of_throttled_keys_is_bounded() {
    const KEYS: usize = 20_000;
    let mut client = Listener::new();
    let mut throttled = [0; 3];
    for throttled in &mut throttled {
        for number in 0..KEYS {
            let id = format!("{number:08}");
            client.emit(&tank(&id, 1));
            client.emit(&tank(&id, 2));
            let sent = client.received().len();
            assert!((1..=2).contains(&sent), "{id}: {sent} events");
            *throttled += usize::from(sent == 1);
        }
        assert_eq!(
            client.received_after(500).await.len(),
            *throttled,
            "all queued events are sent"
        );
        assert_eq!(client.received_after(500).await.len(), 0);
    }
    assert!((1000..KEYS).contains(&throttled[0]), "{throttled:?}");
    // The end of a period releases the memory of its key.
    assert!(throttled.iter().all(|count| *count == throttled[0]), "{throttled:?}");
}
