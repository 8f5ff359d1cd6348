//! The options that all drivers have, and their inheritance by child nodes.

use super::driver::Driver;
use super::qcow2_options::Qcow2Tuning;
use crate::error::{Error, Result};
use crate::image::raw::RawMode;
use crate::options::{
    BlockdevCacheOptions, BlockdevDetectZeroesOptions, BlockdevDiscardOptions,
    BlockdevDriverOptions, BlockdevImageReferences, BlockdevOptions,
};

/// How the host caches the data of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheMode {
    /// Whether the page cache of the host is bypassed.
    pub direct: bool,
    /// Whether flushes do not wait for the disk.
    pub no_flush: bool,
}

/// The common options that the description of a node contains.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GivenOptions {
    pub(super) read_only: Option<bool>,
    pub(super) auto_read_only: Option<bool>,
    pub(super) discard: Option<BlockdevDiscardOptions>,
    pub(super) detect_zeroes: Option<BlockdevDetectZeroesOptions>,
    pub(super) force_share: Option<bool>,
    pub(super) active: Option<bool>,
    pub(super) cache: BlockdevCacheOptions,
    pub(super) image_references: Option<BlockdevImageReferences>,
    /// The options of a qcow2 node that tune its image.
    pub(super) qcow2: Option<Qcow2Tuning>,
}

impl From<&BlockdevOptions> for GivenOptions {
    fn from(options: &BlockdevOptions) -> Self {
        GivenOptions {
            read_only: options.read_only,
            auto_read_only: options.auto_read_only,
            discard: options.discard,
            detect_zeroes: options.detect_zeroes,
            force_share: options.force_share,
            active: options.active,
            cache: options.cache.unwrap_or_default(),
            image_references: options.image_references,
            qcow2: match &options.driver {
                BlockdevDriverOptions::Qcow2(options) => Some(options.into()),
                BlockdevDriverOptions::Blkdebug(_)
                | BlockdevDriverOptions::Compress(_)
                | BlockdevDriverOptions::CopyOnRead(_)
                | BlockdevDriverOptions::File(_)
                | BlockdevDriverOptions::HostCdrom(_)
                | BlockdevDriverOptions::HostDevice(_)
                | BlockdevDriverOptions::NullCo(_)
                | BlockdevDriverOptions::Preallocate(_)
                | BlockdevDriverOptions::Raw(_)
                | BlockdevDriverOptions::Throttle(_) => None,
            },
        }
    }
}

impl GivenOptions {
    /// The same options, with those of another description where this one has none.
    pub(super) fn or(self, other: GivenOptions) -> Self {
        GivenOptions {
            read_only: self.read_only.or(other.read_only),
            auto_read_only: self.auto_read_only.or(other.auto_read_only),
            discard: self.discard.or(other.discard),
            detect_zeroes: self.detect_zeroes.or(other.detect_zeroes),
            force_share: self.force_share.or(other.force_share),
            active: self.active.or(other.active),
            cache: BlockdevCacheOptions {
                direct: self.cache.direct.or(other.cache.direct),
                no_flush: self.cache.no_flush.or(other.cache.no_flush),
            },
            image_references: self.image_references.or(other.image_references),
            qcow2: self.qcow2.or(other.qcow2),
        }
    }
}

/// The common options of a node, and their sources.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// The values of options that the description does not contain.
    pub(super) inherited: CommonOptions,
    /// The options that the description contains.
    pub(super) given: GivenOptions,
    /// The resulting options.
    pub(super) common: CommonOptions,
    /// Whether the node was writable until the reopening whose permissions are being checked.
    pub(super) was_writable: bool,
}

impl Settings {
    /// The settings of a node, from the options that it inherits and those that its description
    /// contains.
    pub(super) fn new(inherited: CommonOptions, given: GivenOptions) -> Self {
        Settings { inherited, given, common: inherited.overridden_by(given), was_writable: false }
    }

    /// The same settings, with the options of another description where this one has none. Later
    /// reopenings do not see them.
    pub(super) fn with_defaults(self, other: GivenOptions) -> Self {
        let common = self.inherited.overridden_by(self.given.or(other));
        Settings { common, ..self }
    }
}

/// The resulting common options of a node, or those that a child inherits.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommonOptions {
    pub(super) read_only: bool,
    pub(super) auto_read_only: bool,
    pub(super) discard: BlockdevDiscardOptions,
    pub(super) detect_zeroes: BlockdevDetectZeroesOptions,
    /// Whether all permissions are shared with others, if the node or one above it specifies that.
    pub(super) force_share: Option<bool>,
    /// Whether the node is active. Children are active at first.
    pub(super) active: bool,
    pub(super) cache: CacheMode,
    /// What the image may name.
    pub(super) image_references: BlockdevImageReferences,
    /// Whether a client owns the node: it was not opened for a node above.
    pub(super) monitor_owned: bool,
    /// The number of nodes above.
    pub(super) depth: usize,
}

impl CommonOptions {
    /// The defaults of a node without nodes above.
    pub(super) fn of_root(monitor_owned: bool) -> Self {
        CommonOptions {
            read_only: false,
            auto_read_only: false,
            discard: BlockdevDiscardOptions::Ignore,
            detect_zeroes: BlockdevDetectZeroesOptions::Off,
            force_share: None,
            active: true,
            cache: CacheMode::default(),
            image_references: BlockdevImageReferences::All,
            monitor_owned,
            depth: 0,
        }
    }

    /// The defaults of a node that is reopened by itself, without inheritance from the nodes above.
    pub(super) fn without_parent(self) -> Self {
        let CommonOptions { monitor_owned, depth, .. } = self;
        CommonOptions { depth, ..CommonOptions::of_root(monitor_owned) }
    }

    /// The same options, overridden by those of a description.
    fn overridden_by(self, options: GivenOptions) -> Self {
        let CacheMode { direct, no_flush } = self.cache;
        CommonOptions {
            read_only: options.read_only.unwrap_or(self.read_only),
            auto_read_only: options.auto_read_only.unwrap_or(self.auto_read_only),
            discard: options.discard.unwrap_or(self.discard),
            detect_zeroes: options.detect_zeroes.unwrap_or_default(),
            force_share: options.force_share.or(self.force_share),
            active: options.active.unwrap_or(self.active),
            cache: CacheMode {
                direct: options.cache.direct.unwrap_or(direct),
                no_flush: options.cache.no_flush.unwrap_or(no_flush),
            },
            image_references: options.image_references.unwrap_or(self.image_references),
            ..self
        }
    }

    /// Refuses options that exclude each other.
    pub(super) fn check(self) -> Result<()> {
        self.check_detect_zeroes()?;
        if self.force_share == Some(true) && !self.read_only {
            let text = "force-share=on can only be used with read-only images";
            return Err(Error::InvalidOption(text.to_owned()));
        }
        Ok(())
    }

    /// Refuses to unmap detected zeroes unless requests to discard are passed on.
    pub(super) fn check_detect_zeroes(self) -> Result<()> {
        if self.detect_zeroes == BlockdevDetectZeroesOptions::Unmap
            && self.discard != BlockdevDiscardOptions::Unmap
        {
            let text = "setting detect-zeroes to unmap is not allowed without setting discard \
                        operation to unmap";
            return Err(Error::InvalidOption(text.to_owned()));
        }
        Ok(())
    }

    /// Whether the image may be written now.
    pub(super) fn writable(self) -> bool {
        !self.read_only && self.active
    }

    /// The mode of the image of a node without a format.
    pub(super) fn raw_mode(self, driver: Driver) -> RawMode {
        RawMode {
            writable: self.writable(),
            no_flush: self.cache.no_flush || driver == Driver::NullCo,
            unmap: self.discard == BlockdevDiscardOptions::Unmap,
        }
    }

    /// The defaults of the node in which this node is stored.
    pub(super) fn for_file(self) -> Self {
        CommonOptions {
            discard: BlockdevDiscardOptions::Unmap,
            active: true,
            monitor_owned: false,
            depth: self.depth + 1,
            ..self
        }
    }

    /// The defaults of the backing node.
    pub(super) fn for_backing(self) -> Self {
        CommonOptions { read_only: true, auto_read_only: false, ..self.for_file() }
    }
}
