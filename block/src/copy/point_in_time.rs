//! A source as it was at one moment, although others write to it.

use super::bitmap::DirtyBitmap;
use super::block_status::Kind;
use super::request::{Failed, Request};
use super::{Copier, CopyControl, CopyError, Scope};
use crate::error::Error;
use crate::nodes::{Write, WriteWatcher};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// A copy of a source as it was when this was made. As a watcher of the source, it copies what is
/// about to be overwritten before that happens.
#[derive(Debug)]
pub struct PointInTime {
    copier: Copier,
    /// What is neither copied nor out of scope.
    bitmap: Arc<DirtyBitmap>,
    /// How many bytes were copied for writers and are not counted yet.
    copied: AtomicU64,
    /// Notified when there are more of them.
    counted: Notify,
}

impl PointInTime {
    /// Everything is yet to be copied.
    ///
    /// # Errors
    /// Those of [`DirtyBitmap::new`].
    pub fn new(copier: Copier) -> Result<Self, Error> {
        let bitmap = Arc::new(DirtyBitmap::new(copier.length, copier.granularity)?);
        bitmap.mark(0, copier.length);
        Ok(PointInTime { copier, bitmap, copied: AtomicU64::new(0), counted: Notify::new() })
    }

    /// The copy that this makes.
    pub fn copier(&self) -> &Copier {
        &self.copier
    }

    /// How many bytes are yet to be copied, in whole units of work.
    pub fn outstanding(&self) -> u64 {
        self.bitmap.outstanding().next_multiple_of(self.copier.granularity)
    }

    /// Leaves out what is not in scope, for which all of the source is looked at.
    ///
    /// # Errors
    /// The job around it stops.
    pub async fn skip_out_of_scope<C: CopyControl>(&self, control: &C) -> Result<(), C::Stop> {
        if self.copier.scope == Scope::Full {
            return Ok(());
        }
        let scan = self.copier.scan();
        let skip_out_of_scope = |range: Range<u64>| {
            // A writer that has been here has left out the same.
            let length = range.end - range.start;
            self.bitmap.lock_range(range.start, length).clean(range.start, length);
        };
        scan.find_out_of_scope(control, skip_out_of_scope).await
    }

    /// Copies what is left, and flushes the target.
    ///
    /// # Errors
    /// As for [`Copier::follow`].
    pub async fn copy_rest<C: CopyControl>(&self, control: &C) -> Result<(), CopyError<C::Stop>> {
        let beyond = self.outstanding() - self.bitmap.outstanding();
        self.copier.follow(&self.bitmap, control).await?;
        control.advance(beyond);
        self.copier.flush(control).await
    }

    /// How many bytes were copied for writers since this was last asked. Waits until there are
    /// some.
    pub async fn copied(&self) -> u64 {
        loop {
            let counted = self.counted.notified();
            match self.copied.swap(0, Ordering::Relaxed) {
                0 => counted.await,
                bytes => return bytes,
            }
        }
    }

    /// Copies what is left of a range, in requests of the usual size.
    fn copy_now(&self, range: Range<u64>) -> Result<(), Box<Failed>> {
        let (copier, scan) = (&self.copier, self.copier.scan());
        let mut buffer = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let most = copier.pace.bytes.max(copier.granularity);
            let found = scan.run_at(start, most);
            let length = most.min(found.end - start).min(range.end - start);
            let request = Request { start, length, zero: found.kind == Kind::Zero };
            if found.kind != Kind::OutOfScope {
                let (source, target) = (&copier.source, &copier.target);
                request.execute(source, target, copier.writing(), &mut buffer)?;
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
            // As in QEMU, a write that would spoil the copy fails rather than the copy.
            self.copy_now(range.clone()).map_err(|failed| failed.error)?;
            claim.clean(range.start, range.end - range.start);
        }
        drop(claim);
        perform()
    }
}
