//! A filter whose requests wait for their turn in a throttle group.

use std::io;
use std::sync::Arc;

use parking_lot::RwLock;

use super::filter::RequestFilter;
use super::storage::{Storage, ZeroMode};
use crate::throttle::{Direction, ThrottleMember};

/// Delays requests as the throttle group of the node requires. As in QEMU, flushes are not
/// delayed.
#[derive(Clone, Debug)]
pub(crate) struct Throttle {
    member: Arc<RwLock<Arc<ThrottleMember>>>,
}

impl Throttle {
    /// A filter that is a member of a group.
    pub(crate) fn new(member: ThrottleMember) -> Self {
        Throttle { member: Arc::new(RwLock::new(Arc::new(member))) }
    }

    /// The member of the group.
    pub(crate) fn member(&self) -> Arc<ThrottleMember> {
        Arc::clone(&self.member.read())
    }

    /// Makes the filter another member, for all later requests. Those that wait
    /// pass. Returns the former one.
    pub(crate) fn set_member(&self, member: Arc<ThrottleMember>) -> Arc<ThrottleMember> {
        member.enter();
        let former = std::mem::replace(&mut *self.member.write(), member);
        former.leave();
        former
    }

    fn admit(&self, direction: Direction, size: u64) {
        self.member().admit(direction, size);
    }
}

impl RequestFilter for Throttle {
    fn read(&self, below: &Storage, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.admit(Direction::Read, buffer.len() as u64);
        below.read(offset, buffer)
    }

    fn write(&self, below: &Storage, offset: u64, data: &[u8]) -> io::Result<()> {
        self.admit(Direction::Write, data.len() as u64);
        below.write(offset, data)
    }

    fn write_compressed(&self, below: &Storage, offset: u64, data: &[u8]) -> io::Result<()> {
        self.admit(Direction::Write, data.len() as u64);
        below.write_compressed(offset, data)
    }

    fn write_zeroes(
        &self,
        below: &Storage,
        offset: u64,
        length: u64,
        mode: ZeroMode,
    ) -> io::Result<()> {
        self.admit(Direction::Write, length);
        below.zero(offset, length, mode)
    }

    fn discard(&self, below: &Storage, offset: u64, length: u64) -> io::Result<()> {
        self.admit(Direction::Write, length);
        below.discard(offset, length)
    }
}
