//! The mapping of offsets in an image to its clusters.

use std::io;

use super::corruption::Result;
use super::{Clusters, Guard};
use crate::image::extent::Extent;
use crate::image::qcow2::format::entry::SubclusterType;
use crate::options::blkdebug::BlkdebugEvent;

/// The largest number of entries that are read for one mapping.
const ENTRIES_MAX: u64 = 4096;

/// A range of an image that is contiguous in its storage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapping {
    pub(super) kind: SubclusterType,
    /// The offset in the storage, if the range is data. Meaningless for other types.
    pub(super) host: u64,
    pub(super) length: u64,
}

impl Clusters {
    /// The mapping at an offset, for at most `length` bytes. `length` must not be 0.
    ///
    /// May release the lock before it looks up the mapping.
    pub(super) fn map(&self, state: &mut Guard<'_>, offset: u64, length: u64) -> Result<Mapping> {
        let geometry = &self.geometry;
        let (size, unit) = (geometry.cluster_size(), geometry.subcluster_size());
        let clusters = (offset % size + length).div_ceil(size).min(ENTRIES_MAX);
        let entries = self.entries(state, offset, clusters)?;
        let end = offset + length;
        let mut at = offset;
        let mut found: Option<Mapping> = None;
        while at < end {
            let cluster = (at / size - offset / size) as usize;
            let Some(entry) = entries.get(cluster) else { break };
            if let Some(fault) = entry.fault_of_read(geometry, at) {
                match found {
                    Some(_) => break,
                    None => return Err(self.invalid_entry(state, at, *entry, fault)),
                }
            }
            let kind = entry.kind(geometry, at % size / unit);
            let host = entry.host(geometry).unwrap_or(0) + at % size;
            let step = match kind {
                SubclusterType::Compressed(_) => size - at % size,
                SubclusterType::Unallocated | SubclusterType::Zero | SubclusterType::Data => {
                    unit - at % unit
                }
            };
            let step = step.min(end - at);
            match &mut found {
                None => found = Some(Mapping { kind, host, length: step }),
                Some(piece) => {
                    let follows = match kind {
                        SubclusterType::Data => piece.host + piece.length == host,
                        SubclusterType::Unallocated | SubclusterType::Zero => true,
                        SubclusterType::Compressed(_) => false,
                    };
                    if kind != piece.kind || !follows {
                        break;
                    }
                    piece.length += step;
                }
            }
            at += step;
        }
        // There is at least one entry and `length` is not 0, so a mapping was found.
        Ok(found.unwrap_or(Mapping { kind: SubclusterType::Unallocated, host: 0, length }))
    }

    /// Whether the range at an offset is allocated in the image. Also returns the number of bytes
    /// to which the answer applies.
    pub(crate) fn is_allocated(&self, offset: u64, length: u64) -> io::Result<(bool, u64)> {
        let piece = self.request(|state| self.map(state, offset, length))?;
        Ok((piece.kind != SubclusterType::Unallocated, piece.length))
    }

    /// The blkdebug event of a read at an offset; `None` if the read needs no storage. Also returns
    /// the number of bytes to which the event applies.
    pub(crate) fn read_event(
        &self,
        offset: u64,
        length: u64,
    ) -> io::Result<(Option<BlkdebugEvent>, u64)> {
        let piece = self.request(|state| self.map(state, offset, length))?;
        let event = match piece.kind {
            SubclusterType::Data => Some(BlkdebugEvent::ReadAio),
            SubclusterType::Unallocated if self.storages.backing.is_some() => {
                Some(BlkdebugEvent::ReadBackingAio)
            }
            SubclusterType::Compressed(_) => Some(BlkdebugEvent::ReadCompressed),
            SubclusterType::Unallocated | SubclusterType::Zero => None,
        };
        Ok((event, piece.length))
    }

    /// As [`Image::extent`](crate::image::Image::extent), for a range within the image.
    pub(crate) fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let Mapping { kind, host: _, length } =
            self.request(|state| self.map(state, offset, length))?;
        Ok(match kind {
            SubclusterType::Zero => Extent { length, zero: true, allocated: true },
            SubclusterType::Data | SubclusterType::Compressed(_) => {
                Extent { length, zero: false, allocated: true }
            }
            SubclusterType::Unallocated => self.extent_of_backing(offset, length)?,
        })
    }

    fn extent_of_backing(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let zeroes = Extent { length, zero: true, allocated: false };
        let Some(backing) = &self.storages.backing else { return Ok(zeroes) };
        let inside = length.min(backing.size()?.saturating_sub(offset));
        if inside == 0 {
            return Ok(zeroes);
        }
        let extent = backing.extent(offset, inside)?;
        Ok(if extent.length == 0 { zeroes } else { Extent { allocated: false, ..extent } })
    }
}
