//! The fields of a header, with checks.

use std::ops::Range;

use crate::error::{Error, Result};

/// The length of the header of a version 2 image.
pub(crate) const LENGTH_V2: u64 = 72;

/// The first cluster of an image, or the beginning of it.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn bytes(&self, offset: u64, length: u64) -> Result<&'a [u8]> {
        usize::try_from(offset)
            .ok()
            .zip(usize::try_from(length).ok())
            .and_then(|(start, length)| self.0.get(start..start.checked_add(length)?))
            .ok_or_else(|| invalid("qcow2 header too short"))
    }

    fn array<const N: usize>(&self, offset: u64) -> Result<[u8; N]> {
        let bytes = self.bytes(offset, N as u64)?;
        bytes.try_into().map_err(|_wrong_length| invalid("qcow2 header too short"))
    }

    pub(crate) fn u8(&self, offset: u64) -> Result<u8> {
        self.array::<1>(offset).map(|[byte]| byte)
    }

    pub(crate) fn u16(&self, offset: u64) -> Result<u16> {
        self.array(offset).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&self, offset: u64) -> Result<u32> {
        self.array(offset).map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&self, offset: u64) -> Result<u64> {
        self.array(offset).map(u64::from_be_bytes)
    }

    /// A name, which ends before the first zero byte. `None` for an empty name.
    pub(crate) fn name(&self, offset: u64, length: u64) -> Result<Option<String>> {
        Ok(name_in(self.bytes(offset, length)?))
    }
}

/// A name, which ends before the first zero byte. `None` for an empty name.
pub(crate) fn name_in(bytes: &[u8]) -> Option<String> {
    let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    Some(String::from_utf8_lossy(name).into_owned()).filter(|name| !name.is_empty())
}

/// Refuses tables that are too long, are not aligned to clusters or end beyond any file.
pub(crate) fn check_table(
    name: &str,
    offset: u64,
    length: u64,
    longest: u64,
    cluster_size: u64,
) -> Result<Range<u64>> {
    if length > longest {
        return Err(invalid(format!("{name} too large")));
    }
    match offset.checked_add(length) {
        Some(end) if i64::try_from(end).is_ok() && offset.is_multiple_of(cluster_size) => {
            Ok(offset..end)
        }
        Some(_) | None => Err(invalid(format!("{name} offset invalid"))),
    }
}

pub(crate) fn invalid(text: impl Into<String>) -> Error {
    Error::InvalidImage(text.into())
}

pub(crate) fn unsupported(features: impl Into<String>) -> Error {
    Error::UnsupportedFeature { format: "qcow2", features: features.into() }
}
