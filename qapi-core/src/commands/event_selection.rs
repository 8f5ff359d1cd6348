//! The command `__org.qapi-rs_select-events`, by which a client chooses the events that it
//! receives.

use crate::call::handler::Registration;
use crate::call::session::SessionContext;
use crate::error::Result;
use crate::pattern::NamePattern;
use crate::{messages, qapi_command};

/// The number of patterns that a client may choose. All clients together have few events to tell
/// apart, and each event is compared with every pattern.
pub const PATTERNS_LIMIT: usize = 64;

/// The registration of the command, for a registry from
/// [`Registry::from_registrations`](crate::Registry::from_registrations).
pub fn registrations() -> [Registration; 1] {
    [SELECT_EVENTS]
}

/// Chooses the events that this client receives. By default a client receives all events.
///
/// The choice applies to later events. Events that are already in the output still arrive.
///
/// # Errors
/// There are more than 64 patterns, or a pattern is longer than 255 bytes.
///
/// # Examples
/// ```json
/// {"execute": "__org.qapi-rs_select-events",
///  "arguments": {"patterns": ["JOB_*", "BLOCK_IO_ERROR"]}}
/// ```
#[qapi_command(
    crate = crate,
    name = "__org.qapi-rs_select-events",
    client,
    registration = SELECT_EVENTS,
    allow_preconfig
)]
pub fn select_events(
    #[qapi(session)] session: &SessionContext,
    /// Patterns of the names of events, in which `*` stands for any text. The client receives the
    /// events that match at least one pattern; with an empty list none. If absent, the client
    /// receives all events.
    patterns: Option<Vec<String>>,
) -> Result<()> {
    if patterns.as_ref().is_some_and(|patterns| patterns.len() > PATTERNS_LIMIT) {
        return Err(messages::too_many_patterns(PATTERNS_LIMIT));
    }
    let parsed =
        patterns.map(|patterns| patterns.iter().map(|one| NamePattern::new(one)).collect());
    session.choose_events(parsed.transpose()?);
    Ok(())
}
