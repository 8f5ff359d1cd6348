//! Replays every recorded exchange about arguments with definitions that equal QEMU's.

use crate::support::recorded_exchanges::{Expected, load};

use super::{answers, negotiated};

/// The number of recorded cases. The test checks that the loader finds all of them.
const RECORDED: usize = 652;

#[test]
fn every_recorded_case_has_the_reply_of_qemu() {
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
