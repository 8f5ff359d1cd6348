//! The memory that decoded arguments allocate.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Result;
use crate::memory_budget::{Account, CallCharge};
use crate::messages;

/// The number of bytes that are not charged. Arguments of common commands need less, so that their
/// calls do not touch the account.
const FREE: usize = 64 << 10;

/// Counts what the arguments of one request at a time allocate: lists, strings and boxes.
///
/// The counters are atomic only so that options without an account can be static.
#[derive(Debug)]
pub(crate) struct Allocated {
    /// The account of the client; `None` for values that no client sends.
    account: Option<Arc<Account>>,
    bytes: AtomicUsize,
    /// The number of bytes that are charged to the account.
    charged: AtomicUsize,
}

impl Allocated {
    /// Counts nothing.
    pub(super) const fn unlimited() -> Self {
        Self { account: None, bytes: AtomicUsize::new(0), charged: AtomicUsize::new(0) }
    }

    /// Charges what is counted to `account`.
    pub(super) fn charged_to(account: &Arc<Account>) -> Self {
        Self { account: Some(Arc::clone(account)), ..Self::unlimited() }
    }

    /// Counts `bytes`.
    ///
    /// # Errors
    /// The memory budget is exhausted, and no client uses more of it than this one.
    pub(crate) fn add(&self, bytes: usize) -> Result<()> {
        let Some(account) = &self.account else { return Ok(()) };
        let counted = self.bytes.load(Ordering::Relaxed) + bytes;
        self.bytes.store(counted, Ordering::Relaxed);
        let charged = self.charged.load(Ordering::Relaxed);
        if counted <= charged + FREE {
            return Ok(());
        }
        self.charged.store(counted, Ordering::Relaxed);
        account
            .add(counted - charged)
            .or_else(|_| account.reclaim())
            .map_err(|_| messages::arguments_exceed_memory())
    }

    /// Begins the count of the next request. The arguments of the last one are dropped, or its call
    /// has their charge.
    #[inline]
    pub(crate) fn restart(&self) {
        self.bytes.store(0, Ordering::Relaxed);
        if self.charged.load(Ordering::Relaxed) > 0 {
            self.free_charged();
        }
    }

    /// Takes the charge of the arguments for a call that continues; `None` if they are small.
    pub(crate) fn take_charge(&self) -> Option<CallCharge> {
        let account = self.account.as_ref()?;
        let charged = self.charged.swap(0, Ordering::Relaxed);
        (charged > 0).then(|| CallCharge::of_added(account, charged))
    }

    #[cold]
    fn free_charged(&self) {
        if let Some(account) = &self.account {
            account.remove(self.charged.swap(0, Ordering::Relaxed));
        }
    }
}
