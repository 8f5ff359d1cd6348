//! The options that all drivers have, and how a node hands them down.

use super::node::CacheMode;
use super::options::{DetectZeroes, Discard, NodeOptions};
use crate::error::{Error, Result};

/// The common options of a node, or those that it will have unless it says otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommonOptions {
    pub(super) read_only: bool,
    pub(super) auto_read_only: bool,
    pub(super) discard: Discard,
    pub(super) detect_zeroes: DetectZeroes,
    /// Whether others may do to the image whatever they like.
    pub(super) force_share: bool,
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
            detect_zeroes: DetectZeroes::Off,
            force_share: false,
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
            detect_zeroes: options.detect_zeroes,
            force_share: options.force_share.unwrap_or(self.force_share),
            cache: CacheMode {
                direct: options.cache.direct.unwrap_or(direct),
                no_flush: options.cache.no_flush.unwrap_or(no_flush),
            },
            ..self
        }
    }

    /// Refuses options that do not go together.
    pub(super) fn check(self) -> Result<()> {
        let refused = |text: &str| Err(Error::InvalidOption(text.to_owned()));
        if self.detect_zeroes == DetectZeroes::Unmap && self.discard != Discard::Unmap {
            return refused(
                "setting detect-zeroes to unmap is not allowed without setting discard \
                 operation to unmap",
            );
        }
        if self.force_share && !self.read_only {
            return refused("force-share=on can only be used with read-only images");
        }
        Ok(())
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
