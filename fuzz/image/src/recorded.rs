//! Answers of QEMU that are recorded, for tests without QEMU.
//!
//! A line has the answer for one seed: the seed; the size of the image with its units, or `-` if
//! the image cannot be opened; whether it can be opened to be written; and whether the plan has the
//! right result. A unit is `s` (the same as without damage), `x` (unreadable) or a digest. Equal
//! neighbours have a number after `*`.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;

use crate::contents::{Contents, UnitState};

/// What QEMU does with one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The contents, if the image can be opened.
    pub read: Option<Summary>,
    /// Whether the image can be opened to be written.
    pub opens: bool,
    /// Whether the image has the data of all steps without an error.
    pub right: bool,
}

/// The contents of an image, in comparison with the undamaged image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    size: u64,
    units: Vec<UnitState>,
}

impl Summary {
    /// Summarizes the contents of a damaged image.
    pub fn new(contents: &Contents, undamaged: &Contents) -> Self {
        Summary { size: contents.size, units: contents.states(undamaged) }
    }

    /// The sizes or the first unit that differ. Where `self` is unreadable, `other` may have data.
    pub fn difference(&self, other: &Summary) -> Option<String> {
        if self.size != other.size {
            return Some(format!("size {} instead of {}", other.size, self.size));
        }
        let mut pairs = self.units.iter().zip(&other.units).enumerate();
        let differs = |(_, (mine, theirs)): &(usize, (&UnitState, &UnitState))| {
            **mine != UnitState::Unreadable && mine != theirs
        };
        pairs
            .find(differs)
            .map(|(unit, (mine, theirs))| format!("unit {unit} is {theirs} instead of {mine}"))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.size)?;
        for run in self.units.chunk_by(PartialEq::eq) {
            write!(f, ",{}*{}", run[0], run.len())?;
        }
        Ok(())
    }
}

impl Summary {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let size = parts.next()?.parse().ok()?;
        let mut units = Vec::new();
        for part in parts {
            let (state, count) = part.split_once('*')?;
            let state = UnitState::parse(state)?;
            units.extend(std::iter::repeat_n(state, count.parse().ok()?));
        }
        Some(Summary { size, units })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.read {
            Some(summary) => write!(f, "{summary}")?,
            None => f.write_str("-")?,
        }
        let opens = if self.opens { "opens" } else { "refuses" };
        let right = if self.right { "right" } else { "wrong" };
        write!(f, " {opens} {right}")
    }
}

impl Answer {
    fn parse(line: &str) -> Option<(u64, Self)> {
        let mut words = line.split(' ');
        let seed = words.next()?.parse().ok()?;
        let read = match words.next()? {
            "-" => None,
            summary => Some(Summary::parse(summary)?),
        };
        let opens = words.next()? == "opens";
        let right = words.next()? == "right";
        Some((seed, Answer { read, opens, right }))
    }
}

/// The recorded answers for a kind, by seed.
///
/// # Errors
/// There is no recording, or it is malformed.
pub fn load(kind: &str) -> io::Result<HashMap<u64, Answer>> {
    let folder = surroundings::package_folder(env!("CARGO_MANIFEST_DIR")).join("recorded");
    let text = fs::read_to_string(folder.join(kind))?;
    let malformed = |line| io::Error::other(format!("{kind}: malformed: {line}"));
    text.lines().map(|line| Answer::parse(line).ok_or_else(|| malformed(line))).collect()
}
