//! Changes of the size of a node, for `block_resize`.

use super::driver::{Driver, FilterDriver};
use super::graph::Graph;
use super::node::Node;
use super::quiesce::Quiesced;
use super::usage::{NodeUse, Operation, UserName};
use crate::error::{Error, Result};
use crate::image::extent::SIZE_MAX;
use crate::image::permissions::{Access, Permissions};
use crate::image::storage::Preallocation;

impl Graph {
    /// Changes the size of a node to which no write is in flight. New bytes read as zeroes, also
    /// where the backing file has data. Bytes beyond a smaller size are lost.
    ///
    /// A raw node changes the size of its file. Its size becomes that of whole sectors.
    ///
    /// Blocks while the image is changed.
    ///
    /// # Errors
    /// [`Error::NodeBusy`] and [`Error::PermissionConflict`] if other users do not allow it;
    /// [`Error::ImageReadOnly`]; [`Error::NotResizable`]; [`Error::InvalidOption`] for a size that
    /// the image cannot have; those of the storage.
    pub fn resize(&self, quiesced: &Quiesced, size: u64) -> Result<()> {
        let node = quiesced.node();
        self.check_free(node, Operation::Resize)?;
        let access = Access { takes: Permissions::RESIZE, shares: Permissions::all() };
        let shared = NodeUse::shared(node.clone(), "root", access);
        let used = NodeUse { user: UserName::Unnamed, ..shared };
        let _reservation = self.reserve_unnamed([used])?;
        resize(node, size)
    }
}

fn resize(node: &Node, size: u64) -> Result<()> {
    resize_image(node, size)?;
    node.resize_bitmaps()
}

fn resize_image(node: &Node, size: u64) -> Result<()> {
    if size > SIZE_MAX {
        return Err(invalid(&format!("offset({size}) exceeds maximum({SIZE_MAX})")));
    }
    if node.is_read_only() {
        return Err(Error::ImageReadOnly);
    }
    match node.driver() {
        Driver::File => {
            let resized = node.image.storage().resize(size, Preallocation::Off);
            resized.map_err(|source| Error::While {
                what: "Could not resize file".to_owned(),
                source,
            })
        }
        Driver::Raw => {
            let range = node.range();
            if range.size.is_some() {
                return Err(invalid("Cannot resize fixed-size raw disks"));
            }
            let inside = size.checked_add(range.offset.unwrap_or(0));
            let size = inside.filter(|size| i64::try_from(*size).is_ok());
            let size =
                size.ok_or_else(|| invalid("Disk size too large for the chosen offset"))?;
            resize_child(node.file().as_deref(), size)
        }
        Driver::Qcow2 => {
            node.check_bitmaps_resizable()?;
            node.qcow2_image().map_or(Err(Error::NotResizable), |image| image.resize(size))
        }
        Driver::Filter(FilterDriver::Preallocate) => {
            // The size of the file is that of the data afterwards.
            node.free_own_preallocated();
            resize_child(node.file().as_deref(), size)
        }
        Driver::Blkdebug | Driver::Filter(_) => resize_child(node.file().as_deref(), size),
        Driver::MirrorTop | Driver::CopyOnRead | Driver::CommitTop | Driver::CopyBeforeWrite => {
            resize_child(node.backing().as_deref(), size)
        }
        // A device has a fixed size. As in QEMU, its end may be left unused.
        Driver::HostCdrom | Driver::HostDevice if size <= node.size()? => Ok(()),
        Driver::HostCdrom | Driver::HostDevice => Err(invalid("Cannot grow device files")),
        Driver::NullCo => Err(Error::NotResizable),
    }
}

fn resize_child(child: Option<&Node>, size: u64) -> Result<()> {
    child.map_or(Err(Error::NotResizable), |child| resize(child, size))
}

fn invalid(text: &str) -> Error {
    Error::InvalidOption(text.to_owned())
}
