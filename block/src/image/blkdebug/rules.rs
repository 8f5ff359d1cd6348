//! The rules of a blkdebug node: the requests that fail, and from which event on.
//!
//! An event activates the rules that wait for it, in place of those that were active. Requests that
//! match an active rule fail. Other rules change a state at an event. A rule may wait for its event
//! in one state only.

use crate::error::{Error, Result};
use crate::image::extent::SECTOR_SIZE;
use crate::options::BlockdevOptionsBlkdebug;
use crate::options::blkdebug::{
    BlkdebugEvent, BlkdebugInjectErrorOptions, BlkdebugIoType, BlkdebugSetStateOptions,
};
use nix::libc::EIO;
use parking_lot::Mutex;
use std::io;

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
            // No request touches a byte beyond all images.
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
        let is_kind = match self.io_type {
            Some(own) => own == io_type,
            None => io_type != BlkdebugIoType::BlockStatus,
        };
        is_kind && self.offset.is_none_or(touches)
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

    /// Lets a request pass, or fails it.
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

#[cfg(test)]
mod tests {
    use super::*;

    const ENOSPC: i32 = 28;
    const KIB: u64 = 1 << 10;
    /// The sector that begins at 4 KiB.
    const SECTOR: Option<i64> = Some(8);

    /// The options of a rule, each of which may differ from its default.
    type Rule = BlkdebugInjectErrorOptions;

    fn rule(event: BlkdebugEvent) -> Rule {
        Rule::new(event)
    }

    fn rules(inject_error: Vec<Rule>, set_state: Vec<BlkdebugSetStateOptions>) -> Rules {
        let mut options = BlockdevOptionsBlkdebug::new("image".into());
        options.inject_error = Some(inject_error);
        options.set_state = Some(set_state);
        Rules::new(&options).expect("they can be used")
    }

    fn outcome(rules: &Rules, io_type: BlkdebugIoType, offset: u64, length: u64) -> i32 {
        match rules.check(io_type, offset, length) {
            Ok(()) => 0,
            Err(error) => error.raw_os_error().expect("an error of the system"),
        }
    }

    #[test]
    fn requests_fail_that_a_rule_fits() {
        let none = rule(BlkdebugEvent::None);
        let table = [
            ("any", none, BlkdebugIoType::Read, 0, KIB, EIO),
            ("any", none, BlkdebugIoType::Flush, 0, 0, EIO),
            ("not asking, unless that is said", none, BlkdebugIoType::BlockStatus, 0, KIB, 0),
            ("of the kind", kind(BlkdebugIoType::Write), BlkdebugIoType::Write, 0, KIB, EIO),
            ("of another kind", kind(BlkdebugIoType::Write), BlkdebugIoType::Read, 0, KIB, 0),
            (
                "zeroes are no data",
                kind(BlkdebugIoType::Write),
                BlkdebugIoType::WriteZeroes,
                0,
                KIB,
                0,
            ),
            (
                "asking",
                kind(BlkdebugIoType::BlockStatus),
                BlkdebugIoType::BlockStatus,
                0,
                KIB,
                EIO,
            ),
            ("before", Rule { sector: SECTOR, ..none }, BlkdebugIoType::Read, 0, 4 * KIB, 0),
            (
                "last byte",
                Rule { sector: SECTOR, ..none },
                BlkdebugIoType::Read,
                KIB,
                3 * KIB + 1,
                EIO,
            ),
            (
                "first byte",
                Rule { sector: SECTOR, ..none },
                BlkdebugIoType::Read,
                4 * KIB,
                1,
                EIO,
            ),
            ("after", Rule { sector: SECTOR, ..none }, BlkdebugIoType::Read, 4 * KIB + 1, KIB, 0),
            (
                "flushes are nowhere",
                Rule { sector: SECTOR, ..none },
                BlkdebugIoType::Flush,
                0,
                0,
                0,
            ),
            (
                "the error",
                Rule { errno: Some(ENOSPC.into()), ..none },
                BlkdebugIoType::Write,
                0,
                1,
                ENOSPC,
            ),
            ("none", Rule { errno: Some(0), ..none }, BlkdebugIoType::Write, 0, 1, 0),
            ("not in this state", Rule { state: Some(2), ..none }, BlkdebugIoType::Read, 0, 1, 0),
            (
                "in the first state",
                Rule { state: Some(1), ..none },
                BlkdebugIoType::Read,
                0,
                1,
                EIO,
            ),
        ];
        for (name, rule, io_type, offset, length, expected) in table {
            let rules = rules(vec![rule], vec![]);
            assert_eq!(outcome(&rules, io_type, offset, length), expected, "{name}");
            assert_eq!(outcome(&rules, io_type, offset, length), expected, "{name}: always");
        }
    }

    fn kind(iotype: BlkdebugIoType) -> Rule {
        Rule { iotype: Some(iotype), ..rule(BlkdebugEvent::None) }
    }

    #[test]
    fn a_rule_that_is_good_for_one_request_is_gone_with_it() {
        let once = |errno: i32| Rule {
            errno: Some(errno.into()),
            once: Some(true),
            ..rule(BlkdebugEvent::None)
        };
        let always = Rule { errno: Some(ENOSPC.into()), ..rule(BlkdebugEvent::None) };
        let table = [
            (vec![once(EIO)], vec![EIO, 0, 0]),
            (vec![once(EIO), once(ENOSPC)], vec![EIO, ENOSPC, 0]),
            (vec![once(EIO), always], vec![EIO, ENOSPC, ENOSPC]),
            (vec![always, once(EIO)], vec![ENOSPC, ENOSPC, ENOSPC]),
            // It hides those behind it, and is not used up.
            (vec![once(0), once(EIO)], vec![0, 0, 0]),
        ];
        for (given, expected) in table {
            let rules = rules(given.clone(), vec![]);
            let found: Vec<i32> =
                expected.iter().map(|_| outcome(&rules, BlkdebugIoType::Read, 0, 1)).collect();
            assert_eq!(found, expected, "{given:?}");
        }
    }

    #[test]
    fn a_rule_that_is_gone_does_not_come_back_with_its_event() {
        let once = Rule { once: Some(true), ..rule(BlkdebugEvent::ReadAio) };
        let other = Rule { errno: Some(ENOSPC.into()), ..rule(BlkdebugEvent::ReadAio) };
        let rules = rules(vec![once, other], vec![]);
        rules.on_event(BlkdebugEvent::ReadAio);
        assert_eq!(outcome(&rules, BlkdebugIoType::Read, 0, 1), EIO);
        rules.on_event(BlkdebugEvent::ReadAio);
        assert_eq!(outcome(&rules, BlkdebugIoType::Read, 0, 1), ENOSPC);
    }

    #[test]
    fn rules_are_in_force_from_their_event_to_the_next_that_others_wait_for() {
        let second = Rule { errno: Some(ENOSPC.into()), ..rule(BlkdebugEvent::WriteAio) };
        let rules = rules(vec![rule(BlkdebugEvent::ReadAio), second], vec![]);
        let table = [
            (BlkdebugEvent::None, 0),
            (BlkdebugEvent::ReadAio, EIO),
            (BlkdebugEvent::FlushToOs, EIO),
            (BlkdebugEvent::WriteAio, ENOSPC),
            (BlkdebugEvent::Pwritev, ENOSPC),
            (BlkdebugEvent::ReadAio, EIO),
        ];
        for (event, expected) in table {
            rules.on_event(event);
            assert_eq!(outcome(&rules, BlkdebugIoType::Read, 0, 1), expected, "{event:?}");
        }
    }

    #[test]
    fn the_state_goes_from_number_to_number() {
        let to = |state, new_state| BlkdebugSetStateOptions {
            event: BlkdebugEvent::ReadAio,
            state: Some(state),
            new_state,
        };
        let in_third = Rule { state: Some(3), ..rule(BlkdebugEvent::ReadAio) };
        let read = |rules: &Rules| {
            rules.on_event(BlkdebugEvent::ReadAio);
            outcome(rules, BlkdebugIoType::Read, 0, 1)
        };
        let table = [
            // The state changes after the event was looked at.
            (vec![to(1, 2), to(2, 3)], vec![0, 0, EIO, EIO]),
            (vec![to(0, 3)], vec![0, EIO, EIO, EIO]),
            // What is in force stays so until others take its place.
            (vec![to(1, 3), to(3, 4)], vec![0, EIO, EIO, EIO]),
            // The first counts.
            (vec![to(1, 2), to(1, 3)], vec![0, 0, 0, 0]),
            (vec![to(7, 3)], vec![0, 0, 0, 0]),
        ];
        for (set_state, expected) in table {
            let rules = rules(vec![in_third], set_state.clone());
            let found: Vec<i32> = expected.iter().map(|_| read(&rules)).collect();
            assert_eq!(found, expected, "{set_state:?}");
        }
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let none = rule(BlkdebugEvent::None);
        for (rule, expected) in [
            (
                rule(BlkdebugEvent::L2Load),
                "Event 'l2_load' never comes in this program, so that no rule can wait for it",
            ),
            (
                Rule { errno: Some(4096), ..none },
                "Value '4096' is out of range for parameter 'errno'",
            ),
            (
                Rule { sector: Some(-2), ..none },
                "Value '-2' is out of range for parameter 'sector'",
            ),
        ] {
            let mut options = BlockdevOptionsBlkdebug::new("image".into());
            options.inject_error = Some(vec![rule]);
            let error = Rules::new(&options).expect_err("it is wrong").to_string();
            assert_eq!(error, expected, "{rule:?}");
        }
    }
}
