//! What an image has where.

use super::entry::Part;
use super::{Clusters, State};
use crate::image::blkdebug::rules::Event;
use crate::image::extent::{self, Extent};
use imago::Storage as _;
use std::io;

/// How many entries are looked at, at most, to find out how far something goes.
const ENTRIES_MAX: u64 = 4096;

/// A range of an image that is in one place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) part: Part,
    /// Where data begin; without meaning for all else.
    pub(super) host: u64,
    pub(super) length: u64,
}

impl Clusters {
    /// What is at an offset, and how far that goes, up to `length`, which is not 0.
    pub(super) fn map(&self, state: &State, offset: u64, length: u64) -> io::Result<Piece> {
        let geometry = &self.geometry;
        let (size, unit) = (geometry.cluster_size(), geometry.part_size());
        let clusters = (offset % size + length).div_ceil(size).min(ENTRIES_MAX);
        let entries = state.tables.entries(offset, clusters)?;
        let end = offset + length;
        let mut at = offset;
        let mut found: Option<Piece> = None;
        while at < end {
            let cluster = (at / size - offset / size) as usize;
            let Some(entry) = entries.get(cluster) else { break };
            let part = entry.part(geometry, at % size / unit)?;
            let host = entry.host(geometry)?.unwrap_or(0) + at % size;
            let step = match part {
                Part::Compressed(_) => size - at % size,
                Part::Nothing | Part::Zero | Part::Data => unit - at % unit,
            };
            let step = step.min(end - at);
            match &mut found {
                None => found = Some(Piece { part, host, length: step }),
                Some(piece) => {
                    let follows = match part {
                        Part::Data => piece.host + piece.length == host,
                        Part::Nothing | Part::Zero => true,
                        Part::Compressed(_) => false,
                    };
                    if part != piece.part || !follows {
                        break;
                    }
                    piece.length += step;
                }
            }
            at += step;
        }
        // There is at least one entry, and `length` is not 0.
        Ok(found.unwrap_or(Piece { part: Part::Nothing, host: 0, length }))
    }

    /// Whether the image has something of its own at an offset, and how far that goes.
    pub(in crate::image::qcow2) fn is_own(
        &self,
        offset: u64,
        length: u64,
    ) -> io::Result<(bool, u64)> {
        let piece = self.map(&self.state.read(), offset, length)?;
        Ok((piece.part != Part::Nothing, piece.length))
    }

    /// What reading at an offset is, if anything is read, and how far that goes.
    pub(in crate::image::qcow2) fn reading(
        &self,
        offset: u64,
        length: u64,
    ) -> io::Result<(Option<Event>, u64)> {
        let piece = self.map(&self.state.read(), offset, length)?;
        let event = match piece.part {
            Part::Data => Some(Event::ReadAio),
            Part::Nothing if self.storages.backing.is_some() => Some(Event::ReadBackingAio),
            Part::Compressed(_) => Some(Event::ReadCompressed),
            Part::Nothing | Part::Zero => None,
        };
        Ok((event, piece.length))
    }

    /// As [`Image::extent`](crate::image::Image::extent), for a range within the image.
    pub(in crate::image::qcow2) fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let Piece { part, host: _, length } = self.map(&self.state.read(), offset, length)?;
        Ok(match part {
            Part::Zero => Extent { length, zero: true, allocated: true },
            Part::Data | Part::Compressed(_) => Extent { length, zero: false, allocated: true },
            Part::Nothing => self.extent_of_backing(offset, length)?,
        })
    }

    fn extent_of_backing(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let zeroes = Extent { length, zero: true, allocated: false };
        let Some(backing) = &self.storages.backing else { return Ok(zeroes) };
        let inside = length.min(backing.size()?.saturating_sub(offset));
        if inside == 0 {
            return Ok(zeroes);
        }
        let extent = extent::of_storage(backing, offset, inside)?;
        Ok(if extent.length == 0 { zeroes } else { Extent { allocated: false, ..extent } })
    }
}
