//! Order of replies and events, out-of-band execution, and limits.

use qapi_core::session::{Advance, QUEUE_LIMIT, SessionOptions};

use super::commands::{TestGateClosed, TestGatePassed};
use crate::support::session::SessionFixture;

/// The messages, without the timestamps of events.
fn events_and_replies(output: &str) -> Vec<serde_json::Value> {
    output
        .lines()
        .map(|line| {
            let mut message: serde_json::Value = serde_json::from_str(line).unwrap();
            if let Some(timestamp) = message.as_object_mut().unwrap().remove("timestamp") {
                assert!(timestamp["seconds"].is_u64() && timestamp["microseconds"].is_u64());
            }
            message
        })
        .collect()
}

#[test]
fn no_event_before_the_reply_to_the_negotiation() {
    let mut session = SessionFixture::new();
    session.events.emit(&TestGatePassed { times: 1 });
    assert_eq!(session.output(), "");
    session.feed(r#"{"execute": "qmp_capabilities", "id": 1}"#);
    session.events.emit(&TestGatePassed { times: 2 });
    assert_eq!(
        events_and_replies(&session.output()),
        [
            serde_json::json!({"return": {}, "id": 1}),
            serde_json::json!({"event": "TEST_GATE_PASSED", "data": {"times": 2}}),
        ]
    );
}

#[test]
fn no_event_after_a_failed_negotiation() {
    let mut session = SessionFixture::new();
    session.ask(r#"{"execute": "qmp_capabilities", "arguments": {"enable": ["x"]}}"#);
    session.events.emit(&TestGateClosed);
    assert_eq!(session.output(), "");
}

#[test]
fn an_event_without_data_has_no_data() {
    let mut session = SessionFixture::negotiated(false);
    session.events.emit(&TestGateClosed);
    let output = session.output();
    assert_eq!(events_and_replies(&output), [serde_json::json!({"event": "TEST_GATE_CLOSED"})]);
    assert!(output.starts_with("{\"timestamp\": {\"seconds\": "), "{output}");
}

#[test]
fn an_event_of_a_command_comes_before_its_reply() {
    let mut session = SessionFixture::negotiated(false);
    assert_eq!(
        events_and_replies(&session.ask(r#"{"execute": "test-pass"}"#)),
        [
            serde_json::json!({"event": "TEST_GATE_PASSED", "data": {"times": 1}}),
            serde_json::json!({"return": 1}),
        ]
    );
}

#[test]
fn in_band_commands_wait_for_the_call_in_flight() {
    let mut session = SessionFixture::negotiated(false);
    let call = session.feed_call(r#"{"execute": "test-echo-later", "arguments": {"text": "a"}}"#);
    let mut rest: &[u8] = br#"{"execute": "test-count-now"}"#;
    assert!(matches!(session.advance(&mut rest), Advance::Busy));
    assert_eq!(session.output(), "");
    session.run_call(call);
    assert!(matches!(session.advance(&mut rest), Advance::NeedInput));
    assert_eq!(session.output(), "{\"return\": \"a\"}\r\n{\"return\": 0}\r\n");
}

#[test]
fn out_of_band_commands_overtake_in_band_ones() {
    let mut session = SessionFixture::negotiated(true);
    let call = session.feed_call(r#"{"execute": "test-echo-later", "arguments": {"text": "a"}}"#);
    session.feed(r#"{"execute": "test-echo", "arguments": {"text": "b"}} {"execute": 1}"#);
    session.feed(r#"{"exec-oob": "test-count-now", "id": "now"}"#);
    assert_eq!(session.output(), "{\"return\": 0, \"id\": \"now\"}\r\n");
    session.run_call(call);
    session.feed("");
    assert_eq!(
        session.output(),
        "{\"return\": \"a\"}\r\n{\"return\": \"b\"}\r\n{\"error\": {\"class\": \"GenericError\", \
         \"desc\": \"QMP input member 'execute' must be a string\"}}\r\n"
    );
}

/// As observed with qemu-storage-daemon 10.0.2 during five `query-qmp-schema`.
#[test]
fn out_of_band_requests_are_refused_out_of_band() {
    let refused = [
        (r#"{"exec-oob": "x", "bogus": 1}"#, "QMP input member 'bogus' is unexpected"),
        (r#"{"exec-oob": 1}"#, "QMP input member 'exec-oob' must be a string"),
        (
            r#"{"exec-oob": "x", "arguments": 1}"#,
            "QMP input member 'arguments' must be an object",
        ),
        (r#"{"exec-oob": "test-echo"}"#, "The command test-echo does not support OOB"),
        (r#"{"exec-oob": "x"}"#, "The command x has not been found"),
    ];
    for (request, text) in refused {
        let mut session = SessionFixture::negotiated(true);
        let _call =
            session.feed_call(r#"{"execute": "test-echo-later", "arguments": {"text": ""}}"#);
        session.feed(request);
        assert!(session.output().contains(text), "{request} waits");
    }
    let wait = [
        r#"{"exec-oob": "x", "execute": "y"}"#,
        r#"{"bogus": 1}"#,
        "[1]",
        r#"{"exec-oob": "x" 1}"#,
    ];
    for request in wait {
        let mut session = SessionFixture::negotiated(true);
        let _call =
            session.feed_call(r#"{"execute": "test-echo-later", "arguments": {"text": ""}}"#);
        session.feed(request);
        assert_eq!(session.output(), "", "{request} overtakes");
    }
}

#[test]
fn a_full_queue_stops_reading() {
    let mut session = SessionFixture::negotiated(true);
    let call = session.feed_call(r#"{"execute": "test-echo-later", "arguments": {"text": "a"}}"#);
    let waiting = r#"{"execute": "test-count-now"}"#.repeat(QUEUE_LIMIT);
    let mut rest = waiting.as_bytes();
    assert!(matches!(session.advance(&mut rest), Advance::Busy));
    assert!(rest.is_empty(), "the queue has room for {QUEUE_LIMIT}");
    let mut overflow: &[u8] = br#"{"exec-oob": "test-count-now"}"#;
    assert!(matches!(session.advance(&mut overflow), Advance::Busy));
    assert!(!overflow.is_empty(), "no request beyond is read, not even an out-of-band one");
    session.run_call(call);
    assert!(matches!(session.advance(&mut overflow), Advance::NeedInput));
    assert_eq!(session.output().lines().count(), QUEUE_LIMIT + 2);
}

#[test]
fn nothing_is_served_after_quit() {
    let mut session = SessionFixture::negotiated(false);
    let mut rest: &[u8] = br#"{"execute": "quit", "id": 1} {"execute": "test-count-now"}"#;
    let Advance::Call(quit) = session.advance(&mut rest) else { panic!("no call") };
    session.run_call(quit);
    assert!(matches!(session.advance(&mut rest), Advance::Ended));
    assert_eq!(session.output(), "{\"return\": {}, \"id\": 1}\r\n");
}

#[test]
fn a_client_that_does_not_read_events_loses_its_session() {
    let limit = 10_000;
    let mut session =
        SessionFixture::with_options(&SessionOptions::default().output_limit(limit));
    session.output();
    session.negotiate(false);
    let mut emitted = 0;
    let mut buffer = Vec::new();
    while session.take_output(&mut Vec::new()).is_ok() && emitted < limit {
        session.events.emit(&TestGateClosed);
        emitted += 1;
    }
    assert!(session.take_output(&mut buffer).is_err(), "closed after {emitted} events");
    assert!(buffer.is_empty());
}

#[test]
fn the_input_of_a_client_that_does_not_read_replies_waits() {
    let mut session = SessionFixture::negotiated(false);
    let text = "a".repeat(1 << 20);
    let command = format!(r#"{{"execute": "test-echo", "arguments": {{"text": "{text}"}}}}"#);
    let mut rest = command.as_bytes();
    assert!(matches!(session.advance(&mut rest), Advance::OutputFull));
    let mut more: &[u8] = br#"{"execute": "test-count-now"}"#;
    assert!(matches!(session.advance(&mut more), Advance::OutputFull));
    assert!(session.output().len() > 1 << 20);
    assert!(matches!(session.advance(&mut more), Advance::NeedInput));
    assert_eq!(session.output(), "{\"return\": 0}\r\n");
}
