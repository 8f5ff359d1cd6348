//! The options that all drivers have, and how a node hands them down.

use super::node::CacheMode;
use super::options::{Discard, NodeOptions};

/// The common options of a node, or those that it will have unless it says otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommonOptions {
    pub(super) read_only: bool,
    pub(super) auto_read_only: bool,
    pub(super) discard: Discard,
    pub(super) cache: CacheMode,
    /// Whether a client asks for the node itself, rather than for one above it.
    pub(super) monitor_owned: bool,
    /// How many nodes are above.
    pub(super) depth: usize,
}

impl CommonOptions {
    /// For a node with none above.
    pub(super) fn of_root(monitor_owned: bool) -> Self {
        CommonOptions {
            read_only: false,
            auto_read_only: false,
            discard: Discard::Ignore,
            cache: CacheMode::default(),
            monitor_owned,
            depth: 0,
        }
    }

    /// The same, but for what a node says itself.
    pub(super) fn overridden_by(self, options: &NodeOptions) -> Self {
        let CacheMode { direct, no_flush } = self.cache;
        CommonOptions {
            read_only: options.read_only.unwrap_or(self.read_only),
            auto_read_only: options.auto_read_only.unwrap_or(self.auto_read_only),
            discard: options.discard.unwrap_or(self.discard),
            cache: CacheMode {
                direct: options.cache.direct.unwrap_or(direct),
                no_flush: options.cache.no_flush.unwrap_or(no_flush),
            },
            ..self
        }
    }

    /// For the node in which this one is stored.
    pub(super) fn for_file(self) -> Self {
        CommonOptions {
            auto_read_only: true,
            discard: Discard::Unmap,
            monitor_owned: false,
            depth: self.depth + 1,
            ..self
        }
    }

    /// For the node that shows through where this one has nothing of its own.
    pub(super) fn for_backing(self) -> Self {
        CommonOptions {
            read_only: true,
            auto_read_only: false,
            discard: Discard::Ignore,
            ..self.for_file()
        }
    }
}
