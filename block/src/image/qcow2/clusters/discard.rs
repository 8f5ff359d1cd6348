//! Discards: clusters of the image that are no longer in use.

use std::io;

use rustix::io::Errno;

use super::corruption::Result;
use super::freed::FreedKind;
use super::{Clusters, Guard};
use crate::image::qcow2::format::entry::Entry;

impl Clusters {
    /// Frees the clusters that lie wholly in a range of the image, in the image file too. They read
    /// as zeroes afterwards, or are undefined in a version 2 image without a backing file.
    ///
    /// # Errors
    /// [`Errno::NOTSUP`] for a version 2 image with a backing file, whose data would show up; or
    /// those of the storages.
    pub(crate) fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        if self.geometry.version < 3 && self.storages.backing.is_some() {
            return Err(Errno::NOTSUP.into());
        }
        let size = self.geometry.cluster_size();
        let end = offset + length;
        if self.raw_data {
            // The data file must show the same contents as the image.
            let start = offset.next_multiple_of(size).min(end);
            return self.write_zeroes(start, end - start);
        }
        let mut at = offset.next_multiple_of(size);
        while at < end {
            // One request for each slice, so that the clusters can be freed in between.
            at += self.request(|state| {
                // A last cluster that the end of the image cuts off counts as whole.
                let end = if end >= state.size { end } else { end - end % size };
                if at >= end {
                    return Ok(size);
                }
                self.discard_clusters(state, at, end, self.storages.backing.is_some())
            })?;
            self.free_if_many()?;
        }
        Ok(())
    }

    /// Frees clusters from an offset on, up to the end of a slice. Returns the number of bytes.
    ///
    /// With `as_zeroes`, the clusters read as zeroes, also if they were not allocated.
    pub(super) fn discard_clusters(
        &self,
        state: &mut Guard<'_>,
        at: u64,
        end: u64,
        as_zeroes: bool,
    ) -> Result<u64> {
        let geometry = &self.geometry;
        let size = geometry.cluster_size();
        if state.tables.l2_offset(at)?.is_none() && !as_zeroes {
            let covered = geometry.entries() * size;
            return Ok((covered - at % covered).min((end - at).next_multiple_of(size)));
        }
        let old = self.entries_to_change(state, at, end)?;
        let offsets = (at..).step_by(size as usize);
        let is_valid =
            |(entry, offset): &(&Entry, u64)| entry.fault_at(geometry, *offset).is_none();
        let valid = old.iter().zip(offsets).take_while(is_valid).count();
        let old = &old[..valid];
        let new: Vec<Entry> =
            old.iter().map(|entry| entry.discarded(geometry, as_zeroes)).collect();
        self.replace_entries(state, at, old, &new, FreedKind::Discarded)?;
        Ok(valid as u64 * size)
    }

    /// Frees clusters without references before their list becomes long.
    pub(super) fn free_if_many(&self) -> io::Result<()> {
        if !self.state.lock().freed.is_long() {
            return Ok(());
        }
        self.request(|state| self.write_all(state))
    }
}
