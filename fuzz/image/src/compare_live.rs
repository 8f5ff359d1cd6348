//! Runs inputs with our live daemon, and compares it with QEMU's.

use std::io;
use std::path::PathBuf;

use crate::check::Checker;
use crate::daemon::BROKEN;
use crate::fault::{Fault, FaultClass};
use crate::live::{Live, Trace};

/// The two daemons, with the images of one kind.
#[derive(Debug)]
pub struct LivePair {
    checker: Checker,
    ours: Live,
    theirs: Live,
}

impl LivePair {
    /// The daemons `ours` and `theirs`.
    ///
    /// # Errors
    /// As for [`Checker::new`].
    pub fn new(kind: &str, ours: PathBuf, theirs: PathBuf) -> io::Result<Self> {
        let checker = Checker::new(kind, None)?;
        let folder = |name| checker.folder().join(name);
        let (ours, theirs) =
            (Live::new(ours, folder("ours")), Live::new(theirs, folder("theirs")));
        Ok(LivePair { checker, ours, theirs })
    }

    /// Runs the input of a seed with both daemons. Returns the faults of ours.
    ///
    /// # Errors
    /// The image cannot be written.
    pub fn run(&mut self, seed: u64) -> io::Result<Vec<Fault>> {
        let input = self.checker.input(seed)?;
        let image = self.checker.place("ours", &input)?;
        let ours = self.ours.run(&image, &input.plan);
        let image = self.checker.place("theirs", &input)?;
        let theirs = self.theirs.run(&image, &input.plan);
        let found = match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => difference(&ours, &theirs),
            (Err(error), _) if error.starts_with(BROKEN) => Some((FaultClass::Abort, error)),
            (Err(error), _) => Some((FaultClass::Refused, error)),
            (Ok(_), Err(_)) => None,
        };
        Ok(found.into_iter().map(|found| self.checker.fault(&input, found)).collect())
    }
}

/// The first difference between the outcomes, or between what is read.
fn difference(ours: &Trace, theirs: &Trace) -> Option<(FaultClass, String)> {
    if let (Some(mine), Some(other)) = (&ours.copied, &theirs.copied)
        && mine != other
    {
        return Some((FaultClass::OtherData, "the copies differ".to_owned()));
    }
    let mut pairs = ours.outcomes.iter().zip(&theirs.outcomes);
    let missing = |outcome: &Result<(), String>| {
        outcome.as_ref().is_err_and(|error| error.ends_with("has not been found"))
    };
    // Ours has not all commands of QEMU.
    let (mine, other) =
        pairs.find(|(mine, other)| mine.1.is_ok() != other.1.is_ok() && !missing(&mine.1))?;
    let class = if mine.1.is_ok() { FaultClass::Accepted } else { FaultClass::Refused };
    Some((class, format!("{mine:?} instead of {other:?}")))
}
