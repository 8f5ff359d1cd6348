//! Opening the filters that a client can describe.

use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;

use super::backing::chain;
use super::copy_on_read::{Bottom, CopyOnRead};
use super::driver::{Driver, FilterDriver};
use super::entry::Role;
use super::filter_state::{FilterState, preallocate_sizes};
use super::frozen_chain::FrozenChain;
use super::inherit::Settings;
use super::node::Node;
use super::open::{Opener, raw_image};
use crate::error::{Error, Result};
use crate::image::compress::Compress;
use crate::image::filter::{FilteredStorage, RequestFilter};
use crate::image::preallocate::Preallocate;
use crate::image::storage::Storage;
use crate::image::throttle::Throttle;
use crate::options::{
    BlockdevOptionsCor, BlockdevOptionsGenericFormat, BlockdevOptionsPreallocate,
    BlockdevOptionsThrottle, BlockdevRef,
};

/// A filter whose child is open.
struct PendingFilter {
    name: String,
    driver: Driver,
    settings: Settings,
    child: Arc<Node>,
}

impl Opener<'_> {
    pub(super) fn open_compress(
        &mut self,
        name: Option<String>,
        settings: Settings,
        options: &BlockdevOptionsGenericFormat,
    ) -> Result<Arc<Node>> {
        let filter = self.open_filtered(name, settings, FilterDriver::Compress, &options.file)?;
        if !filter.child.compresses() {
            let format = filter.child.driver().name();
            return Err(Error::InvalidOption(format!(
                "Compression is not supported for underlying format: {format}"
            )));
        }
        Ok(self.insert(filter.into_node(Compress::default())))
    }

    pub(super) fn open_copy_on_read(
        &mut self,
        name: Option<String>,
        settings: Settings,
        options: &BlockdevOptionsCor,
    ) -> Result<Arc<Node>> {
        let driver = FilterDriver::CopyOnRead;
        let filter = self.open_filtered(name, settings, driver, &options.format.file)?;
        let Some(bottom) = &options.bottom else {
            return Ok(self.insert(filter.into_node(CopyOnRead::default())));
        };
        let bottom = self.find_bottom(&filter.child, bottom)?;
        let above = chain(&filter.child).take_while(|node| !Arc::ptr_eq(node, &bottom));
        let frozen = FrozenChain::new(above.map(|node| Arc::clone(&node.frozen_links)).collect());
        let own = Arc::new(OnceLock::new());
        let bottom = Bottom { node: Arc::downgrade(&bottom), filter: Arc::clone(&own) };
        let mut node = filter.into_node(CopyOnRead { bottom: Some(bottom) });
        node.frozen_chain = Some(frozen);
        let node = self.insert(node);
        let _ = own.set(Arc::downgrade(&node));
        Ok(node)
    }

    pub(super) fn open_throttle(
        &mut self,
        name: Option<String>,
        settings: Settings,
        options: &BlockdevOptionsThrottle,
    ) -> Result<Arc<Node>> {
        let filter = self.open_filtered(name, settings, FilterDriver::Throttle, &options.file)?;
        let member = self.graph.throttle_groups().join(&options.throttle_group)?;
        let throttle = Throttle::new(member);
        let mut node = filter.into_node(throttle.clone());
        node.filter_state = Some(FilterState::Throttle(throttle));
        Ok(self.insert(node))
    }

    pub(super) fn open_preallocate(
        &mut self,
        name: Option<String>,
        settings: Settings,
        options: &BlockdevOptionsPreallocate,
    ) -> Result<Arc<Node>> {
        let driver = FilterDriver::Preallocate;
        let filter = self.open_filtered(name, settings, driver, &options.format.file)?;
        let alignment = filter.child.image.storage().request_alignment();
        let preallocate = Preallocate::new(preallocate_sizes(options, alignment)?);
        let mut node = filter.into_node(preallocate.clone());
        node.filter_state = Some(FilterState::Preallocate(preallocate));
        Ok(self.insert(node))
    }

    /// Finds the lowest node whose data are copied, in the chain of the child of a copy-on-read
    /// node.
    fn find_bottom(&self, child: &Arc<Node>, name: &str) -> Result<Arc<Node>> {
        let invalid = Error::InvalidOption;
        let bottom =
            self.find(name).map_err(|_| invalid(format!("Bottom node '{name}' not found")))?;
        if bottom.driver().is_filter() {
            return Err(invalid(format!("Bottom node '{name}' is a filter")));
        }
        // QEMU does not end its search for such a node.
        if !chain(child).any(|node| Arc::ptr_eq(&node, &bottom)) {
            let child = child.name();
            return Err(invalid(format!(
                "Bottom node '{name}' is not in the backing chain of '{child}'"
            )));
        }
        self.graph.check_freezable(child, &bottom)?;
        Ok(bottom)
    }

    /// Opens or finds the child of a filter, and attaches it.
    fn open_filtered(
        &mut self,
        name: Option<String>,
        settings: Settings,
        driver: FilterDriver,
        file: &BlockdevRef,
    ) -> Result<PendingFilter> {
        let child = self.open_child(file, settings.common.for_file())?;
        let name = self.name(name)?;
        let driver = Driver::Filter(driver);
        self.attach(&name, driver, settings.common, &child, Role::File)?;
        Ok(PendingFilter { name, driver, settings, child })
    }
}

impl PendingFilter {
    fn into_node(self, filter: impl RequestFilter) -> Node {
        let PendingFilter { name, driver, settings, child } = self;
        let below = child.child_storage();
        let storage = FilteredStorage::new(Storage::from(Arc::clone(&below)), filter);
        let image = raw_image(Storage::new(storage), settings.common.raw_mode(driver));
        let mut node = Node::new(name, driver, settings, image);
        node.file = RwLock::new(Some(child));
        node.file_storage = Some(below);
        node
    }
}
