//! The faults that inputs reveal.

use std::fmt;

/// A fault of the block layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind of the image.
    pub kind: String,
    /// The seed of the input.
    pub seed: u64,
    /// The class of the fault.
    pub class: FaultClass,
    /// What happened, in one line.
    pub text: String,
}

/// The classes of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultClass {
    /// The process ended.
    Abort,
    /// An input took too long.
    Hang,
    /// A thread panicked.
    Panic,
    /// QEMU opens an image, and the block layer refuses it.
    Refused,
    /// QEMU reads data where the block layer fails.
    Unreadable,
    /// QEMU reads other data.
    OtherData,
    /// A write succeeded, and other data are read back, where QEMU fails or reads what was written.
    ReadBack,
    /// Data that no step wrote have changed, where QEMU fails or changes nothing.
    Changed,
    /// QEMU reads other data from the image after the steps than the block layer.
    OtherResult,
    /// The block layer opens an image that QEMU refuses, or reads where QEMU fails.
    Accepted,
}

impl FaultClass {
    const ALL: &[(FaultClass, &str)] = &[
        (FaultClass::Abort, "abort"),
        (FaultClass::Hang, "hang"),
        (FaultClass::Panic, "panic"),
        (FaultClass::Refused, "refused"),
        (FaultClass::Unreadable, "unreadable"),
        (FaultClass::OtherData, "other-data"),
        (FaultClass::ReadBack, "read-back"),
        (FaultClass::Changed, "changed"),
        (FaultClass::OtherResult, "other-result"),
        (FaultClass::Accepted, "accepted"),
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(class, _)| *class == self).map_or("", |(_, name)| name)
    }

    /// The class with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, other)| *other == name).map(|(class, _)| *class)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.kind, self.seed, self.class.name(), self.text)
    }
}
