//! Chains that a copy-on-read node with the option `bottom` keeps as they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many copy-on-read nodes freeze the link of a node to the next node of its chain.
#[derive(Debug, Default)]
pub(super) struct FrozenLinks(AtomicUsize);

impl FrozenLinks {
    /// Whether there is such a copy-on-read node.
    pub(super) fn is_frozen(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

/// Links of nodes to the next node of their chain that are frozen until this is dropped.
#[derive(Debug)]
pub(super) struct FrozenChain(Vec<Arc<FrozenLinks>>);

impl FrozenChain {
    /// Freezes the links of nodes.
    pub(super) fn new(links: Vec<Arc<FrozenLinks>>) -> Self {
        for one in &links {
            one.0.fetch_add(1, Ordering::Relaxed);
        }
        FrozenChain(links)
    }
}

impl Drop for FrozenChain {
    fn drop(&mut self) {
        for one in &self.0 {
            one.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
