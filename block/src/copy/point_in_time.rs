//! A copy of a source at one point in time, while others write to it: copy-before-write.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use super::bitmap::DirtyBitmap;
use super::block_status::Kind;
use super::request::{Contents, Failed, Request};
use super::{Copier, CopyControl, CopyError, Scope};
use crate::error::Error;
use crate::image::aligned_buffer::AlignedBuffer;
use crate::image::dirty_bitmaps::BusyBitmap;
use crate::nodes::{Write, WriteWatcher};

/// A copy of a source at the time of its creation. As a watcher of the source, it copies data
/// before they are overwritten.
#[derive(Debug)]
pub struct PointInTime {
    copier: Copier,
    /// The units that are in scope and not copied yet.
    bitmap: Arc<DirtyBitmap>,
    /// The bytes that were copied before writes and not reported yet.
    copied: AtomicU64,
    /// Notified when `copied` grows.
    counted: Notify,
}

impl PointInTime {
    /// A copy of the whole source.
    ///
    /// # Errors
    /// Those of [`DirtyBitmap::new`].
    pub fn new(copier: Copier) -> Result<Self, Error> {
        let bitmap = DirtyBitmap::new(copier.length, copier.granularity)?;
        bitmap.mark(0, copier.length);
        Ok(Self::of_units(copier, bitmap))
    }

    /// A copy of the dirty ranges of a bitmap, in whole units of work.
    ///
    /// # Errors
    /// Those of [`DirtyBitmap::new`].
    pub fn of_bitmap(copier: Copier, dirty: &BusyBitmap) -> Result<Self, Error> {
        let bitmap = DirtyBitmap::new(copier.length, copier.granularity)?;
        dirty.for_each_dirty(|range| bitmap.mark(range.start, range.end - range.start));
        Ok(Self::of_units(copier, bitmap))
    }

    fn of_units(copier: Copier, bitmap: DirtyBitmap) -> Self {
        let (bitmap, copied) = (Arc::new(bitmap), AtomicU64::new(0));
        PointInTime { copier, bitmap, copied, counted: Notify::new() }
    }

    /// The ranges that are not copied yet.
    pub fn remaining(&self) -> impl Iterator<Item = Range<u64>> {
        self.bitmap.dirty()
    }

    /// The copier.
    pub fn copier(&self) -> &Copier {
        &self.copier
    }

    /// The bytes that are not copied yet, in whole units of work.
    pub fn outstanding(&self) -> u64 {
        self.bitmap.outstanding().next_multiple_of(self.copier.granularity)
    }

    /// Skips ranges that are not in scope. Scans all of the source for that.
    ///
    /// # Errors
    /// The job stops.
    pub async fn skip_out_of_scope<C: CopyControl>(&self, control: &C) -> Result<(), C::Stop> {
        if self.copier.scope == Scope::Full {
            return Ok(());
        }
        let scan = self.copier.scan();
        let skip_out_of_scope = |range: Range<u64>| {
            // The range may be clean already: a write before the scan skips it in the same way.
            let length = range.end - range.start;
            self.bitmap.lock_range(range.start, length).clean(range.start, length);
        };
        scan.find_out_of_scope(control, skip_out_of_scope).await
    }

    /// Copies the remaining units, and flushes the target.
    ///
    /// # Errors
    /// As for [`Copier::follow`].
    pub async fn copy_rest<C: CopyControl>(&self, control: &C) -> Result<(), CopyError<C::Stop>> {
        let beyond = self.outstanding() - self.bitmap.outstanding();
        self.copier.follow(&self.bitmap, control).await?;
        control.advance(beyond);
        self.copier.flush(control).await
    }

    /// Waits until bytes have been copied before writes, and returns their number since the last
    /// call.
    pub async fn copied(&self) -> u64 {
        loop {
            let counted = self.counted.notified();
            match self.copied.swap(0, Ordering::Relaxed) {
                0 => counted.await,
                bytes => return bytes,
            }
        }
    }

    /// Copies a range, in requests of the usual size.
    fn copy_now(&self, range: Range<u64>) -> Result<(), Box<Failed>> {
        let copier = &self.copier;
        let (scan, target) = (copier.scan(), copier.target());
        let mut buffer = AlignedBuffer::default();
        let mut start = range.start;
        while start < range.end {
            let most = copier.pace.bytes.max(copier.granularity);
            let found = scan.run_at(start, most);
            let length = most.min(found.end - start).min(range.end - start);
            let contents = match found.kind {
                Kind::Zero => Some(Contents::Zero),
                Kind::Data => Some(Contents::Data),
                Kind::OutOfScope => None,
            };
            if let Some(contents) = contents {
                let request = Request { start, length, contents };
                request.execute(&scan, &target, &mut buffer)?;
                self.copied.fetch_add(length, Ordering::Relaxed);
                self.counted.notify_one();
            }
            start += length;
        }
        Ok(())
    }
}

impl WriteWatcher for PointInTime {
    fn watch(
        &self,
        write: Write<'_>,
        perform: &mut dyn FnMut() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let claim = self.bitmap.lock_range(write.offset, write.length);
        for range in claim.dirty() {
            // As in QEMU, if the copy before a write fails, the write fails, and not the copy.
            self.copy_now(range.clone()).map_err(|failed| failed.error)?;
            claim.clean(range.start, range.end - range.start);
        }
        drop(claim);
        perform()
    }
}
