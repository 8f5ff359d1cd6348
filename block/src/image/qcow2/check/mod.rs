//! The check of the reference counts of an image, and their repair.
//!
//! The references in all tables are counted and compared with the stored counts. The image must not
//! be open for writing. The memory is bounded by the part of the image that is counted at once, and
//! the time by the size of the tables.

mod counts;
mod references;
mod repair;

use std::sync::atomic::AtomicBool;

use rustix::io::Errno;

use super::format::geometry::Geometry;
use super::header::Header;
use crate::error::{Error, Result};
use crate::image::permissions::AccessMode;
use crate::image::storage::Storage;
use counts::{Scope, StoredCounts};
use references::Image;

/// The result of a check: `ImageCheck` of QAPI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageCheck {
    /// The number of structures that could not be checked.
    pub check_errors: u64,
    /// The number of corruptions: counts that are too low, and invalid entries.
    pub corruptions: u64,
    /// The number of leaked clusters, whose counts are too high.
    pub leaks: u64,
}

impl ImageCheck {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        *self == ImageCheck::default()
    }
}

/// Checks the reference counts of an image. `cancelled` ends the check early.
///
/// # Errors
/// Those of the storage; `ECANCELED`; the snapshot table is invalid.
pub fn check(storage: &Storage, header: &Header, cancelled: &AtomicBool) -> Result<ImageCheck> {
    examine(&image(storage, header, cancelled))
}

/// Checks the reference counts of an image, and corrects them. Returns the state before.
///
/// Entries that refer to nothing valid stay as they are.
///
/// # Errors
/// As for [`check`].
pub fn repair(storage: &Storage, header: &Header, cancelled: &AtomicBool) -> Result<ImageCheck> {
    let image = image(storage, header, cancelled);
    let before = examine(&image)?;
    if !before.is_clean() {
        repair::repair(&image)?;
    }
    Ok(before)
}

/// Repairs the reference counts of an image that was not closed properly by a program that updates
/// them lazily.
pub(super) fn repair_if_dirty(storage: &Storage, header: &mut Header) -> Result<()> {
    if !header.dirty() {
        return Ok(());
    }
    let cannot = |source| Error::While { what: "Could not repair dirty image".into(), source };
    let found =
        repair(storage, header, &AtomicBool::new(false)).map_err(|error| match error {
            Error::Io(source) => cannot(source),
            other => other,
        })?;
    if found.check_errors > 0 {
        return Err(cannot(Errno::IO.into()));
    }
    tracing::warn!(found.corruptions, found.leaks, "a dirty image has been repaired");
    *header = Header::read(storage, AccessMode::ReadWrite)?;
    storage.sync()?;
    header.clear_dirty(storage)?;
    Ok(storage.sync()?)
}

fn image<'a>(storage: &'a Storage, header: &'a Header, cancelled: &'a AtomicBool) -> Image<'a> {
    Image { storage, header, geometry: Geometry::new(header), cancelled }
}

fn examine(image: &Image<'_>) -> Result<ImageCheck> {
    let mut found = ImageCheck::default();
    let mut stored = StoredCounts::new(image);
    let behind_end = image.clusters()? - 1;
    image.for_each_part(Scope::All, |counts| {
        if counts.clusters.start == 0 {
            found.corruptions += counts.corruptions;
            found.check_errors += counts.unreadable;
        }
        found.corruptions += counts.overflows;
        for cluster in counts.clusters.clone() {
            let (expected, actual) = (counts.get(cluster), stored.get(cluster)?.unwrap_or(0));
            found.leaks += u64::from(actual > expected && cluster != behind_end);
            found.corruptions += u64::from(actual < expected);
        }
        Ok(())
    })?;
    found.corruptions += repair::wrong_flags(image, None)?;
    Ok(found)
}
