//! The limits on the sizes of requests of a blkdebug node.

use crate::error::{Error, Result};
use crate::options::{BlockdevOptionsBlkdebug, unsigned};

/// The smallest size that is too large.
const SIZE_END: u64 = i32::MAX as u64;

/// The limits of a node, in bytes. `None` or 0 stands for the limit of the child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The alignment of requests.
    pub align: Option<u64>,
    /// The largest number of bytes in a read or a write.
    pub max_transfer: Option<u64>,
    /// The alignment of requests for zeroes. The unaligned rest is written.
    pub opt_write_zero: Option<u64>,
    /// The largest number of bytes in a request for zeroes.
    pub max_write_zero: Option<u64>,
    /// The alignment of discard requests. The unaligned rest is not discarded.
    pub opt_discard: Option<u64>,
    /// The largest number of bytes in a discard request.
    pub max_discard: Option<u64>,
}

impl Limits {
    /// The sizes in the options of a node.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a negative size.
    pub fn new(options: &BlockdevOptionsBlkdebug) -> Result<Self> {
        Ok(Limits {
            align: unsigned(options.align, "align")?,
            max_transfer: unsigned(options.max_transfer, "max-transfer")?,
            opt_write_zero: unsigned(options.opt_write_zero, "opt-write-zero")?,
            max_write_zero: unsigned(options.max_write_zero, "max-write-zero")?,
            opt_discard: unsigned(options.opt_discard, "opt-discard")?,
            max_discard: unsigned(options.max_discard, "max-discard")?,
        })
    }

    /// The limits with their names in the schema.
    pub fn named(&self) -> [(&'static str, Option<u64>); 6] {
        [
            ("opt-write-zero", self.opt_write_zero),
            ("max-write-zero", self.max_write_zero),
            ("max-transfer", self.max_transfer),
            ("opt-discard", self.opt_discard),
            ("max-discard", self.max_discard),
            ("align", self.align),
        ]
    }

    /// Refuses limits that contradict each other or the alignment of the child.
    ///
    /// # Errors
    /// [`Error::InvalidOption`].
    pub fn check(&self, image_align: u64) -> Result<()> {
        let Limits { opt_write_zero, opt_discard, .. } = *self;
        let align = self.align.unwrap_or(0);
        if align >= SIZE_END || align != 0 && !align.is_power_of_two() {
            return Err(refused("align", align));
        }
        let align = align.max(image_align);
        for (name, given, unit) in [
            ("max-transfer", self.max_transfer, align),
            ("opt-write-zero", opt_write_zero, align),
            ("max-write-zero", self.max_write_zero, align.max(opt_write_zero.unwrap_or(0))),
            ("opt-discard", opt_discard, align),
            ("max-discard", self.max_discard, align.max(opt_discard.unwrap_or(0))),
        ] {
            let given = given.unwrap_or(0);
            if given >= SIZE_END || !given.is_multiple_of(unit) {
                return Err(refused(name, given));
            }
        }
        for (name, given) in [("opt-write-zero", opt_write_zero), ("opt-discard", opt_discard)] {
            let given = given.unwrap_or(0);
            if given != 0 && !given.is_power_of_two() {
                return Err(Error::InvalidOption(format!(
                    "{name} is not supported by this program unless it is a power of 2"
                )));
            }
        }
        Ok(())
    }
}

fn refused(name: &str, given: u64) -> Error {
    Error::InvalidOption(format!("Cannot meet constraints with {name} {given}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_multiples_of_each_other() {
        let all = Limits {
            align: Some(4096),
            max_transfer: Some(8192),
            opt_write_zero: Some(16384),
            max_write_zero: Some(32768),
            opt_discard: Some(4096),
            max_discard: Some(65536),
        };
        let some = |given| Some(given);
        let refused = |what: &str| Err(format!("Cannot meet constraints with {what}"));
        let unsupported = |what: &str| {
            Err(format!("{what} is not supported by this program unless it is a power of 2"))
        };
        let table = [
            (Limits::default(), Ok(())),
            (all, Ok(())),
            (Limits { align: some(0), max_transfer: some(0), ..Limits::default() }, Ok(())),
            (Limits { max_transfer: some(100), ..Limits::default() }, Ok(())),
            (Limits { align: some(1000), ..all }, refused("align 1000")),
            (Limits { align: some(1 << 31), ..all }, refused("align 2147483648")),
            (Limits { max_transfer: some(3), ..all }, refused("max-transfer 3")),
            (
                Limits { max_transfer: some(SIZE_END), ..Limits::default() },
                refused("max-transfer 2147483647"),
            ),
            (Limits { opt_write_zero: some(1000), ..all }, refused("opt-write-zero 1000")),
            (Limits { max_write_zero: some(4096), ..all }, refused("max-write-zero 4096")),
            (Limits { opt_discard: some(5000), ..all }, refused("opt-discard 5000")),
            (Limits { max_discard: some(6000), ..all }, refused("max-discard 6000")),
            (
                Limits { opt_write_zero: some(12288), max_write_zero: None, ..all },
                unsupported("opt-write-zero"),
            ),
            (
                Limits { opt_discard: some(12288), max_discard: None, ..all },
                unsupported("opt-discard"),
            ),
        ];
        for (limits, expected) in table {
            let found = limits.check(1).map_err(|error| error.to_string());
            assert_eq!(found, expected, "{limits:?}");
        }
        let limits = Limits { max_transfer: Some(512), ..Limits::default() };
        let found = limits.check(4096).map_err(|error| error.to_string());
        assert_eq!(found, refused("max-transfer 512"), "the alignment of the image applies too");
    }
}
