//! Opening blkdebug nodes.

use std::sync::Arc;

use parking_lot::RwLock;

use super::blkdebug_options::Blkdebug;
use super::driver::Driver;
use super::entry::Role;
use super::inherit::Settings;
use super::node::Node;
use super::open::{Opener, raw_image};
use crate::error::Result;
use crate::image::blkdebug::BlkdebugStorage;
use crate::image::blkdebug::rules::Rules;
use crate::image::storage::Storage;
use crate::options::BlockdevOptionsBlkdebug;

impl Opener<'_> {
    pub(super) fn open_blkdebug(
        &mut self,
        name: Option<String>,
        settings: Settings,
        options: &BlockdevOptionsBlkdebug,
    ) -> Result<Arc<Node>> {
        let common = settings.common;
        let blkdebug = Blkdebug::new(options)?;
        // Listings show the child before the node, as the child is newer. So the name of the node
        // is reserved first.
        let name = self.name(name)?;
        let child = self.open_child(&options.image, common.for_file())?;
        self.attach(&name, Driver::Blkdebug, common, &child, Role::Image(blkdebug.access))?;
        let storage = child.storage();
        blkdebug.limits.check(storage.request_alignment())?;
        let storage = BlkdebugStorage::new(storage, Rules::new(options)?, blkdebug.limits);
        let image = raw_image(Storage::new(storage), common.raw_mode(Driver::Blkdebug));
        let mut node = Node::new(name, Driver::Blkdebug, settings, image);
        node.file = RwLock::new(Some(child));
        node.blkdebug = Some(blkdebug);
        Ok(self.insert(node))
    }
}
