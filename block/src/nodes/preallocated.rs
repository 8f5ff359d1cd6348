//! The end of the preallocation below nodes that stop writing.

use std::sync::Arc;

use super::node::Node;

impl Node {
    /// Frees the space that preallocate nodes below have allocated for the writes of this node,
    /// which have ended.
    pub(super) fn free_preallocated(&self) {
        for storage in self.file().into_iter().chain(self.data_file()) {
            storage.free_own_preallocated();
        }
    }

    /// As [`Node::free_preallocated`], for the node itself.
    pub(super) fn free_own_preallocated(&self) {
        if let (Some(preallocate), Some(storage)) = (self.preallocate(), &self.file_storage)
            && let Err(error) = preallocate.truncate(&Arc::clone(storage).into())
        {
            tracing::error!(node = %self.name(), %error, "preallocated space cannot be freed");
        }
    }
}
