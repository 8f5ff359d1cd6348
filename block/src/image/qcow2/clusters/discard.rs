//! Discards: clusters of the image that are no longer in use.

use std::io;

use rustix::io::Errno;

use super::corruption::Result;
use super::freed::FreedKind;
use super::{Clusters, Guard};
use crate::image::qcow2::format::entry::Entry;
use crate::image::storage::{Storage, ZeroMode};

/// When the space of freed clusters is freed in the storage below too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiscardPolicy {
    /// Whether zeroes may free clusters: the option `discard` of the node.
    pub unmap: bool,
    /// Whether clusters are discarded below that a client discards: `pass-discard-request`.
    pub pass_request: bool,
    /// Whether clusters are discarded below that a change of snapshots frees:
    /// `pass-discard-snapshot`.
    pub pass_snapshot: bool,
    /// Whether clusters of replaced tables are discarded below: `pass-discard-other`.
    pub pass_other: bool,
    /// Whether discarded clusters stay allocated in the image: `discard-no-unref`.
    pub no_unref: bool,
}

impl DiscardPolicy {
    /// Whether freed clusters of this kind are discarded below.
    pub(super) fn passes(self, kind: FreedKind) -> bool {
        match kind {
            FreedKind::Replaced => false,
            FreedKind::Discarded => self.pass_request,
            FreedKind::Cropped => true,
            FreedKind::L1Table | FreedKind::L2Table => self.pass_other,
        }
    }
}

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
            return self.write_zeroes(start, end - start, ZeroMode::MayUnmap);
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
                self.discard_clusters(state, at, end, DiscardedClusters::Request)
            })?;
            self.free_if_many()?;
        }
        Ok(())
    }

    /// Frees clusters from an offset on, up to the end of a slice. Returns the number of bytes.
    pub(super) fn discard_clusters(
        &self,
        state: &mut Guard<'_>,
        at: u64,
        end: u64,
        what: DiscardedClusters,
    ) -> Result<u64> {
        let geometry = &self.geometry;
        let size = geometry.cluster_size();
        let has_backing = self.storages.backing.is_some();
        let (is_request, kind) = match what {
            DiscardedClusters::Request => (true, FreedKind::Discarded),
            DiscardedClusters::BeyondEnd => (false, FreedKind::Cropped),
        };
        if state.tables.l2_offset(at)?.is_none() && !(is_request && has_backing) {
            let covered = geometry.entries() * size;
            return Ok((covered - at % covered).min((end - at).next_multiple_of(size)));
        }
        let old = self.entries_to_change(state, at, end)?;
        let offsets = (at..).step_by(size as usize);
        let is_valid =
            |(entry, offset): &(&Entry, u64)| entry.fault_at(geometry, *offset).is_none();
        let valid = old.iter().zip(offsets).take_while(is_valid).count();
        let old = &old[..valid];
        let discarded = |entry: &Entry| match self.stays_allocated(*entry, kind) {
            true => entry.with_zeroes(geometry, geometry.all_subclusters(), ZeroMode::Allocated),
            false if is_request => entry.discarded(geometry, has_backing),
            false => Entry::default(),
        };
        let new: Vec<Entry> = old.iter().map(discarded).collect();
        self.replace_entries(state, at, old, &new, kind)?;
        Ok(valid as u64 * size)
    }

    /// Whether a discarded cluster stays allocated in the image, and only its space in the storage
    /// below is freed.
    pub(super) fn stays_allocated(&self, entry: Entry, kind: FreedKind) -> bool {
        self.discard_policy.no_unref
            && kind == FreedKind::Discarded
            && entry.is_copied()
            && entry.host(&self.geometry).is_some()
    }

    /// Frees the space of clusters in the storage below, of which the image still refers to some,
    /// but reads as zeroes there.
    pub(super) fn pass_discard(&self, host: u64) {
        if self.discard_policy.pass_request {
            discard_below(self.data(), host, self.geometry.cluster_size());
        }
    }

    /// Frees clusters without references before their list becomes long.
    pub(super) fn free_if_many(&self) -> io::Result<()> {
        if !self.state.lock().freed.is_long() {
            return Ok(());
        }
        self.request(|state| self.write_all(state))
    }
}

/// Frees the space of a range of a storage. As in QEMU, a range whose space cannot be freed keeps
/// it: the image does not depend on this.
pub(super) fn discard_below(storage: &Storage, offset: u64, length: u64) {
    if let Err(error) = storage.discard(offset, length) {
        tracing::debug!(%error, offset, length, "the space of a range is not freed");
    }
}

/// Which clusters are discarded.
#[derive(Clone, Copy, Debug)]
pub(super) enum DiscardedClusters {
    /// Those of a request. They read as zeroes.
    Request,
    /// Those beyond the new end of the image.
    BeyondEnd,
}
