//! The rules of a `blkdebug` node: which requests fail, from which event on.
//!
//! Rules wait for an event. When one comes that an [`InjectError`] waits for, the rules that wait
//! for it take the place of those in force until then, and requests that they fit fail. A
//! [`SetState`] changes the state, a number, on which rules can make it depend whether they wait.

use bitflags::bitflags;
use parking_lot::Mutex;
use std::io;

/// What rules can wait for: those of `BlkdebugEvent` that come here when they come in QEMU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The node has been opened.
    None,
    /// The image above is about to read data from the node.
    ReadAio,
    /// The image above is about to read what its backing file shows.
    ReadBackingAio,
    /// The image above is about to read compressed data from the node.
    ReadCompressed,
    /// The image above is about to write data to the node.
    WriteAio,
    /// The image above is about to write compressed data to the node.
    WriteCompressed,
    /// The image above is about to give all it has in memory to the node.
    FlushToOs,
    /// The image above is about to have all that was written made last.
    FlushToDisk,
    /// The node is about to be written.
    Pwritev,
    /// The node is about to be made zero.
    PwritevZero,
    /// The node has been written or made zero, or that failed.
    PwritevDone,
}

impl Event {
    /// The events by their names in the schema.
    const NAMED: [(&'static str, Event); 11] = [
        ("none", Event::None),
        ("read_aio", Event::ReadAio),
        ("read_backing_aio", Event::ReadBackingAio),
        ("read_compressed", Event::ReadCompressed),
        ("write_aio", Event::WriteAio),
        ("write_compressed", Event::WriteCompressed),
        ("flush_to_os", Event::FlushToOs),
        ("flush_to_disk", Event::FlushToDisk),
        ("pwritev", Event::Pwritev),
        ("pwritev_zero", Event::PwritevZero),
        ("pwritev_done", Event::PwritevDone),
    ];

    /// The event of that name in the schema, if it comes here.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|(_, event)| *event)
    }
}

bitflags! {
    /// Kinds of requests: `BlkdebugIOType`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct IoTypes: u8 {
        /// Reading.
        const READ = 1 << 0;
        /// Writing data.
        const WRITE = 1 << 1;
        /// Making zero.
        const WRITE_ZEROES = 1 << 2;
        /// Giving up space.
        const DISCARD = 1 << 3;
        /// Making last what was written.
        const FLUSH = 1 << 4;
        /// Asking what is allocated.
        const BLOCK_STATUS = 1 << 5;
    }
}

impl IoTypes {
    /// What a rule fits that does not say: all but asking, as in QEMU.
    pub const DEFAULT: IoTypes = IoTypes::all().difference(IoTypes::BLOCK_STATUS);

    /// The kind of that name in the schema.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "read" => IoTypes::READ,
            "write" => IoTypes::WRITE,
            "write-zeroes" => IoTypes::WRITE_ZEROES,
            "discard" => IoTypes::DISCARD,
            "flush" => IoTypes::FLUSH,
            "block-status" => IoTypes::BLOCK_STATUS,
            _unknown => return None,
        })
    }
}

/// `BlkdebugInjectErrorOptions`: a rule by which requests fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InjectError {
    /// What brings it into force.
    pub event: Event,
    /// The state in which it waits; 0 is any.
    pub state: i64,
    /// The requests that it fits.
    pub io_types: IoTypes,
    /// The number of the error; with 0, requests that it fits succeed.
    pub errno: i32,
    /// The byte that requests must touch to fit. Flushes touch none.
    pub offset: Option<u64>,
    /// Whether it is gone once a request has failed by it.
    pub once: bool,
}

/// `BlkdebugSetStateOptions`: a rule that changes the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetState {
    /// What it waits for.
    pub event: Event,
    /// The state in which it waits; 0 is any.
    pub state: i64,
    /// The state from then on.
    pub new_state: i64,
}

/// The rules of a node as it was described.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleOptions {
    /// By which requests fail. Of those in force, the first that fits counts.
    pub inject_error: Vec<InjectError>,
    /// By which the state changes. Of those that wait for the same event, the first counts.
    pub set_state: Vec<SetState>,
}

/// The state before any event.
const FIRST_STATE: i64 = 1;

/// The rules of a node that is open.
#[derive(Debug)]
pub struct Rules(Mutex<State>);

#[derive(Debug)]
struct State {
    /// All that are not gone.
    options: RuleOptions,
    /// The numbers in `inject_error` of those in force.
    active: Vec<usize>,
    state: i64,
}

impl Rules {
    /// Those of a node that has just been opened.
    pub fn new(options: RuleOptions) -> Self {
        let state = State { options, active: Vec::new(), state: FIRST_STATE };
        let rules = Rules(Mutex::new(state));
        rules.on_event(Event::None);
        rules
    }

    /// Something happens that rules may wait for.
    pub fn on_event(&self, event: Event) {
        let mut guard = self.0.lock();
        let State { options, active, state } = &mut *guard;
        let waits = |own: Event, wanted: i64| own == event && (wanted == 0 || wanted == *state);
        let rules = options.inject_error.iter().enumerate();
        let waiting: Vec<usize> = rules
            .filter(|(_, rule)| waits(rule.event, rule.state))
            .map(|(number, _)| number)
            .collect();
        if !waiting.is_empty() {
            *active = waiting;
        }
        let changing = options.set_state.iter().find(|rule| waits(rule.event, rule.state));
        if let Some(rule) = changing {
            *state = rule.new_state;
        }
    }

    /// Lets a request pass, or has it fail.
    ///
    /// # Errors
    /// That of the first rule in force that fits.
    pub fn check(&self, io_type: IoTypes, offset: u64, length: u64) -> io::Result<()> {
        let mut guard = self.0.lock();
        let State { options, active, state: _ } = &mut *guard;
        let touches = |byte: u64| byte >= offset && byte < offset.saturating_add(length);
        let fits = |rule: &InjectError| {
            rule.offset.is_none_or(touches) && rule.io_types.contains(io_type)
        };
        let found = active.iter().copied().find(|number| fits(&options.inject_error[*number]));
        let Some(number) = found else { return Ok(()) };
        let InjectError { errno, once, .. } = options.inject_error[number];
        if errno == 0 {
            return Ok(());
        }
        if once {
            options.inject_error.remove(number);
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

    const EIO: i32 = 5;
    const ENOSPC: i32 = 28;
    const KIB: u64 = 1 << 10;

    fn rule(event: Event) -> InjectError {
        let io_types = IoTypes::DEFAULT;
        InjectError { event, state: 0, io_types, errno: EIO, offset: None, once: false }
    }

    fn rules(inject_error: Vec<InjectError>, set_state: Vec<SetState>) -> Rules {
        Rules::new(RuleOptions { inject_error, set_state })
    }

    fn outcome(rules: &Rules, io_type: IoTypes, offset: u64, length: u64) -> i32 {
        match rules.check(io_type, offset, length) {
            Ok(()) => 0,
            Err(error) => error.raw_os_error().expect("an error of the system"),
        }
    }

    #[test]
    fn requests_fail_that_a_rule_fits() {
        let at = Some(4 * KIB);
        let none = rule(Event::None);
        let table = [
            ("any", none, IoTypes::READ, 0, KIB, EIO),
            ("any", none, IoTypes::FLUSH, 0, 0, EIO),
            ("not asking, unless that is said", none, IoTypes::BLOCK_STATUS, 0, KIB, 0),
            ("of the kind", kind(IoTypes::WRITE), IoTypes::WRITE, 0, KIB, EIO),
            ("of another kind", kind(IoTypes::WRITE), IoTypes::READ, 0, KIB, 0),
            ("zeroes are no data", kind(IoTypes::WRITE), IoTypes::WRITE_ZEROES, 0, KIB, 0),
            ("asking", kind(IoTypes::BLOCK_STATUS), IoTypes::BLOCK_STATUS, 0, KIB, EIO),
            ("before", InjectError { offset: at, ..none }, IoTypes::READ, 0, 4 * KIB, 0),
            (
                "last byte",
                InjectError { offset: at, ..none },
                IoTypes::READ,
                KIB,
                3 * KIB + 1,
                EIO,
            ),
            ("first byte", InjectError { offset: at, ..none }, IoTypes::READ, 4 * KIB, 1, EIO),
            ("after", InjectError { offset: at, ..none }, IoTypes::READ, 4 * KIB + 1, KIB, 0),
            ("flushes are nowhere", InjectError { offset: at, ..none }, IoTypes::FLUSH, 0, 0, 0),
            ("the error", InjectError { errno: ENOSPC, ..none }, IoTypes::WRITE, 0, 1, ENOSPC),
            ("none", InjectError { errno: 0, ..none }, IoTypes::WRITE, 0, 1, 0),
            ("not in this state", InjectError { state: 2, ..none }, IoTypes::READ, 0, 1, 0),
            ("in the first state", InjectError { state: 1, ..none }, IoTypes::READ, 0, 1, EIO),
        ];
        for (name, rule, io_type, offset, length, expected) in table {
            let rules = rules(vec![rule], vec![]);
            assert_eq!(outcome(&rules, io_type, offset, length), expected, "{name}");
            assert_eq!(outcome(&rules, io_type, offset, length), expected, "{name}: always");
        }
    }

    fn kind(io_types: IoTypes) -> InjectError {
        InjectError { io_types, ..rule(Event::None) }
    }

    #[test]
    fn a_rule_that_is_good_for_one_request_is_gone_with_it() {
        let once = |errno| InjectError { errno, once: true, ..rule(Event::None) };
        let always = InjectError { errno: ENOSPC, ..rule(Event::None) };
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
                expected.iter().map(|_| outcome(&rules, IoTypes::READ, 0, 1)).collect();
            assert_eq!(found, expected, "{given:?}");
        }
    }

    #[test]
    fn a_rule_that_is_gone_does_not_come_back_with_its_event() {
        let once = InjectError { once: true, ..rule(Event::ReadAio) };
        let other = InjectError { errno: ENOSPC, ..rule(Event::ReadAio) };
        let rules = rules(vec![once, other], vec![]);
        rules.on_event(Event::ReadAio);
        assert_eq!(outcome(&rules, IoTypes::READ, 0, 1), EIO);
        rules.on_event(Event::ReadAio);
        assert_eq!(outcome(&rules, IoTypes::READ, 0, 1), ENOSPC);
    }

    #[test]
    fn rules_are_in_force_from_their_event_to_the_next_that_others_wait_for() {
        let second = InjectError { errno: ENOSPC, ..rule(Event::WriteAio) };
        let rules = rules(vec![rule(Event::ReadAio), second], vec![]);
        let table = [
            (Event::None, 0),
            (Event::ReadAio, EIO),
            (Event::FlushToOs, EIO),
            (Event::WriteAio, ENOSPC),
            (Event::Pwritev, ENOSPC),
            (Event::ReadAio, EIO),
        ];
        for (event, expected) in table {
            rules.on_event(event);
            assert_eq!(outcome(&rules, IoTypes::READ, 0, 1), expected, "{event:?}");
        }
    }

    #[test]
    fn the_state_goes_from_number_to_number() {
        let to = |state, new_state| SetState { event: Event::ReadAio, state, new_state };
        let in_third = InjectError { state: 3, ..rule(Event::ReadAio) };
        let read = |rules: &Rules| {
            rules.on_event(Event::ReadAio);
            outcome(rules, IoTypes::READ, 0, 1)
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
}
