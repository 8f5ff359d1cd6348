//! The memory that sessions use together.

use qapi_core::StateMap;
use qapi_core::prelude::*;
use qapi_core::session::{Advance, Call, CloseReason, MemoryBudget, SessionOptions};

use super::commands::TestGatePassed;
use crate::support::registry::registry_of;
use crate::support::session::SessionFixture;

const MIB: usize = 1 << 20;

/// A value that takes more memory than its JSON text.
#[qapi_struct]
struct MemoryWide {
    numbers: Option<Vec<i64>>,
    name: Option<String>,
    other: Option<Box<MemoryWide>>,
}

/// Returns the number of values, later.
#[qapi_command(blocking, returns_exception)]
fn memory_count(values: Vec<MemoryWide>) -> u64 {
    values.iter().map(|value| 1 + u64::from(value.numbers.is_some())).sum()
}

/// Returns the number of values.
#[qapi_command(returns_exception)]
fn memory_count_now(values: Vec<MemoryWide>) -> u64 {
    values.iter().map(|one| 1 + u64::from(one.other.is_some() && one.name.is_some())).sum()
}

/// Returns the number of members, unchecked.
#[qapi_command(gen = false, blocking, returns_exception)]
fn memory_raw(arguments: serde_json::Map<String, serde_json::Value>) -> u64 {
    arguments.len() as u64
}

/// A session that shares `budget` with others.
fn session(budget: &MemoryBudget) -> SessionFixture {
    let options = SessionOptions::default().memory_budget(budget.clone());
    let registry = registry_of("main::session::memory");
    let mut session = SessionFixture::with_service(registry, StateMap::default(), &options);
    session.output();
    session.negotiate(true);
    session
}

/// Whether the session must close because of its memory.
fn is_closed(session: &SessionFixture) -> bool {
    session.check_output() == Err(CloseReason::Memory)
}

/// The start of a request that is never completed, with a string of so many bytes.
fn begun(bytes: usize) -> String {
    format!("{{'execute': '{}", "x".repeat(bytes))
}

/// A request with so many values.
fn request(command: &str, values: usize) -> String {
    let values = "{},".repeat(values);
    let values = values.trim_end_matches(',');
    format!("{{'execute': '{command}', 'arguments': {{'values': [{values}]}}, 'id': 1}}")
}

const REFUSED: &str = "{\"id\": 1, \"error\": {\"class\": \"GenericError\", \
                       \"desc\": \"The arguments exceed the memory limit of the server\"}}\r\n";

#[test]
fn the_session_with_the_largest_message_is_closed() {
    let budget = MemoryBudget::new(16 * MIB, 4);
    let [mut small, mut large, mut other] = [(); 3].map(|()| session(&budget));
    large.feed(begun(8 * MIB));
    other.feed(begun(3 * MIB));
    assert!(!is_closed(&large) && !is_closed(&other));
    small.feed(begun(MIB / 2));
    other.feed("x".repeat(4 * MIB));
    assert!(is_closed(&large));
    assert!(!is_closed(&other) && !is_closed(&small));
    assert!(matches!(large.advance(&mut &b"x"[..]), Advance::Ended));
}

#[test]
fn a_message_beyond_the_budget_closes_its_session() {
    let budget = MemoryBudget::new(4 * MIB, 4);
    let (mut greedy, mut other) = (session(&budget), session(&budget));
    let mut input = begun(8 * MIB).into_bytes();
    let outcome = input.chunks_mut(16 << 10).find_map(|mut chunk| {
        match greedy.advance(&mut &*std::mem::take(&mut chunk)) {
            Advance::NeedInput => None,
            ended => Some(matches!(ended, Advance::Ended)),
        }
    });
    assert_eq!(outcome, Some(true));
    assert!(is_closed(&greedy));
    drop(greedy);
    other.feed(begun(MIB));
    assert!(!is_closed(&other), "the memory of the closed session is free");
}

#[test]
fn unread_output_counts() {
    let budget = MemoryBudget::new(6 * MIB, 2);
    let (deaf, mut other) = (session(&budget), session(&budget));
    let events = deaf.events.clone();
    let event = TestGatePassed { times: 1 };
    for _ in 0..20_000 {
        events.emit(&event);
    }
    assert_eq!(deaf.check_output(), Ok(()));
    other.feed(begun(3 * MIB));
    assert!(is_closed(&deaf));
    assert!(!is_closed(&other));
}

#[test]
fn calls_whose_arguments_do_not_fit_are_refused() {
    let budget = MemoryBudget::new(32 * MIB, 4);
    let mut session = session(&budget);
    for command in ["memory-count", "memory-count-now"] {
        session.feed(request(command, 400_000));
        assert_eq!(session.output(), REFUSED, "{command}");
    }
    assert_eq!(session.ask(request("memory-count-now", 10)), "{\"return\": 10, \"id\": 1}\r\n");
}

#[test]
fn raw_arguments_that_do_not_fit_are_refused() {
    let budget = MemoryBudget::new(64 * MIB, 4);
    let mut session = session(&budget);
    session.feed(request("memory-raw", 200_000).replace("{}", "{'a': 1}"));
    assert_eq!(session.output(), REFUSED);
}

#[test]
fn arguments_of_calls_in_flight_count_after_the_session() {
    let budget = MemoryBudget::new(32 * MIB, 4);
    let mut calling = session(&budget);
    let Call::Blocking(call) = calling.feed_call(request("memory-count", 200_000)) else {
        panic!("the command blocks")
    };
    drop(calling);
    let mut other = session(&budget);
    other.feed(request("memory-count-now", 200_000));
    assert_eq!(other.output(), REFUSED, "the call has the memory");
    assert_eq!(call().unwrap(), b"200000");
    let reply = other.ask(request("memory-count-now", 200_000));
    assert_eq!(reply, "{\"return\": 200000, \"id\": 1}\r\n");
}

#[test]
fn requests_that_wait_count() {
    let budget = MemoryBudget::new(16 * MIB, 4);
    let (mut waiting, mut other) = (session(&budget), session(&budget));
    let _call = waiting.feed_call(request("memory-count", 1));
    for _ in 0..4 {
        waiting.feed(format!("{{'execute': '{}'}}", "x".repeat(2 * MIB)));
    }
    assert!(!is_closed(&waiting));
    other.feed(begun(6 * MIB));
    assert!(is_closed(&waiting) && !is_closed(&other));
}

#[test]
fn an_id_whose_reply_would_be_too_long_is_refused_before_the_call() {
    for (pretty, id) in [
        (false, format!("'{}'", "\u{7f}".repeat(3 * MIB))),
        (true, format!("{}{}{}", "[".repeat(1000), "0, ".repeat(9_000), "0") + &"]".repeat(1000)),
    ] {
        let options = SessionOptions::default().pretty(pretty);
        let mut session = SessionFixture::with_options(&options);
        session.output();
        session.ask("{'execute': 'qmp_capabilities'}");
        let output = session.ask(format!("{{'execute': 'test-pass', 'id': {id}}}"));
        assert!(output.contains("QMP input member 'id' is too long"), "{pretty}");
        assert!(session.ask("{'execute': 'test-count-now'}").contains("\"return\": 0"));
    }
}

#[test]
fn an_error_repeats_as_much_as_clients_accept() {
    let mut session = SessionFixture::negotiated(false);
    for text in ["\u{7f}".repeat(8 * MIB), "x".repeat(12 * MIB), "\u{1f600}".repeat(MIB)] {
        let request = format!("{{'execute': '{text}'}}");
        assert!(matches!(session.advance(&mut request.as_bytes()), Advance::OutputFull));
        let output = session.output();
        assert!(output.starts_with("{\"error\": {\"class\": \"CommandNotFound\""));
        assert!((9 * MIB..10 * MIB).contains(&output.len()), "{}", output.len());
    }
}

#[test]
fn a_session_without_large_messages_uses_no_budget() {
    let budget = MemoryBudget::new(0, 1);
    let mut session = session(&budget);
    for _ in 0..3 {
        let reply = session.ask(request("memory-count-now", 100));
        assert_eq!(reply, "{\"return\": 100, \"id\": 1}\r\n");
        session.feed("{'execute': '");
        session.feed("x'}");
        session.output();
    }
    assert_eq!(session.check_output(), Ok(()));
}
