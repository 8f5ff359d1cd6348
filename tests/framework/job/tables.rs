//! Both tables, cell by cell, against independent lists.

use job::JobStatus::{self, *};
use job::JobVerb::{self, *};
use job::{IllegalTransition, check_verb, transition};

/// The statuses that a job can move to, for each status.
const TRANSITIONS: [(JobStatus, &[JobStatus]); 11] = [
    (Undefined, &[Created]),
    (Created, &[Running, Aborting, Null]),
    (Running, &[Paused, Ready, Waiting, Aborting]),
    (Paused, &[Running]),
    (Ready, &[Standby, Waiting, Aborting]),
    (Standby, &[Ready]),
    (Waiting, &[Pending, Aborting]),
    (Pending, &[Aborting, Concluded]),
    (Aborting, &[Aborting, Concluded]),
    (Concluded, &[Null]),
    (Null, &[]),
];

/// The statuses in which a job accepts each verb.
const ACCEPTED: [(JobVerb, &[JobStatus]); 8] = [
    (Cancel, &[Created, Running, Paused, Ready, Standby, Waiting, Pending]),
    (Pause, &[Created, Running, Paused, Ready, Standby]),
    (Resume, &[Created, Running, Paused, Ready, Standby]),
    (SetSpeed, &[Created, Running, Paused, Ready, Standby]),
    (Complete, &[Ready, Standby]),
    (Dismiss, &[Concluded]),
    (Finalize, &[Pending]),
    (Change, &[Created, Running, Paused, Ready, Standby]),
];

#[test]
fn all_121_transitions_are_as_listed() {
    let mut cells = 0;
    for (from, targets) in TRANSITIONS {
        for &to in JobStatus::ALL {
            let expected =
                if targets.contains(&to) { Ok(()) } else { Err(IllegalTransition { from, to }) };
            assert_eq!(transition(from, to), expected, "{from:?} to {to:?}");
            cells += 1;
        }
    }
    assert_eq!(cells, 121);
}

#[test]
fn all_88_pairs_of_verb_and_status_are_as_listed() {
    let mut cells = 0;
    for (verb, statuses) in ACCEPTED {
        for &status in JobStatus::ALL {
            let expected = statuses.contains(&status);
            assert_eq!(verb.allowed_in(status), expected, "{verb:?} in {status:?}");
            assert_eq!(check_verb("j", verb, status).is_ok(), expected, "{verb:?} in {status:?}");
            cells += 1;
        }
    }
    assert_eq!(cells, 88);
}

#[test]
fn the_error_of_a_refused_verb_has_the_names_of_the_schema() {
    let error = check_verb("j0", SetSpeed, Waiting).expect_err("refused by the table");
    let expected = "Job 'j0' in state 'waiting' cannot accept command verb 'set-speed'";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_error_of_an_illegal_transition_names_both_statuses() {
    let illegal = transition(Paused, Ready).expect_err("refused by the table");
    assert_eq!(illegal.to_string(), "no job moves from paused to ready");
}
