//! The allocation status of images in a backing chain.

use std::sync::Arc;

use super::bitmap::DirtyBitmap;
use super::{CopyControl, CopyError, Side};
use crate::error::Error;
use crate::nodes::Node;
use crate::nodes::async_node::run_blocking;
use crate::nodes::backing::{Allocation, allocation};

/// The number of extents that are scanned between two checks whether the job stops.
const EXTENTS_AT_ONCE: usize = 4096;

impl DirtyBitmap {
    /// Marks as dirty the ranges that at least one of `images` has allocated. `images` is a part
    /// of a backing chain.
    ///
    /// # Errors
    /// [`CopyError`] if the job stops, or the block status of an image cannot be read.
    pub async fn mark_allocated<C: CopyControl>(
        self: &Arc<Self>,
        images: &[Arc<Node>],
        control: &C,
    ) -> Result<(), CopyError<C::Stop>> {
        let mut position = 0;
        while position < self.length() {
            if control.interrupted() {
                control.pause_point().await.map_err(CopyError::Stopped)?;
            }
            let (bitmap, images) = (Arc::clone(self), images.to_vec());
            let found = run_blocking(move || bitmap.mark_some(&images, position)).await;
            position = found.map_err(|error| CopyError::Failed { side: Side::Source, error })?;
        }
        Ok(())
    }

    /// Marks the allocated ranges among the next [`EXTENTS_AT_ONCE`] extents from `position` on.
    /// Returns the end of the last extent.
    fn mark_some(&self, images: &[Arc<Node>], mut position: u64) -> Result<u64, Error> {
        for _ in 0..EXTENTS_AT_ONCE {
            if position >= self.length() {
                break;
            }
            let Allocation { allocated, length } =
                allocation(images, position, self.length() - position)?;
            if allocated {
                self.mark(position, length);
            }
            position += length;
        }
        Ok(position)
    }
}
