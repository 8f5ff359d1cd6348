//! Throttle groups: limits on the rates of requests, which several nodes share.
//!
//! [`ThrottleGroups`] has the groups by name. A node with the driver `throttle` is a member of one
//! of them. Its requests wait on their threads until they are admitted. In each direction, the
//! members take turns, and the requests of a member keep their order.

mod buckets;
mod limits;
mod queue;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use self::buckets::Buckets;
pub use self::buckets::Direction;
pub use self::limits::{Limit, RATE_MAX, Scope, ThrottleLimits, Unit};
use self::queue::Queue;
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
            let mut state = group.lock();
            state.is_ended = true;
            state.wake_all();
        }
    }
}

/// Limits that the members of a group share.
#[derive(Debug)]
pub struct ThrottleGroup {
    state: Mutex<State>,
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

    /// Lets all requests check whether they need to wait any more.
    fn wake_all(&self) {
        self.reads.wake_all();
        self.writes.wake_all();
    }

    /// Counts a request that has been admitted, and passes the turn on.
    fn pass(&mut self, direction: Direction, member: u64, size: u64, now: Duration) {
        self.buckets.count(direction, size);
        let must_wait = self.buckets.wait(direction, now) > Duration::ZERO;
        self.queue(direction).pass_turn(member, must_wait);
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
        let mut state = self.lock();
        state.buckets = Buckets::new(limits, self.start.elapsed());
        state.wake_all();
        Ok(())
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
        let start = self.group.start;
        let mut state = self.group.lock();
        let request = state.new_number();
        let woken = state.queue(direction).push(self.number, request);
        while !state.is_ended && !self.is_released() {
            if !state.queue(direction).has_turn(request) {
                woken.wait(&mut state);
                continue;
            }
            match state.buckets.wait(direction, start.elapsed()) {
                Duration::ZERO => break,
                wait => {
                    let _ = woken.wait_for(&mut state, wait.min(WAIT_MAX));
                }
            }
        }
        state.queue(direction).remove(self.number, request);
        state.pass(direction, self.number, size, start.elapsed());
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
        state.wake_all();
    }

    /// Lets all requests pass without a wait until the result is dropped.
    pub(crate) fn release(self: &Arc<Self>) -> ReleasedMember {
        // Under the lock, so that no request misses the notification.
        let state = self.group.lock();
        self.released.fetch_add(1, Ordering::Relaxed);
        state.wake_all();
        drop(state);
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

    fn one_byte_a_second() -> ThrottleLimits {
        let mut limits = ThrottleLimits::default();
        let limit = limits.limit_mut(Unit::Bytes, Scope::Total);
        limit.rate = 1;
        limits
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
        let group = groups.add("g", one_byte_a_second()).expect("the name is free");
        let member = Arc::new(groups.join("g").expect("the group exists"));
        member.admit(Direction::Write, 1 << 40);
        let waiting = Arc::clone(&member);
        let request = std::thread::spawn(move || waiting.admit(Direction::Write, 1));
        while group.lock().writes.is_empty() {
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
