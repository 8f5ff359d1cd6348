//! The options that all drivers have, and how a node hands them down.

use super::driver::Driver;
use crate::error::{Error, Result};
use crate::image::raw::RawMode;
use crate::options::{
    BlockdevCacheOptions, BlockdevDetectZeroesOptions, BlockdevDiscardOptions, BlockdevOptions,
};

/// How the host caches what a node reads and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheMode {
    /// The page cache of the host is bypassed.
    pub direct: bool,
    /// Flushes do not wait for the disk.
    pub no_flush: bool,
}

/// What a node says itself about the options that all drivers have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GivenOptions {
    pub(super) read_only: Option<bool>,
    pub(super) auto_read_only: Option<bool>,
    pub(super) discard: Option<BlockdevDiscardOptions>,
    pub(super) detect_zeroes: Option<BlockdevDetectZeroesOptions>,
    pub(super) force_share: Option<bool>,
    pub(super) cache: BlockdevCacheOptions,
}

impl From<&BlockdevOptions> for GivenOptions {
    fn from(options: &BlockdevOptions) -> Self {
        GivenOptions {
            read_only: options.read_only,
            auto_read_only: options.auto_read_only,
            discard: options.discard,
            detect_zeroes: options.detect_zeroes,
            force_share: options.force_share,
            cache: options.cache.unwrap_or_default(),
        }
    }
}

impl GivenOptions {
    /// The same, with what another description says where this one says nothing.
    pub(super) fn or(self, other: GivenOptions) -> Self {
        GivenOptions {
            read_only: self.read_only.or(other.read_only),
            auto_read_only: self.auto_read_only.or(other.auto_read_only),
            discard: self.discard.or(other.discard),
            detect_zeroes: self.detect_zeroes.or(other.detect_zeroes),
            force_share: self.force_share.or(other.force_share),
            cache: BlockdevCacheOptions {
                direct: self.cache.direct.or(other.cache.direct),
                no_flush: self.cache.no_flush.or(other.cache.no_flush),
            },
        }
    }
}

/// The options of a node that all drivers have, and where they come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// What the node has where it says nothing.
    pub(super) inherited: CommonOptions,
    /// What it says.
    pub(super) given: GivenOptions,
    /// What comes of that.
    pub(super) common: CommonOptions,
    /// Whether the node could be written until now, and it is being found out if it has to.
    pub(super) was_writable: bool,
}

impl Settings {
    /// For a node that says this, below one that hands down that.
    pub(super) fn new(inherited: CommonOptions, given: GivenOptions) -> Self {
        Settings { inherited, given, common: inherited.overridden_by(given), was_writable: false }
    }

    /// The same, where another description counts for what this one does not say, this time only.
    pub(super) fn with_defaults(self, other: GivenOptions) -> Self {
        let common = self.inherited.overridden_by(self.given.or(other));
        Settings { common, ..self }
    }
}

/// The common options of a node, or those that it will have unless it says otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommonOptions {
    pub(super) read_only: bool,
    pub(super) auto_read_only: bool,
    pub(super) discard: BlockdevDiscardOptions,
    pub(super) detect_zeroes: BlockdevDetectZeroesOptions,
    /// Whether others may do to the image whatever they like, if the node or one above says so.
    pub(super) force_share: Option<bool>,
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
            discard: BlockdevDiscardOptions::Ignore,
            detect_zeroes: BlockdevDetectZeroesOptions::Off,
            force_share: None,
            cache: CacheMode::default(),
            monitor_owned,
            depth: 0,
        }
    }

    /// For a node that is described by itself: what those above it have does not count then.
    pub(super) fn without_parent(self) -> Self {
        let CommonOptions { monitor_owned, depth, .. } = self;
        CommonOptions { depth, ..CommonOptions::of_root(monitor_owned) }
    }

    /// The same, but for what a node says itself.
    fn overridden_by(self, options: GivenOptions) -> Self {
        let CacheMode { direct, no_flush } = self.cache;
        CommonOptions {
            read_only: options.read_only.unwrap_or(self.read_only),
            auto_read_only: options.auto_read_only.unwrap_or(self.auto_read_only),
            discard: options.discard.unwrap_or(self.discard),
            detect_zeroes: options.detect_zeroes.unwrap_or_default(),
            force_share: options.force_share.or(self.force_share),
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
        if self.detect_zeroes == BlockdevDetectZeroesOptions::Unmap
            && self.discard != BlockdevDiscardOptions::Unmap
        {
            return refused(
                "setting detect-zeroes to unmap is not allowed without setting discard \
                 operation to unmap",
            );
        }
        if self.force_share == Some(true) && !self.read_only {
            return refused("force-share=on can only be used with read-only images");
        }
        Ok(())
    }

    /// How the image of a node without a format of its own is to be open.
    pub(super) fn raw_mode(self, driver: Driver) -> RawMode {
        RawMode {
            writable: !self.read_only,
            no_flush: self.cache.no_flush || driver == Driver::NullCo,
            unmap: self.discard == BlockdevDiscardOptions::Unmap,
        }
    }

    /// For the node in which this one is stored.
    pub(super) fn for_file(self) -> Self {
        CommonOptions {
            auto_read_only: true,
            discard: BlockdevDiscardOptions::Unmap,
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
            discard: BlockdevDiscardOptions::Ignore,
            ..self.for_file()
        }
    }
}
