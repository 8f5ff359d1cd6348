//! The correction of reference counts and of the flags that depend on them.

use rustix::io::Errno;

use super::counts::{Counts, Scope, StoredCounts};
use super::references::Image;
use crate::error::{Error, Result};
use crate::image::memory::zeroed;
use crate::image::permissions::AccessMode;
use crate::image::qcow2::format::entry::COPIED;
use crate::image::qcow2::format::refcount_block::write_count;
use crate::image::qcow2::header::{Header, TablePointers};

/// The offset of the header fields for the position and the length of the refcount table.
const TABLE_FIELDS: u64 = 48;

/// Corrects the counts in their blocks if that is possible, or else replaces the whole refcount
/// structure. Then corrects the flags of table entries.
pub(super) fn repair(image: &Image<'_>) -> Result<()> {
    if can_correct(image)? {
        correct(image)?;
        image.storage.flush()?;
        wrong_flags(image, Some(Correct))?;
        return Ok(());
    }
    rebuild(image)?;
    let header = Header::read(image.storage, AccessMode::ReadOnly)?;
    wrong_flags(&Image { header: &header, ..*image }, Some(Correct))?;
    Ok(())
}

/// Whether all clusters in use have a count in a block that is not used for anything else.
fn can_correct(image: &Image<'_>) -> Result<bool> {
    let mut stored = StoredCounts::new(image);
    let mut possible = true;
    image.for_each_part(Scope::All, |counts| {
        for cluster in counts.clusters.clone() {
            let is_stored = stored.get(cluster)?.is_some();
            possible &= is_stored || counts.get(cluster) == 0;
        }
        let blocks = image.clusters()?.div_ceil(image.geometry.counts_per_block());
        for number in 0..blocks {
            let block = image.refcount_block(number)? >> image.geometry.cluster_bits;
            if block != 0 && counts.clusters.contains(&block) {
                possible &= counts.get(block) == 1;
            } else if block >= image.clusters()? {
                possible = false;
            }
        }
        Ok(())
    })?;
    Ok(possible)
}

/// Writes the blocks with wrong counts.
fn correct(image: &Image<'_>) -> Result<()> {
    let per_block = image.geometry.counts_per_block();
    image.for_each_part(Scope::All, |counts| {
        let first = counts.clusters.start / per_block;
        for number in first..counts.clusters.end.div_ceil(per_block) {
            image.check_cancelled()?;
            let offset = image.refcount_block(number)?;
            if offset == 0 {
                continue;
            }
            let mut bytes = zeroed(image.geometry.cluster_size() as usize)?;
            image.storage.read(offset, &mut bytes)?;
            let before = bytes.clone();
            fill_block(image, counts, number, &mut bytes);
            if bytes != before {
                image.storage.write(offset, &bytes)?;
            }
        }
        Ok(())
    })
}

/// Sets the counts of the clusters that a block and a part of the image have in common.
fn fill_block(image: &Image<'_>, counts: &Counts, number: u64, block: &mut [u8]) {
    let geometry = &image.geometry;
    let per_block = geometry.counts_per_block();
    let start = (number * per_block).max(counts.clusters.start);
    let end = ((number + 1) * per_block).min(counts.clusters.end);
    for cluster in start..end {
        write_count(geometry, block, cluster % per_block, counts.get(cluster));
    }
}

/// Writes a new refcount structure behind the end of the file, and then lets the header refer to
/// it. The former structure is free afterwards.
fn rebuild(image: &Image<'_>) -> Result<()> {
    let geometry = image.geometry;
    let (size, per_block) = (geometry.cluster_size(), geometry.counts_per_block());
    let used = image.clusters()?;
    let (mut blocks, mut table_clusters) = (1, 1);
    loop {
        let needed = (used + blocks + table_clusters).div_ceil(per_block);
        let table = (needed * 8).div_ceil(size);
        if (needed, table) == (blocks, table_clusters) {
            break;
        }
        (blocks, table_clusters) = (needed, table);
    }
    if table_clusters * size > TablePointers::REFCOUNT_MAX {
        return Err(Error::Io(Errno::FBIG.into()));
    }
    let block_offset = |number: u64| (used + number) * size;
    let table_offset = block_offset(blocks);
    let mut written = 0;
    image.for_each_part(Scope::WithoutRefcounts, |counts| {
        // The number of clusters of a part is a multiple of that of a block, except at the end.
        let is_last = counts.clusters.end == used;
        let end = if is_last { blocks } else { counts.clusters.end / per_block };
        for number in written..end {
            image.check_cancelled()?;
            let mut bytes = zeroed(size as usize)?;
            fill_block(image, counts, number, &mut bytes);
            let new = used.max(number * per_block)
                ..(used + blocks + table_clusters).min((number + 1) * per_block);
            for cluster in new {
                write_count(&geometry, &mut bytes, cluster % per_block, 1);
            }
            image.storage.write(block_offset(number), &bytes)?;
        }
        written = end;
        Ok(())
    })?;
    let mut table: Vec<u8> =
        (0..blocks).flat_map(|number| block_offset(number).to_be_bytes()).collect();
    table.resize((table_clusters * size) as usize, 0);
    image.storage.write(table_offset, &table)?;
    image.storage.sync()?;
    let mut fields = table_offset.to_be_bytes().to_vec();
    fields.extend_from_slice(&(table_clusters as u32).to_be_bytes());
    image.storage.write(TABLE_FIELDS, &fields)?;
    Ok(image.storage.sync()?)
}

/// The request to correct flags.
#[derive(Clone, Copy)]
pub(super) struct Correct;

/// The number of entries of the active tables whose flag `COPIED` contradicts the stored count of
/// their cluster. Corrects them on request, except in tables that have other references.
pub(super) fn wrong_flags(image: &Image<'_>, correct: Option<Correct>) -> Result<u64> {
    let bits = image.geometry.cluster_bits;
    let mut wrong = 0;
    let (mut of_tables, mut of_data) = (StoredCounts::new(image), StoredCounts::new(image));
    let l1_table = image.header.table_pointers().l1_table.clone();
    let mut fix = |at: u64, word: u64, is_own: bool, may_correct: bool| -> Result<()> {
        if (word & COPIED != 0) == is_own {
            return Ok(());
        }
        wrong += 1;
        if correct.is_some() && may_correct {
            image.storage.write(at, &(word ^ COPIED).to_be_bytes())?;
        }
        Ok(())
    };
    image.for_each_l2_table(l1_table, |at, word, l2_table| {
        let clusters = image.clusters()?;
        if !l2_table.is_multiple_of(image.geometry.cluster_size()) || l2_table >> bits >= clusters
        {
            return Ok(());
        }
        let is_own = of_tables.get(l2_table >> bits)? == Some(1);
        fix(at, word, is_own, true)?;
        if image.geometry.data_file {
            return Ok(());
        }
        image.for_each_entry(l2_table, |at, entry| {
            let host = entry.host(&image.geometry).filter(|_| !entry.is_compressed());
            let Some(host) = host.filter(|_| entry.fault(&image.geometry).is_none()) else {
                return Ok(());
            };
            let is_own_data = of_data.get(host >> bits)? == Some(1);
            fix(at, entry.word, is_own_data, is_own)
        })
    })?;
    Ok(wrong)
}
