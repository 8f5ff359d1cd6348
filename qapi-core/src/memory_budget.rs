//! A bound on the memory that all clients of a server use together.
//!
//! Each client has an [`Account`]. Its session charges to the account what the session allocates
//! for the client: the text of an incomplete message, requests that wait, decoded arguments of
//! calls in flight, and output that the client has not read. Buffers of up to 64 KiB are not
//! charged; a session has less than ten of them.
//!
//! Each client may use its share in any case. What a client uses beyond its share comes from a
//! pool. If the pool does not suffice for a client, those that use more than this client are
//! disconnected, the largest first. If that does not suffice, the client itself is refused. A
//! client that stays within its share is neither disconnected nor refused.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The default limit on the memory for all clients.
const DEFAULT_LIMIT: usize = 256 << 20;

/// The default number of clients for which shares are set aside.
const DEFAULT_CLIENTS: usize = 64;

/// The largest share of a client: more than clients need that send common requests, and read.
const MAX_SHARE: usize = 1 << 20;

/// The memory that the clients of one server may use together. All clones are the same budget.
///
/// A [`Server`](crate::Server) makes a budget of its own. Another owner of sessions passes one
/// budget to all of them with
/// [`SessionOptions::memory_budget`](crate::session::SessionOptions::memory_budget).
#[derive(Clone)]
pub struct MemoryBudget(Arc<Budget>);

struct Budget {
    /// The number of bytes that each client may use in any case.
    share: usize,
    /// The number of bytes that the clients may use together beyond their shares.
    pool: usize,
    /// The number of bytes of the pool that are in use.
    pool_used: AtomicUsize,
    accounts: Mutex<Vec<Weak<Account>>>,
}

impl Default for MemoryBudget {
    /// 256 MiB for 64 clients.
    fn default() -> Self {
        Self::new(DEFAULT_LIMIT, DEFAULT_CLIENTS)
    }
}

impl MemoryBudget {
    /// A budget of `limit` bytes for up to `clients` clients.
    ///
    /// Each client has a share of 1 MiB, or of half the limit divided by the number of clients if
    /// that is less. The rest of the limit is for clients that need more.
    pub fn new(limit: usize, clients: usize) -> Self {
        let clients = clients.max(1);
        let share = MAX_SHARE.min(limit / 2 / clients);
        let pool = limit - clients * share;
        let (pool_used, accounts) = (AtomicUsize::new(0), Mutex::default());
        Self(Arc::new(Budget { share, pool, pool_used, accounts }))
    }

    /// The default limit in bytes.
    #[cfg(feature = "server")]
    pub(crate) const fn default_limit() -> usize {
        DEFAULT_LIMIT
    }

    /// Opens the account of a client. `close` is called when the client must be disconnected; it
    /// must not charge anything.
    pub(crate) fn open(&self, close: impl Fn() + Send + Sync + 'static) -> Arc<Account> {
        let account = Arc::new(Account {
            budget: Arc::clone(&self.0),
            used: AtomicUsize::new(0),
            in_calls: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
            close: Box::new(close),
        });
        let mut accounts = self.0.lock();
        accounts.retain(|account| account.strong_count() > 0);
        accounts.push(Arc::downgrade(&account));
        account
    }
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Budget { share, pool, pool_used, accounts: _ } = &*self.0;
        f.debug_struct("MemoryBudget")
            .field("share", share)
            .field("pool", pool)
            .field("pool_used", pool_used)
            .finish_non_exhaustive()
    }
}

impl Budget {
    /// The bytes of the pool that an account with `used` bytes occupies.
    fn beyond_share(&self, used: usize) -> usize {
        used.saturating_sub(self.share)
    }

    /// Disconnects clients that use more than `requester`, those that use most first, until the
    /// pool suffices.
    fn reclaim(&self, requester: &Account) -> Result<(), MemoryExceeded> {
        let accounts: Vec<Arc<Account>> = self.lock().iter().filter_map(Weak::upgrade).collect();
        let (closed, mut open): (Vec<_>, Vec<_>) =
            accounts.into_iter().partition(|account| account.is_closed());
        let freed: usize = closed.iter().map(|account| account.reclaimable()).sum();
        let mut expected = self.pool_used.load(Ordering::Relaxed).saturating_sub(freed);
        open.sort_unstable_by_key(|account| std::cmp::Reverse(account.used()));
        for account in open {
            if expected <= self.pool {
                return Ok(());
            }
            if account.used() <= requester.used() {
                break;
            }
            let reclaimable = account.reclaimable();
            if reclaimable > 0 {
                account.close();
                expected = expected.saturating_sub(reclaimable);
            }
        }
        if expected <= self.pool { Ok(()) } else { Err(MemoryExceeded) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Account>>> {
        // No code panics in the middle of a change under the lock, so poison is ignored.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The memory budget is exhausted, and no client uses more of it than this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemoryExceeded;

/// The memory that one client uses.
pub(crate) struct Account {
    budget: Arc<Budget>,
    used: AtomicUsize,
    /// The part of `used` that calls in flight use. A disconnect does not free it.
    in_calls: AtomicUsize,
    is_closed: AtomicBool,
    close: Box<dyn Fn() + Send + Sync>,
}

impl Account {
    /// Whether the client must be disconnected.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Disconnects the client.
    pub(crate) fn close(&self) {
        if !self.is_closed.swap(true, Ordering::Relaxed) {
            (self.close)();
        }
    }

    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// The bytes of the pool that a disconnect frees.
    fn reclaimable(&self) -> usize {
        let in_calls = self.in_calls.load(Ordering::Relaxed);
        let beyond_share = self.budget.beyond_share(self.used());
        beyond_share - beyond_share.min(self.budget.beyond_share(in_calls))
    }

    /// Adds allocated bytes. Does not disconnect other clients, so that the caller may have locks.
    ///
    /// # Errors
    /// The pool is exhausted: the caller has to call [`reclaim`](Self::reclaim).
    pub(crate) fn add(&self, bytes: usize) -> Result<(), MemoryExceeded> {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        let Budget { pool, pool_used, .. } = &*self.budget;
        let beyond_share = self.budget.beyond_share(before + bytes);
        let added = beyond_share - self.budget.beyond_share(before);
        let in_use = pool_used.fetch_add(added, Ordering::Relaxed) + added;
        if beyond_share > 0 && in_use > *pool { Err(MemoryExceeded) } else { Ok(()) }
    }

    /// Removes freed bytes.
    pub(crate) fn remove(&self, bytes: usize) {
        let before = self.used.fetch_sub(bytes, Ordering::Relaxed);
        let after = self.budget.beyond_share(before - bytes);
        let removed = self.budget.beyond_share(before) - after;
        self.budget.pool_used.fetch_sub(removed, Ordering::Relaxed);
    }

    /// Disconnects clients that use more than this one until the pool suffices. Calls `close` of
    /// these clients, so that the caller must have no locks.
    ///
    /// # Errors
    /// The pool does not suffice, and no other client uses more than this one: the caller has to
    /// free memory or to disconnect the client.
    pub(crate) fn reclaim(&self) -> Result<(), MemoryExceeded> {
        self.budget.reclaim(self)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.remove(self.used());
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { used, in_calls, is_closed, budget: _, close: _ } = self;
        f.debug_struct("Account")
            .field("used", used)
            .field("in_calls", in_calls)
            .field("is_closed", is_closed)
            .finish_non_exhaustive()
    }
}

/// Bytes that are charged to an account until the charge is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    account: Arc<Account>,
    bytes: usize,
}

impl Charge {
    /// A charge of no bytes.
    pub(crate) fn new(account: &Arc<Account>) -> Self {
        Self { account: Arc::clone(account), bytes: 0 }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Changes the number of bytes. The caller may have locks.
    ///
    /// # Errors
    /// The pool is exhausted: the caller has to call [`Account::reclaim`].
    pub(crate) fn set(&mut self, bytes: usize) -> Result<(), MemoryExceeded> {
        let before = std::mem::replace(&mut self.bytes, bytes);
        if bytes > before {
            return self.account.add(bytes - before);
        }
        self.account.remove(before - bytes);
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.remove(self.bytes);
    }
}

/// The arguments of a call in flight. A disconnect of the client does not free them.
#[derive(Debug)]
pub(crate) struct CallCharge(Charge);

impl CallCharge {
    /// Takes over `bytes` that were added to the account.
    pub(crate) fn of_added(account: &Arc<Account>, bytes: usize) -> Self {
        account.in_calls.fetch_add(bytes, Ordering::Relaxed);
        Self(Charge { account: Arc::clone(account), bytes })
    }
}

impl Drop for CallCharge {
    fn drop(&mut self) {
        self.0.account.in_calls.fetch_sub(self.0.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// Opens an account that uses `bytes` bytes.
    fn account(budget: &MemoryBudget, bytes: usize) -> Arc<Account> {
        let account = budget.open(|| {});
        assert_eq!(account.add(bytes), Ok(()));
        account
    }

    #[test]
    fn the_largest_is_disconnected_and_shares_are_not_touched() {
        let budget = MemoryBudget::new(8 * MIB, 4);
        let [small, medium, large] = [MIB, 2 * MIB, 3 * MIB].map(|bytes| account(&budget, bytes));
        assert_eq!(medium.add(MIB), Ok(()), "4 MiB are in the pool, and all are used");
        assert_eq!(medium.add(1), Err(MemoryExceeded));
        assert_eq!(medium.reclaim(), Err(MemoryExceeded), "no other uses more");
        medium.remove(MIB + 1);
        assert_eq!(small.add(2 * MIB), Err(MemoryExceeded));
        assert_eq!(small.reclaim(), Err(MemoryExceeded), "they use the same");
        small.remove(2 * MIB);
        assert_eq!(small.add(MIB / 2), Ok(()));
        let fourth = account(&budget, MIB);
        assert_eq!(fourth.add(MIB + 1), Err(MemoryExceeded));
        assert_eq!(fourth.reclaim(), Ok(()));
        let closed = [&small, &medium, &large, &fourth].map(|account| account.is_closed());
        assert_eq!(closed, [false, false, true, false]);
        let added = fourth.add(MIB / 2).or_else(|_| fourth.reclaim());
        assert_eq!(added, Ok(()), "the bytes of a closed client count as freed");
        drop(large);
        assert_eq!(budget.0.pool_used.load(Ordering::Relaxed), 3 * MIB + 1);
    }

    #[test]
    fn charges_return_their_bytes() {
        let budget = MemoryBudget::new(8 * MIB, 4);
        let account = budget.open(|| {});
        let mut charge = Charge::new(&account);
        for bytes in [5 * MIB, 0, 2 * MIB, MIB / 2, 4 * MIB] {
            assert_eq!(charge.set(bytes), Ok(()));
            assert_eq!((account.used(), charge.bytes()), (bytes, bytes));
            let pool_used = budget.0.pool_used.load(Ordering::Relaxed);
            assert_eq!(pool_used, bytes.saturating_sub(MIB));
        }
        drop(charge);
        assert_eq!((account.used(), budget.0.pool_used.load(Ordering::Relaxed)), (0, 0));
    }

    #[test]
    fn arguments_of_calls_in_flight_are_not_reclaimable() {
        let budget = MemoryBudget::new(8 * MIB, 4);
        let calling = account(&budget, 3 * MIB);
        let call = CallCharge::of_added(&calling, 3 * MIB);
        assert_eq!(calling.add(MIB), Ok(()));
        assert_eq!(calling.reclaimable(), MIB);
        let other = account(&budget, MIB);
        assert_eq!(other.add(2 * MIB), Err(MemoryExceeded));
        assert_eq!(other.reclaim(), Ok(()));
        assert!(calling.is_closed());
        assert_eq!(other.add(MIB), Err(MemoryExceeded));
        assert_eq!(other.reclaim(), Err(MemoryExceeded), "the call continues");
        drop(call);
        assert_eq!((calling.used(), calling.reclaimable()), (MIB, 0));
    }

    #[test]
    fn a_small_budget_is_shared_out_by_half() {
        let budget = MemoryBudget::new(64 << 10, 64);
        assert_eq!((budget.0.share, budget.0.pool), (512, 32 << 10));
        assert_eq!(MemoryBudget::new(0, 0).open(|| {}).add(1), Err(MemoryExceeded));
    }
}
