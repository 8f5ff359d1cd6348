//! Every recorded exchange about arguments, answered by definitions that say what QEMU's say.

use crate::support::recorded_exchanges::{Expected, load};

use super::{answers, negotiated};

/// How many cases were recorded: a loader that loses some must not pass for a success.
const RECORDED: usize = 652;

#[test]
fn every_recorded_case_is_answered_as_qemu_answers_it() {
    let cases = load("visitor");
    assert_eq!(cases.len(), RECORDED);
    let mut session = negotiated();
    let mut differing = Vec::new();
    for case in &cases {
        let Some(Expected::Message(expected)) = case.expected.first() else {
            panic!("{}: no reply was recorded", case.name)
        };
        let answer = answers(&mut session, &case.sent).remove(0);
        if answer != *expected {
            differing.push(format!("{}\n  want {expected}\n  got  {answer}", case.name));
        }
    }
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}
