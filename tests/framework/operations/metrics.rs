//! Metrics of calls, sessions and events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use qapi_core::observe::Metrics;
use serde_json::json;

use super::definitions::{OpsProgress, start};
use crate::server::fixture::Client;
use crate::support::metrics::Values;

#[tokio::test]
async fn calls_sessions_and_events_are_counted() {
    let values = Values::default();
    let _guard = metrics::set_default_local_recorder(&values);
    let samples = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&samples);
    let metrics = Metrics::new().interval(Duration::from_millis(5)).sample(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let (server, _) = start(|server| server.record_metrics(metrics));
    let mut client = Client::negotiated(&server.path).await;
    for command in ["ops-nop", "ops-nop", "ops-fail", "ops-wait-briefly", "bogus", "bogus"] {
        client.ask(&json!({ "execute": command }).to_string()).await;
    }
    for percent in [1, 2, 3] {
        server.events.emit(&OpsProgress { id: "a".to_owned(), percent });
    }
    let before = samples.load(Ordering::Relaxed);
    while samples.load(Ordering::Relaxed) < before + 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for (name, expected) in [
        ("qmp_calls_total{command=ops-nop,outcome=succeeded}", 2),
        ("qmp_calls_total{command=ops-fail,outcome=failed}", 1),
        ("qmp_calls_total{command=ops-wait-briefly,outcome=deadline-exceeded}", 1),
        ("qmp_call_run_seconds{command=ops-nop}", 2),
        ("qmp_call_wait_seconds{command=ops-nop}", 2),
        ("qmp_requests_rejected_total{}", 2),
        ("qmp_events_sent_total{event=OPS_PROGRESS}", 1),
        ("qmp_events_deferred_total{event=OPS_PROGRESS}", 2),
        ("qmp_events_dropped_total{event=OPS_PROGRESS}", 1),
        ("qmp_sessions{}", 1),
        ("qmp_output_pending_bytes{}", 0),
    ] {
        assert_eq!(values.get(name), Some(expected), "{name}");
    }
    assert_eq!(values.get("qmp_calls_total{command=bogus,outcome=failed}"), None);
}
