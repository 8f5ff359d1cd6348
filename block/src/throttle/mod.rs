//! Throttle groups: limits on the rates of requests, which several nodes share.
//!
//! [`ThrottleGroups`] has the groups by name. A node with the driver `throttle` is a member of one
//! of them. Its requests wait on their threads until they are admitted: in each direction, the
//! members take turns, and the requests of a member keep their order.

mod buckets;
mod limits;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use self::buckets::Buckets;
pub use self::buckets::Direction;
pub use self::limits::{Limit, RATE_MAX, Scope, ThrottleLimits, Unit};
use crate::error::{Error, Result};

/// The throttle groups of a graph, by name. Clones share the groups.
#[derive(Clone, Debug, Default)]
pub struct ThrottleGroups {
    groups: Arc<Mutex<BTreeMap<String, Arc<ThrottleGroup>>>>,
}

impl ThrottleGroups {
    /// Adds a group.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the limits contradict each other, or the name is taken.
    pub fn add(&self, name: &str, limits: ThrottleLimits) -> Result<Arc<ThrottleGroup>> {
        limits.check()?;
        let mut groups = self.groups.lock();
        if groups.contains_key(name) {
            let text = format!("A throttle group with the name '{name}' already exists");
            return Err(Error::InvalidOption(text));
        }
        let group = Arc::new(ThrottleGroup::new(limits));
        groups.insert(name.to_owned(), Arc::clone(&group));
        Ok(group)
    }

    /// Removes a group without members. Returns whether it is removed.
    pub fn remove(&self, name: &str) -> bool {
        let mut groups = self.groups.lock();
        let is_unused =
            groups.get(name).is_some_and(|group| group.members.load(Ordering::Relaxed) == 0);
        is_unused && groups.remove(name).is_some()
    }

    /// Makes a node a member of a group.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if there is no such group.
    pub(crate) fn join(&self, name: &str) -> Result<ThrottleMember> {
        // The group cannot be removed meanwhile.
        let groups = self.groups.lock();
        match groups.get(name) {
            Some(group) => Ok(ThrottleMember::new(name, Arc::clone(group))),
            None => Err(Error::InvalidOption(format!("Throttle group '{name}' does not exist"))),
        }
    }

    /// Admits all requests at once from now on, so that a program that ends need not wait for them.
    pub fn end(&self) {
        for group in self.groups.lock().values() {
            group.lock().is_ended = true;
            group.changed.notify_all();
        }
    }
}

/// Limits that the members of a group share.
#[derive(Debug)]
pub struct ThrottleGroup {
    state: Mutex<State>,
    /// Notified when another request may be next, or requests need not wait any more.
    changed: Condvar,
    /// The time at which the clock of the buckets is zero.
    start: Instant,
    members: AtomicUsize,
}

#[derive(Debug)]
struct State {
    buckets: Buckets,
    reads: Queue,
    writes: Queue,
    next_number: u64,
    is_ended: bool,
}

impl State {
    fn queue(&mut self, direction: Direction) -> &mut Queue {
        match direction {
            Direction::Read => &mut self.reads,
            Direction::Write => &mut self.writes,
        }
    }

    fn new_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }
}

impl ThrottleGroup {
    fn new(limits: ThrottleLimits) -> Self {
        let state = State {
            buckets: Buckets::new(limits, Duration::ZERO),
            reads: Queue::default(),
            writes: Queue::default(),
            next_number: 0,
            is_ended: false,
        };
        ThrottleGroup {
            state: Mutex::new(state),
            changed: Condvar::new(),
            start: Instant::now(),
            members: AtomicUsize::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The limits.
    pub fn limits(&self) -> ThrottleLimits {
        *self.lock().buckets.limits()
    }

    /// Changes the limits. The requests that wait are subject to the new ones.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the limits contradict each other.
    pub fn set_limits(&self, limits: ThrottleLimits) -> Result<()> {
        limits.check()?;
        self.lock().buckets = Buckets::new(limits, self.start.elapsed());
        self.changed.notify_all();
        Ok(())
    }
}

/// The requests of one direction that wait, by member. The members take turns.
#[derive(Debug, Default)]
struct Queue {
    /// Only members with requests that wait.
    waiting: BTreeMap<u64, VecDeque<u64>>,
    /// The member whose request was admitted last.
    last: u64,
}

impl Queue {
    fn push(&mut self, member: u64, request: u64) {
        self.waiting.entry(member).or_default().push_back(request);
    }

    /// The request that is admitted next: the first one of the member after the last one.
    fn next(&self) -> Option<u64> {
        let after = (Bound::Excluded(self.last), Bound::Unbounded);
        let mut members = self.waiting.range(after).chain(self.waiting.iter());
        members.next().and_then(|(_, requests)| requests.front().copied())
    }

    /// Removes a request that is admitted.
    fn remove(&mut self, member: u64, request: u64) {
        if let Some(requests) = self.waiting.get_mut(&member) {
            requests.retain(|one| *one != request);
            if requests.is_empty() {
                self.waiting.remove(&member);
            }
        }
        self.last = member;
    }
}

/// A node in a throttle group.
#[derive(Debug)]
pub(crate) struct ThrottleMember {
    group_name: String,
    group: Arc<ThrottleGroup>,
    number: u64,
    /// The number of users that let the requests pass without a wait.
    released: AtomicUsize,
    /// Whether the node is a member of another group now.
    has_left: AtomicBool,
}

impl ThrottleMember {
    fn new(group_name: &str, group: Arc<ThrottleGroup>) -> Self {
        group.members.fetch_add(1, Ordering::Relaxed);
        let number = group.lock().new_number();
        let group_name = group_name.to_owned();
        ThrottleMember {
            group_name,
            group,
            number,
            released: AtomicUsize::new(0),
            has_left: AtomicBool::new(false),
        }
    }

    /// The name of the group.
    pub(crate) fn group_name(&self) -> &str {
        &self.group_name
    }

    /// Waits until a request of `size` bytes is admitted. Blocks the thread.
    pub(crate) fn admit(&self, direction: Direction, size: u64) {
        let ThrottleGroup { changed, start, .. } = &*self.group;
        let mut state = self.group.lock();
        let request = state.new_number();
        state.queue(direction).push(self.number, request);
        while !state.is_ended && !self.is_released() {
            if state.queue(direction).next() != Some(request) {
                changed.wait(&mut state);
                continue;
            }
            match state.buckets.wait(direction, start.elapsed()) {
                Duration::ZERO => break,
                wait => {
                    let _ = changed.wait_for(&mut state, wait.min(WAIT_MAX));
                }
            }
        }
        state.queue(direction).remove(self.number, request);
        state.buckets.count(direction, size);
        drop(state);
        changed.notify_all();
    }

    fn is_released(&self) -> bool {
        self.released.load(Ordering::Relaxed) != 0 || self.has_left.load(Ordering::Relaxed)
    }

    /// Lets requests wait again, after [`ThrottleMember::leave`].
    pub(crate) fn enter(&self) {
        self.has_left.store(false, Ordering::Relaxed);
    }

    /// Lets all requests pass without a wait, as the node is a member of another group.
    pub(crate) fn leave(&self) {
        // Under the lock, so that no request misses the notification.
        let state = self.group.lock();
        self.has_left.store(true, Ordering::Relaxed);
        drop(state);
        self.group.changed.notify_all();
    }

    /// Lets all requests pass without a wait until the result is dropped.
    pub(crate) fn release(self: &Arc<Self>) -> ReleasedMember {
        // Under the lock, so that no request misses the notification.
        let state = self.group.lock();
        self.released.fetch_add(1, Ordering::Relaxed);
        drop(state);
        self.group.changed.notify_all();
        ReleasedMember(Arc::clone(self))
    }
}

/// The longest wait at a time. The wait for a rate of one byte a second can be too long for a
/// clock.
const WAIT_MAX: Duration = Duration::from_secs(3600);

impl Drop for ThrottleMember {
    fn drop(&mut self) {
        self.group.members.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A member whose requests pass without a wait.
#[derive(Debug)]
pub(crate) struct ReleasedMember(Arc<ThrottleMember>);

impl Drop for ReleasedMember {
    fn drop(&mut self) {
        self.0.released.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_request_an_hour() -> ThrottleLimits {
        let mut limits = ThrottleLimits::default();
        let limit = limits.limit_mut(Unit::Bytes, Scope::Total);
        limit.rate = 1;
        limits
    }

    #[test]
    fn members_take_turns_and_their_requests_keep_their_order() {
        let mut queue = Queue::default();
        for (member, request) in [(1, 10), (1, 11), (1, 12), (3, 13), (2, 14), (3, 15)] {
            queue.push(member, request);
        }
        let mut admitted = Vec::new();
        while let Some(request) = queue.next() {
            let is_own = |(_, requests): &(&u64, &VecDeque<u64>)| requests.contains(&request);
            let (member, _) = queue.waiting.iter().find(is_own).expect("the request waits");
            queue.remove(*member, request);
            admitted.push(request);
        }
        assert_eq!(admitted, [10, 14, 13, 11, 15, 12]);
    }

    #[test]
    fn a_group_with_members_is_not_removed() {
        let groups = ThrottleGroups::default();
        assert!(groups.join("g").is_err());
        groups.add("g", ThrottleLimits::default()).expect("the name is free");
        groups.add("g", ThrottleLimits::default()).expect_err("the name is taken");
        let member = groups.join("g").expect("the group exists");
        assert!(!groups.remove("g"));
        drop(member);
        assert!(groups.remove("g") && !groups.remove("g"));
    }

    /// Starts a request that has to wait, and calls `release` once it waits.
    fn ends_after(release: impl FnOnce(&ThrottleGroups, &Arc<ThrottleMember>)) {
        let groups = ThrottleGroups::default();
        let group = groups.add("g", one_request_an_hour()).expect("the name is free");
        let member = Arc::new(groups.join("g").expect("the group exists"));
        member.admit(Direction::Write, 1 << 40);
        let waiting = Arc::clone(&member);
        let request = std::thread::spawn(move || waiting.admit(Direction::Write, 1));
        while group.lock().writes.waiting.is_empty() {
            std::thread::yield_now();
        }
        release(&groups, &member);
        request.join().expect("the request is admitted");
    }

    #[test]
    fn requests_that_wait_are_released() {
        ends_after(|groups, _member| groups.end());
        ends_after(|groups, _member| {
            let group = groups.groups.lock().get("g").cloned().expect("the group exists");
            group.set_limits(ThrottleLimits::default()).expect("no limits agree");
        });
        let released = Mutex::new(None);
        ends_after(|_groups, member| *released.lock() = Some(member.release()));
        let released = released.into_inner().expect("the member is released");
        let member = Arc::clone(&released.0);
        member.admit(Direction::Write, 1);
        drop(released);
        assert_eq!(member.released.load(Ordering::Relaxed), 0);
    }
}
