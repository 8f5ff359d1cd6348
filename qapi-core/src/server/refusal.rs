//! Why clients are refused or disconnected, and a log of it that no client can flood.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::foreign_protocol::ForeignProtocol;
use super::places::NoPlace;
use crate::call::peer::Peer;
use crate::protocol::outbox::CloseReason;

/// The period in which a repeated refusal is counted and not logged.
const PERIOD: Duration = Duration::from_secs(10);

/// The number of refusals that are counted separately. Refusals of further users are not logged
/// until earlier ones have expired.
const COUNTED: usize = 64;

/// Why a client was refused or disconnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// The policy does not admit this user.
    UserNotAdmitted(u32),
    /// The policy does not admit the machine with this context identifier.
    MachineNotAdmitted(u32),
    CredentialsUnreadable,
    /// The system call failed with this error, most likely as no file descriptor is free.
    AcceptFailed(Option<i32>),
    NoPlace(NoPlace),
    /// The client did not negotiate before the deadline.
    NegotiationTimeout,
    /// The client speaks another protocol.
    Foreign(ForeignProtocol),
    Closed(CloseReason),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UserNotAdmitted(uid) => write!(f, "the policy does not admit user {uid}"),
            Self::MachineNotAdmitted(cid) => {
                write!(f, "the policy does not admit the machine with CID {cid}")
            }
            Self::CredentialsUnreadable => f.write_str("its credentials cannot be read"),
            Self::AcceptFailed(Some(code)) => io::Error::from_raw_os_error(*code).fmt(f),
            Self::AcceptFailed(None) => f.write_str("the connection cannot be accepted"),
            Self::NoPlace(reason) => reason.fmt(f),
            Self::NegotiationTimeout => f.write_str("it did not negotiate capabilities in time"),
            Self::Closed(reason) => reason.fmt(f),
            Self::Foreign(ForeignProtocol::Http) => f.write_str("it sent an HTTP request"),
            Self::Foreign(ForeignProtocol::Tls) => f.write_str("it began a TLS handshake"),
        }
    }
}

impl Refusal {
    /// The refusal of a client that the policy does not admit.
    pub(super) fn not_admitted(peer: &Peer) -> Self {
        match peer {
            Peer::Process(process) => Self::UserNotAdmitted(process.uid),
            Peer::Vsock { cid } => Self::MachineNotAdmitted(*cid),
        }
    }

    /// What happened to the client, for the log.
    fn effect(self) -> &'static str {
        match self {
            Self::UserNotAdmitted(_)
            | Self::MachineNotAdmitted(_)
            | Self::CredentialsUnreadable
            | Self::NoPlace(_) => "refused",
            Self::AcceptFailed(_) => "not accepted",
            Self::NegotiationTimeout | Self::Foreign(_) | Self::Closed(_) => "disconnected",
        }
    }

    /// The message to the client before it is disconnected, if it is to receive one.
    pub(super) fn reply(self) -> Option<&'static [u8]> {
        match self {
            Self::NoPlace(_) => Some(
                b"{\"error\": {\"class\": \"GenericError\", \
                  \"desc\": \"Too many clients are connected\"}}\r\n",
            ),
            Self::NegotiationTimeout => Some(
                b"{\"error\": {\"class\": \"GenericError\", \
                  \"desc\": \"Capabilities were not negotiated in time\"}}\r\n",
            ),
            Self::Closed(CloseReason::Memory) => Some(
                b"{\"error\": {\"class\": \"GenericError\", \
                  \"desc\": \"The memory limit of the server is exceeded\"}}\r\n",
            ),
            Self::Closed(CloseReason::NotAdmitted) => Some(
                b"{\"error\": {\"class\": \"GenericError\", \
                  \"desc\": \"The new policy of the server does not admit this client\"}}\r\n",
            ),
            Self::UserNotAdmitted(_) => Some(
                b"{\"error\": {\"class\": \"GenericError\", \
                  \"desc\": \"The policy of the server does not admit this user\"}}\r\n",
            ),
            Self::MachineNotAdmitted(_) => Some(
                b"{\"error\": {\"class\": \"GenericError\", \
                  \"desc\": \"The policy of the server does not admit this machine\"}}\r\n",
            ),
            Self::CredentialsUnreadable => Some(
                b"{\"error\": {\"class\": \"GenericError\", \
                  \"desc\": \"The credentials of the client cannot be read\"}}\r\n",
            ),
            Self::Closed(CloseReason::UnreadOutput)
            | Self::AcceptFailed(_)
            | Self::Foreign(_) => None,
        }
    }
}

/// Logs refusals: the first of each kind at once, and repeated ones as a count for each period.
#[derive(Debug, Default)]
pub(super) struct RefusalLog {
    recent: Mutex<BTreeMap<Refusal, Recent>>,
    repeated: Notify,
}

/// The refusals of one kind since one of them was logged.
#[derive(Debug)]
struct Recent {
    logged_at: Instant,
    repeats: u64,
}

impl RefusalLog {
    /// Logs or counts the refusal of a client.
    pub(super) fn add(&self, refusal: Refusal) {
        if self.count(refusal) {
            tracing::warn!("a client was {}: {refusal}", refusal.effect());
        }
        self.repeated.notify_one();
    }

    /// Counts a refusal, and returns whether it is the first of its kind in a period.
    fn count(&self, refusal: Refusal) -> bool {
        let mut recent = self.lock();
        if let Some(recent) = recent.get_mut(&refusal) {
            recent.repeats += 1;
            return false;
        }
        let is_counted = recent.len() < COUNTED;
        if is_counted {
            recent.insert(refusal, Recent { logged_at: Instant::now(), repeats: 0 });
        }
        is_counted
    }

    /// Logs the counts of repeated refusals, until the future is dropped.
    pub(super) async fn run(&self) {
        loop {
            self.repeated.notified().await;
            tokio::time::sleep(PERIOD).await;
            for (refusal, count) in self.end_periods() {
                let effect = refusal.effect();
                tracing::warn!(count, "further clients were {effect}: {refusal}");
            }
            if !self.lock().is_empty() {
                self.repeated.notify_one();
            }
        }
    }

    /// Ends the periods that are over, and returns the counts of repeated refusals.
    fn end_periods(&self) -> Vec<(Refusal, u64)> {
        let mut repeated = Vec::new();
        self.lock().retain(|refusal, recent| {
            if recent.logged_at.elapsed() < PERIOD {
                return true;
            }
            let repeats = std::mem::take(&mut recent.repeats);
            if repeats > 0 {
                recent.logged_at = Instant::now();
                repeated.push((*refusal, repeats));
            }
            repeats > 0
        });
        repeated
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Refusal, Recent>> {
        // No code panics in the middle of a change under the lock, so poison is ignored.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn repeated_refusals_are_counted() {
        let log = RefusalLog::default();
        let user = Refusal::UserNotAdmitted(1000);
        let logged = (0..100).filter(|_| log.count(user)).count();
        assert_eq!((logged, log.count(Refusal::NegotiationTimeout)), (1, true));
        assert_eq!(log.end_periods(), [], "the period is not over");
        tokio::time::advance(PERIOD).await;
        assert_eq!(log.end_periods(), [(user, 99)]);
        assert!(!log.count(user), "the next period has begun");
        tokio::time::advance(PERIOD).await;
        assert_eq!(log.end_periods(), [(user, 1)]);
        tokio::time::advance(PERIOD).await;
        assert_eq!(log.end_periods(), []);
        assert!(log.count(user), "after a period without refusals the next is logged");
    }

    #[test]
    fn endless_kinds_take_bounded_memory() {
        let log = RefusalLog::default();
        let users = 0..2 * COUNTED as u32;
        let logged = users.filter(|uid| log.count(Refusal::UserNotAdmitted(*uid))).count();
        assert_eq!((logged, log.lock().len()), (COUNTED, COUNTED));
    }
}
