//! The feature bits of a header, and the names that an image gives to unknown ones.

use super::fields::{Fields, invalid, name_in, unsupported};
use crate::error::Result;
use crate::image::permissions::AccessMode;

pub(crate) const INCOMPATIBLE_DIRTY: u64 = 1 << 0;
pub(crate) const INCOMPATIBLE_CORRUPT: u64 = 1 << 1;
pub(crate) const INCOMPATIBLE_DATA_FILE: u64 = 1 << 2;
pub(crate) const INCOMPATIBLE_COMPRESSION: u64 = 1 << 3;
pub(crate) const INCOMPATIBLE_EXTENDED_L2: u64 = 1 << 4;
pub(crate) const COMPATIBLE_LAZY_REFCOUNTS: u64 = 1 << 0;
pub(crate) const AUTOCLEAR_BITMAPS: u64 = 1 << 0;
pub(crate) const AUTOCLEAR_DATA_FILE_RAW: u64 = 1 << 1;

/// All incompatible features that this library supports.
const INCOMPATIBLE: u64 = INCOMPATIBLE_DIRTY
    | INCOMPATIBLE_CORRUPT
    | INCOMPATIBLE_DATA_FILE
    | INCOMPATIBLE_COMPRESSION
    | INCOMPATIBLE_EXTENDED_L2;
/// The type of incompatible features in the feature name table.
const NAMED_INCOMPATIBLE: u8 = 0;
/// The size in bytes of an entry of the feature name table: a type, a bit number, and a name.
const NAME_ENTRY: usize = 48;

/// The feature bits of a header. Version 2 has none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Features {
    pub(super) incompatible: u64,
    pub(super) compatible: u64,
    pub(super) autoclear: u64,
}

impl Features {
    /// The offsets of the fields in the header.
    pub(super) const INCOMPATIBLE_FIELD: u64 = 72;
    const COMPATIBLE_FIELD: u64 = 80;
    pub(super) const AUTOCLEAR_FIELD: u64 = 88;

    pub(super) fn parse(fields: &Fields<'_>) -> Result<Self> {
        Ok(Features {
            incompatible: fields.u64(Self::INCOMPATIBLE_FIELD)?,
            compatible: fields.u64(Self::COMPATIBLE_FIELD)?,
            autoclear: fields.u64(Self::AUTOCLEAR_FIELD)?,
        })
    }

    pub(super) fn has_incompatible(self, feature: u64) -> bool {
        self.incompatible & feature != 0
    }

    pub(super) fn has_autoclear(self, feature: u64) -> bool {
        self.autoclear & feature != 0
    }

    /// Whether there are incompatible features that this library does not support.
    pub(super) fn has_unknown(self) -> bool {
        self.incompatible & !INCOMPATIBLE != 0
    }

    /// Refuses unknown incompatible features, with the names in the feature name table `names`.
    pub(super) fn check_known(self, names: &[u8]) -> Result<()> {
        let mut unknown = self.incompatible & !INCOMPATIBLE;
        if unknown == 0 {
            return Ok(());
        }
        let mut texts = Vec::new();
        for entry in names.chunks(NAME_ENTRY) {
            let [kind, bit, name @ ..] = entry else { break };
            let Some(name) = name_in(name) else { break };
            let feature = 1_u64.checked_shl((*bit).into()).unwrap_or(0);
            if *kind == NAMED_INCOMPATIBLE && unknown & feature != 0 {
                texts.push(name);
                unknown &= !feature;
            }
        }
        if unknown != 0 {
            texts.push(format!("Unknown incompatible feature: {unknown:x}"));
        }
        Err(unsupported(texts.join(", ")))
    }

    /// Refuses to write to a corrupt image.
    pub(super) fn check_mode(self, mode: AccessMode) -> Result<()> {
        if mode == AccessMode::ReadWrite && self.has_incompatible(INCOMPATIBLE_CORRUPT) {
            return Err(invalid("qcow2: Image is corrupt; cannot be opened read/write"));
        }
        Ok(())
    }
}
