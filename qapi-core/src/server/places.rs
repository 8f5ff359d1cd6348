//! The places of a server: how many clients, and how many of each user, may be connected.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::call::peer::Peer;
use crate::policy::is_owner_or_root;

/// The owner of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Occupant {
    /// A client of this user.
    User(u32),
    /// A client on the machine with this context identifier.
    Machine(u32),
    /// A client that the transport does not identify.
    Unidentified,
    /// A client that the operator connected: on standard input and output, or over an outgoing
    /// connection.
    Configured,
}

impl Occupant {
    /// The occupant for this client.
    pub(super) fn of_peer(peer: Option<&Peer>) -> Self {
        match peer {
            Some(Peer::Process(process)) => Self::User(process.uid),
            Some(Peer::Vsock { cid }) => Self::Machine(*cid),
            None => Self::Unidentified,
        }
    }

    /// Whether the occupant may take the last place.
    fn is_privileged(self) -> bool {
        match self {
            Self::User(uid) => is_owner_or_root(uid),
            Self::Machine(_) | Self::Unidentified => false,
            Self::Configured => true,
        }
    }
}

/// Why a client gets no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NoPlace {
    /// All places are taken, or all but the one for root and the user of the server.
    TooMany,
    TooManyOfUser(Occupant),
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => f.write_str("too many are connected"),
            Self::TooManyOfUser(Occupant::User(uid)) => {
                write!(f, "too many of user {uid} are connected")
            }
            Self::TooManyOfUser(Occupant::Machine(cid)) => {
                write!(f, "too many of the machine with CID {cid} are connected")
            }
            Self::TooManyOfUser(Occupant::Unidentified | Occupant::Configured) => {
                f.write_str("too many unidentified ones are connected")
            }
        }
    }
}

/// The places of a server.
#[derive(Debug)]
pub(super) struct Places {
    limit: usize,
    /// The limit for each user; `None` for the default.
    limit_per_user: Option<usize>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_others: usize,
    by_occupant: HashMap<Occupant, usize>,
}

impl Places {
    /// Places for `limit` clients, none of which is taken.
    pub(super) fn new(limit: usize, limit_per_user: Option<usize>) -> Arc<Self> {
        Arc::new(Self { limit, limit_per_user, taken: Mutex::default() })
    }

    /// Takes a place until the guard is dropped.
    ///
    /// # Errors
    /// All places are taken, or all that this occupant may take.
    pub(super) fn take(self: &Arc<Self>, occupant: Occupant) -> Result<Place, NoPlace> {
        let is_privileged = occupant.is_privileged();
        let mut taken = self.lock();
        // With a single place there is none to reserve.
        let limit_of_others = self.limit.saturating_sub(1).max(1);
        if taken.total >= self.limit || !is_privileged && taken.by_others >= limit_of_others {
            return Err(NoPlace::TooMany);
        }
        let own = taken.by_occupant.entry(occupant).or_default();
        if *own >= self.limit_of(occupant, is_privileged) {
            return Err(NoPlace::TooManyOfUser(occupant));
        }
        *own += 1;
        taken.total += 1;
        taken.by_others += usize::from(!is_privileged);
        Ok(Place { places: Arc::clone(self), occupant, is_privileged })
    }

    /// The number of places that one occupant may take.
    fn limit_of(&self, occupant: Occupant, is_privileged: bool) -> usize {
        match (occupant, self.limit_per_user) {
            (Occupant::Configured, _) => self.limit,
            (Occupant::User(_) | Occupant::Machine(_) | Occupant::Unidentified, Some(limit)) => {
                limit
            }
            (Occupant::User(_) | Occupant::Machine(_), None) if !is_privileged => {
                self.limit.div_ceil(2)
            }
            (Occupant::User(_) | Occupant::Machine(_) | Occupant::Unidentified, None) => {
                self.limit
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // No code panics in the middle of a change under the lock, so poison is ignored.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One taken place, which is free again when the guard is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    occupant: Occupant,
    is_privileged: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.total -= 1;
        taken.by_others -= usize::from(!self.is_privileged);
        if let Some(own) = taken.by_occupant.get_mut(&self.occupant) {
            *own -= 1;
            if *own == 0 {
                taken.by_occupant.remove(&self.occupant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two users that are not the user of the tests, or root.
    const OTHERS: [Occupant; 2] = [Occupant::User(4_000_000_001), Occupant::User(4_000_000_002)];
    const ROOT: Occupant = Occupant::User(0);

    /// Takes places for `occupant` until one is refused.
    fn fill(places: &Arc<Places>, occupant: Occupant) -> (Vec<Place>, NoPlace) {
        let mut taken = Vec::new();
        loop {
            match places.take(occupant) {
                Ok(place) => taken.push(place),
                Err(refusal) => return (taken, refusal),
            }
        }
    }

    #[test]
    fn a_user_gets_half_of_the_places_and_root_the_last_one() {
        let places = Places::new(8, None);
        let (first, refusal) = fill(&places, OTHERS[0]);
        assert_eq!((first.len(), refusal), (4, NoPlace::TooManyOfUser(OTHERS[0])));
        let (second, refusal) = fill(&places, OTHERS[1]);
        assert_eq!((second.len(), refusal), (3, NoPlace::TooMany));
        assert_eq!(places.take(Occupant::Unidentified).err(), Some(NoPlace::TooMany));
        let (root, refusal) = fill(&places, ROOT);
        assert_eq!((root.len(), refusal), (1, NoPlace::TooMany));
        drop(first);
        assert_eq!(fill(&places, ROOT).0.len(), 4, "places of clients that left are free");
    }

    #[test]
    fn unidentified_clients_leave_one_place() {
        let places = Places::new(8, None);
        let (_taken, refusal) = fill(&places, Occupant::Unidentified);
        assert_eq!(refusal, NoPlace::TooMany);
        assert!(places.take(Occupant::Configured).is_ok());
        assert!(places.take(ROOT).is_ok());
    }

    #[test]
    fn a_limit_per_user_applies_to_every_user() {
        let places = Places::new(8, Some(2));
        for occupant in [ROOT, OTHERS[0], Occupant::Unidentified] {
            let (taken, refusal) = fill(&places, occupant);
            assert_eq!((taken.len(), refusal), (2, NoPlace::TooManyOfUser(occupant)));
        }
    }

    #[test]
    fn a_single_place_is_not_reserved() {
        let places = Places::new(1, None);
        assert_eq!(fill(&places, OTHERS[0]).0.len(), 1);
        assert_eq!(Places::new(0, None).take(ROOT).err(), Some(NoPlace::TooMany));
    }
}
