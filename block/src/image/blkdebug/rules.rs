//! The rules of a blkdebug node: the requests that fail, and from which event on.
//!
//! An event activates the rules that wait for it, in place of those that were active. Requests that
//! match an active rule fail. Other rules change a state at an event. A rule may wait for its event
//! in one state only.

use std::io;

use libc::EIO;
use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::image::extent::SECTOR_SIZE;
use crate::options::BlockdevOptionsBlkdebug;
use crate::options::blkdebug::{
    BlkdebugEvent, BlkdebugInjectErrorOptions, BlkdebugIoType, BlkdebugSetStateOptions,
};

/// The events that images and nodes raise here at the same steps as in QEMU.
const RAISED: [BlkdebugEvent; 11] = [
    BlkdebugEvent::None,
    BlkdebugEvent::ReadAio,
    BlkdebugEvent::ReadBackingAio,
    BlkdebugEvent::ReadCompressed,
    BlkdebugEvent::WriteAio,
    BlkdebugEvent::WriteCompressed,
    BlkdebugEvent::FlushToOs,
    BlkdebugEvent::FlushToDisk,
    BlkdebugEvent::Pwritev,
    BlkdebugEvent::PwritevZero,
    BlkdebugEvent::PwritevDone,
];

/// The largest error number of the system.
const ERRNO_MAX: i64 = 4095;
/// The value of `sector` in a rule that matches requests anywhere.
const ANY_SECTOR: i64 = -1;

/// A rule by which requests fail, with its defaults filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct InjectError {
    /// The event that activates the rule.
    event: BlkdebugEvent,
    /// The state in which the event activates the rule; 0 is any.
    state: i64,
    /// The kind of requests that match; all but `block-status` if absent.
    io_type: Option<BlkdebugIoType>,
    /// The number of the error; with 0, requests that match succeed.
    errno: i32,
    /// The byte that a request must touch to match. Flushes touch no byte.
    offset: Option<u64>,
    /// Whether the rule is removed once a request has failed by it.
    once: bool,
}

impl InjectError {
    fn new(options: &BlkdebugInjectErrorOptions) -> Result<Self> {
        let BlkdebugInjectErrorOptions {
            event,
            state,
            iotype,
            errno,
            sector,
            once,
            // Without effect: errors are always reported by the thread of the request.
            immediately: _,
        } = *options;
        let offset = match sector.unwrap_or(ANY_SECTOR) {
            ANY_SECTOR => None,
            sector if sector < 0 => return Err(out_of_range("sector", sector)),
            // A product that overflows saturates to an offset that no request touches.
            sector => Some(sector.unsigned_abs().saturating_mul(SECTOR_SIZE)),
        };
        check_raised(event)?;
        let errno = errno.unwrap_or(i64::from(EIO));
        let errno = i32::try_from(errno)
            .ok()
            .filter(|_| (0..=ERRNO_MAX).contains(&errno))
            .ok_or_else(|| out_of_range("errno", errno))?;
        let (state, once) = (state.unwrap_or(0), once.unwrap_or(false));
        Ok(InjectError { event, state, io_type: iotype, errno, offset, once })
    }

    fn matches(&self, io_type: BlkdebugIoType, offset: u64, length: u64) -> bool {
        let touches = |byte: u64| byte >= offset && byte < offset.saturating_add(length);
        let kind_matches = match self.io_type {
            Some(own) => own == io_type,
            None => io_type != BlkdebugIoType::BlockStatus,
        };
        kind_matches && self.offset.is_none_or(touches)
    }
}

/// A rule that changes the state, with its defaults filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SetState {
    /// The event that changes the state.
    event: BlkdebugEvent,
    /// The state in which the event changes the state; 0 is any.
    state: i64,
    new_state: i64,
}

impl SetState {
    fn new(options: &BlkdebugSetStateOptions) -> Result<Self> {
        let BlkdebugSetStateOptions { event, state, new_state } = *options;
        check_raised(event)?;
        Ok(SetState { event, state: state.unwrap_or(0), new_state })
    }
}

fn check_raised(event: BlkdebugEvent) -> Result<()> {
    if RAISED.contains(&event) {
        return Ok(());
    }
    Err(Error::InvalidOption(format!(
        "Event '{event}' never comes in this program, so that no rule can wait for it"
    )))
}

fn out_of_range(name: &str, value: i64) -> Error {
    Error::InvalidOption(format!("Value '{value}' is out of range for parameter '{name}'"))
}

/// The state before any event.
const FIRST_STATE: i64 = 1;

/// The rules of an open node.
#[derive(Debug)]
pub struct Rules(Mutex<State>);

#[derive(Debug)]
struct State {
    /// The rules by which requests fail, without those that have been removed. Of the active rules
    /// that match a request, the first one applies.
    inject_error: Vec<InjectError>,
    /// The rules that change the state. Of those for one event, the first one applies.
    set_state: Vec<SetState>,
    /// The positions of the active rules in `inject_error`.
    active: Vec<usize>,
    state: i64,
}

impl Rules {
    /// The rules in the options of a node, which has just been opened.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for an event that is never raised and for numbers out of range.
    pub fn new(options: &BlockdevOptionsBlkdebug) -> Result<Self> {
        let inject_error = options.inject_error.iter().flatten().map(InjectError::new);
        let set_state = options.set_state.iter().flatten().map(SetState::new);
        let state = State {
            inject_error: inject_error.collect::<Result<_>>()?,
            set_state: set_state.collect::<Result<_>>()?,
            active: Vec::new(),
            state: FIRST_STATE,
        };
        let rules = Rules(Mutex::new(state));
        rules.on_event(BlkdebugEvent::None);
        Ok(rules)
    }

    /// Activates rules and changes the state at an event.
    pub fn on_event(&self, event: BlkdebugEvent) {
        let mut guard = self.0.lock();
        let State { inject_error, set_state, active, state } = &mut *guard;
        let waits =
            |own: BlkdebugEvent, wanted: i64| own == event && (wanted == 0 || wanted == *state);
        let waiting: Vec<usize> = (0..inject_error.len())
            .filter(|number| waits(inject_error[*number].event, inject_error[*number].state))
            .collect();
        if !waiting.is_empty() {
            *active = waiting;
        }
        let changing = set_state.iter().find(|rule| waits(rule.event, rule.state));
        if let Some(rule) = changing {
            *state = rule.new_state;
        }
    }

    /// Checks a request against the active rules.
    ///
    /// # Errors
    /// The error of the first active rule that matches.
    pub fn check(&self, io_type: BlkdebugIoType, offset: u64, length: u64) -> io::Result<()> {
        let mut guard = self.0.lock();
        let State { inject_error, active, .. } = &mut *guard;
        let matches = |number: &usize| inject_error[*number].matches(io_type, offset, length);
        let Some(number) = active.iter().copied().find(matches) else { return Ok(()) };
        let InjectError { errno, once, .. } = inject_error[number];
        if errno == 0 {
            return Ok(());
        }
        if once {
            inject_error.remove(number);
            active.retain(|active| *active != number);
            for later in active.iter_mut().filter(|active| **active > number) {
                *later -= 1;
            }
        }
        Err(io::Error::from_raw_os_error(errno))
    }
}
