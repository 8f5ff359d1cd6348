//! Discards of the clusters that a change of the snapshots has freed.

use std::ops::Range;

use super::corruption::Result;
use super::edit::Edit;
use crate::image::qcow2::format::entry::OFFSET_MASK;

impl Edit {
    /// Lets the file free the space of an L1 table, of its L2 tables and of their data, as far as
    /// they have no reference any more. The change that released them is made, and nothing has been
    /// allocated since: the tables still are in the file.
    ///
    /// # Errors
    /// Those of the storage. The space that is not freed is free in the image nevertheless.
    pub(in crate::image::qcow2) fn discard_released_tree(
        &mut self,
        l1: &Range<u64>,
    ) -> std::io::Result<()> {
        self.tree_discarded(l1).map_err(super::edit::into_io)
    }

    fn tree_discarded(&mut self, l1: &Range<u64>) -> Result<()> {
        let size = self.geometry.cluster_size();
        for entry in self.l1_entries(l1)? {
            let offset = entry & OFFSET_MASK;
            if offset == 0 {
                continue;
            }
            let mut run = 0..0;
            for one in self.l2_table(offset)? {
                for cluster in self.clusters(one)? {
                    self.add_to_run(&mut run, cluster)?;
                }
            }
            self.add_to_run(&mut run, offset)?;
            self.storage.discard(run.start, run.end - run.start)?;
        }
        let mut run = 0..0;
        for cluster in l1.clone().step_by(size as usize) {
            self.add_to_run(&mut run, cluster)?;
        }
        Ok(self.storage.discard(run.start, run.end - run.start)?)
    }

    /// Adds a cluster to a run of free clusters. Discards the former run if the cluster does not
    /// follow it.
    fn add_to_run(&mut self, run: &mut Range<u64>, cluster: u64) -> Result<()> {
        if self.count(cluster)? != 0 || run.contains(&cluster) {
            return Ok(());
        }
        if run.end != cluster {
            self.storage.discard(run.start, run.end - run.start)?;
            *run = cluster..cluster;
        }
        run.end = cluster + self.geometry.cluster_size();
        Ok(())
    }
}
