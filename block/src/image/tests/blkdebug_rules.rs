//! Tests of the rules of blkdebug nodes.

use libc::EIO;

use crate::image::blkdebug::rules::Rules;
use crate::options::BlockdevOptionsBlkdebug;
use crate::options::blkdebug::{
    BlkdebugEvent as Event, BlkdebugInjectErrorOptions, BlkdebugIoType as IoType,
    BlkdebugSetStateOptions,
};

const ENOSPC: i32 = 28;
const KIB: u64 = 1 << 10;
/// The sector that begins at 4 KiB.
const SECTOR: Option<i64> = Some(8);

/// The options of a rule.
type Rule = BlkdebugInjectErrorOptions;

fn rule(event: Event) -> Rule {
    Rule::new(event)
}

fn rules(inject_error: Vec<Rule>, set_state: Vec<BlkdebugSetStateOptions>) -> Rules {
    let mut options = BlockdevOptionsBlkdebug::new("image".into());
    options.inject_error = Some(inject_error);
    options.set_state = Some(set_state);
    Rules::new(&options).expect("the rules are valid")
}

fn outcome(rules: &Rules, io_type: IoType, offset: u64, length: u64) -> i32 {
    match rules.check(io_type, offset, length) {
        Ok(()) => 0,
        Err(error) => error.raw_os_error().expect("an error of the system"),
    }
}

#[test]
fn requests_that_match_a_rule_fail() {
    let none = rule(Event::None);
    let at_sector = Rule { sector: SECTOR, ..none };
    let table = [
        ("any", none, IoType::Read, 0, KIB, EIO),
        ("any", none, IoType::Flush, 0, 0, EIO),
        ("block-status is not in the default", none, IoType::BlockStatus, 0, KIB, 0),
        ("same kind", kind(IoType::Write), IoType::Write, 0, KIB, EIO),
        ("another kind", kind(IoType::Write), IoType::Read, 0, KIB, 0),
        ("write-zeroes is not write", kind(IoType::Write), IoType::WriteZeroes, 0, KIB, 0),
        ("asking", kind(IoType::BlockStatus), IoType::BlockStatus, 0, KIB, EIO),
        ("before", at_sector, IoType::Read, 0, 4 * KIB, 0),
        ("last byte", at_sector, IoType::Read, KIB, 3 * KIB + 1, EIO),
        ("first byte", at_sector, IoType::Read, 4 * KIB, 1, EIO),
        ("after", at_sector, IoType::Read, 4 * KIB + 1, KIB, 0),
        ("flushes touch no sector", at_sector, IoType::Flush, 0, 0, 0),
        (
            "another error",
            Rule { errno: Some(ENOSPC.into()), ..none },
            IoType::Write,
            0,
            1,
            ENOSPC,
        ),
        ("none", Rule { errno: Some(0), ..none }, IoType::Write, 0, 1, 0),
        ("not in this state", Rule { state: Some(2), ..none }, IoType::Read, 0, 1, 0),
        ("in the first state", Rule { state: Some(1), ..none }, IoType::Read, 0, 1, EIO),
    ];
    for (name, rule, io_type, offset, length, expected) in table {
        let rules = rules(vec![rule], vec![]);
        assert_eq!(outcome(&rules, io_type, offset, length), expected, "{name}");
        assert_eq!(outcome(&rules, io_type, offset, length), expected, "{name}: always");
    }
}

fn kind(iotype: IoType) -> Rule {
    Rule { iotype: Some(iotype), ..rule(Event::None) }
}

#[test]
fn a_rule_with_once_is_removed_by_its_first_error() {
    let once =
        |errno: i32| Rule { errno: Some(errno.into()), once: Some(true), ..rule(Event::None) };
    let always = Rule { errno: Some(ENOSPC.into()), ..rule(Event::None) };
    let table = [
        (vec![once(EIO)], vec![EIO, 0, 0]),
        (vec![once(EIO), once(ENOSPC)], vec![EIO, ENOSPC, 0]),
        (vec![once(EIO), always], vec![EIO, ENOSPC, ENOSPC]),
        (vec![always, once(EIO)], vec![ENOSPC, ENOSPC, ENOSPC]),
        // A rule with error 0 hides later rules, and is not removed.
        (vec![once(0), once(EIO)], vec![0, 0, 0]),
    ];
    for (given, expected) in table {
        let rules = rules(given.clone(), vec![]);
        let found: Vec<i32> =
            expected.iter().map(|_| outcome(&rules, IoType::Read, 0, 1)).collect();
        assert_eq!(found, expected, "{given:?}");
    }
}

#[test]
fn a_removed_rule_is_not_activated_again() {
    let once = Rule { once: Some(true), ..rule(Event::ReadAio) };
    let other = Rule { errno: Some(ENOSPC.into()), ..rule(Event::ReadAio) };
    let rules = rules(vec![once, other], vec![]);
    rules.on_event(Event::ReadAio);
    assert_eq!(outcome(&rules, IoType::Read, 0, 1), EIO);
    rules.on_event(Event::ReadAio);
    assert_eq!(outcome(&rules, IoType::Read, 0, 1), ENOSPC);
}

#[test]
fn rules_are_active_until_an_event_activates_others() {
    let second = Rule { errno: Some(ENOSPC.into()), ..rule(Event::WriteAio) };
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
        assert_eq!(outcome(&rules, IoType::Read, 0, 1), expected, "{event:?}");
    }
}

#[test]
fn events_change_the_state() {
    let to = |state, new_state| BlkdebugSetStateOptions {
        event: Event::ReadAio,
        state: Some(state),
        new_state,
    };
    let in_state_3 = Rule { state: Some(3), ..rule(Event::ReadAio) };
    let read = |rules: &Rules| {
        rules.on_event(Event::ReadAio);
        outcome(rules, IoType::Read, 0, 1)
    };
    let table = [
        // The state changes after rules have been activated.
        (vec![to(1, 2), to(2, 3)], vec![0, 0, EIO, EIO]),
        (vec![to(0, 3)], vec![0, EIO, EIO, EIO]),
        // Active rules stay active until others replace them.
        (vec![to(1, 3), to(3, 4)], vec![0, EIO, EIO, EIO]),
        // The first rule applies.
        (vec![to(1, 2), to(1, 3)], vec![0, 0, 0, 0]),
        (vec![to(7, 3)], vec![0, 0, 0, 0]),
    ];
    for (set_state, expected) in table {
        let rules = rules(vec![in_state_3], set_state.clone());
        let found: Vec<i32> = expected.iter().map(|_| read(&rules)).collect();
        assert_eq!(found, expected, "{set_state:?}");
    }
}

#[test]
fn invalid_rules_are_refused() {
    let none = rule(Event::None);
    for (rule, expected) in [
        (
            rule(Event::L2Load),
            "Event 'l2_load' never comes in this program, so that no rule can wait for it",
        ),
        (
            Rule { errno: Some(4096), ..none },
            "Value '4096' is out of range for parameter 'errno'",
        ),
        (Rule { sector: Some(-2), ..none }, "Value '-2' is out of range for parameter 'sector'"),
    ] {
        let mut options = BlockdevOptionsBlkdebug::new("image".into());
        options.inject_error = Some(vec![rule]);
        let error = Rules::new(&options).expect_err("the rule is invalid").to_string();
        assert_eq!(error, expected, "{rule:?}");
    }
}
