//! Opening qcow2 nodes, with their data files and backing files.

use std::sync::Arc;

use parking_lot::RwLock;

use super::backing::BackingChange;
use super::driver::Driver;
use super::entry::Role;
use super::filename;
use super::graph::Graph;
use super::image_name::{by_name, protocol};
use super::inherit::{CommonOptions, Settings};
use super::node::{Backing, Node};
use super::open::Opener;
use super::reservation::BorrowedNode;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::image::permissions::AccessMode;
use crate::image::qcow2::header::Header;
use crate::image::qcow2::{Qcow2Image, Qcow2Mode};
use crate::image::storage::Storage;
use crate::options::{
    BlockdevImageReferences, BlockdevOptions, BlockdevOptionsQcow2, BlockdevRef,
    BlockdevRefOrNull,
};

impl Opener<'_> {
    pub(super) fn open_qcow2(
        &mut self,
        name: Option<String>,
        settings: Settings,
        options: &BlockdevOptionsQcow2,
    ) -> Result<Arc<Node>> {
        let common = settings.common;
        let file = self.open_child(&options.format.format.file, common.for_file())?;
        // The name is reserved before the backing files are opened, as listings show those after
        // the node.
        let name = self.name(name)?;
        self.attach(&name, Driver::Qcow2, common, &file, Role::File)?;
        let header = Box::new(Header::read(
            &file.storage(),
            AccessMode::from_writable(common.writable()),
        )?);
        settings.given.qcow2.unwrap_or_default().check(&header)?;
        let data_file = self.open_data_file(&header, common, options.data_file.as_ref())?;
        if let Some(data_file) = &data_file {
            self.attach(&name, Driver::Qcow2, common, data_file, Role::DataFile)?;
        }
        let option = options.format.backing.as_ref();
        if let Some(BlockdevRefOrNull::Reference(backing)) = option
            && *backing == name
        {
            return Err(Error::cycle("backing", backing, &name));
        }
        let backing =
            self.open_backing(&header, &file, common, option).map_err(Error::open_backing)?;
        if let Some(backing) = &backing {
            self.attach(&name, Driver::Qcow2, common, backing, Role::Backing)?;
        }
        let named = match &backing {
            Some(backing) if option.is_none() => Some(filename::filename(backing)),
            Some(_) | None => header.backing_file().map(str::to_owned),
        };
        let backing = Backing { node: backing, named };
        self.insert_qcow2(name, settings, *header, Children { file, data_file, backing })
    }

    /// Opens the image of a node whose children are open. This is a separate function, so that
    /// its locals are not on the stack while a chain of backing files is opened by recursion.
    fn insert_qcow2(
        &self,
        name: String,
        settings: Settings,
        header: Header,
        children: Children,
    ) -> Result<Arc<Node>> {
        let Children { file, data_file, backing } = children;
        let common = settings.common;
        let tuning = settings.given.qcow2.unwrap_or_default();
        let data_storage = data_file.as_ref().map(|node| node.child_storage());
        let mode = Qcow2Mode {
            writable: common.writable(),
            no_flush: common.cache.no_flush,
            backing: backing.node.as_ref().map(|node| node.image.storage()),
            data_file: data_storage.clone().map(Storage::from),
            cache_sizes: tuning.check(&header)?,
            overlap_checks: tuning.overlap_checks,
            discard_policy: tuning.discard_policy(common.discard),
            active: common.active,
            corruption_observer: Some(self.graph.corruptions().of_node(&name)),
        };
        let file_storage = file.child_storage();
        let storage = Storage::from(Arc::clone(&file_storage));
        let image = Arc::new(Qcow2Image::open(storage, header, mode)?);
        let mut node = Node::new(name, Driver::Qcow2, settings, Image::Qcow2(image));
        node.file = RwLock::new(Some(file));
        node.file_storage = Some(file_storage);
        node.data_file = RwLock::new(data_file);
        node.data_storage = data_storage;
        node.backing = RwLock::new(backing);
        Ok(self.insert(node))
    }

    /// Opens the external data file. As in QEMU, a name in the header is not relative to the image.
    fn open_data_file(
        &mut self,
        header: &Header,
        common: CommonOptions,
        option: Option<&BlockdevRef>,
    ) -> Result<Option<Arc<Node>>> {
        let given = option.map(|child| self.open_child(child, common.for_file())).transpose()?;
        match (given, header.has_data_file()) {
            (Some(given), true) => Ok(Some(given)),
            (Some(_), false) => Err(Error::DataFileUnknown),
            (None, false) if header.lacks_data_file() => {
                Err(Error::InvalidImage("data-file-raw requires a data file".to_owned()))
            }
            (None, false) => Ok(None),
            (None, true) => {
                let name = header.data_file().ok_or(Error::DataFileMissing)?;
                self.graph.check_reference(common, "data file", name)?;
                let options = BlockdevOptions::file(name);
                self.open(&options, common.for_file()).map(Some)
            }
        }
    }

    fn open_backing(
        &mut self,
        header: &Header,
        file: &Node,
        common: CommonOptions,
        option: Option<&BlockdevRefOrNull>,
    ) -> Result<Option<Arc<Node>>> {
        let above = common.for_backing();
        let opened = match option {
            None => match self.graph.named_backing(common, header, file)? {
                Some(options) => self.open(&options, above),
                None => return Ok(None),
            },
            Some(BlockdevRefOrNull::Null(_)) => return Ok(None),
            Some(BlockdevRefOrNull::Reference(name)) if name.is_empty() => return Ok(None),
            Some(BlockdevRefOrNull::Reference(name)) => self.find_child(name, above),
            Some(BlockdevRefOrNull::Definition(options)) => self.open(options, above),
        };
        opened.map(Some)
    }
}

impl Graph {
    /// Opens the backing file that the image of a node names, for a node that was opened without
    /// one. Blocks while images are opened.
    ///
    /// # Errors
    /// As for [`Graph::add`].
    pub fn open_backing(&self, node: &Arc<Node>) -> Result<()> {
        let (Some(header), Some(file)) = (node.qcow2_header(), node.file()) else {
            return Ok(());
        };
        let common = node.settings.read().common;
        let Some(options) = self.named_backing(common, &header, &file)? else { return Ok(()) };
        let above = common.for_backing();
        let opened = Opener::new(self).run(&options, above)?;
        let _ = opened.opened_for.set(Arc::downgrade(node));
        // The opened node is closed again unless it becomes the backing node.
        let opened = BorrowedNode::new(self, opened, true);
        let change = BackingChange { node: Some(Arc::clone(opened.node())), name: None };
        self.change_backing(node, change)
    }

    /// The options of the backing file that a header names, if it names one. The result is boxed
    /// to save stack, as a chain of images is opened by recursion.
    fn named_backing(
        &self,
        common: CommonOptions,
        header: &Header,
        file: &Node,
    ) -> Result<Option<Box<BlockdevOptions>>> {
        let Some(name) = header.backing_file() else { return Ok(None) };
        self.check_reference(common, "backing file", name)?;
        let format = header.backing_format();
        let options = by_name(&filename::resolve_backing(file, name), format)?;
        options.check_supported()?;
        Ok(Some(Box::new(options)))
    }

    /// Refuses a name in the header of an image, if the options of the node or of the graph do not
    /// allow it.
    fn check_reference(
        &self,
        common: CommonOptions,
        kind: &'static str,
        name: &str,
    ) -> Result<()> {
        let allowed = common.image_references.max(self.image_references());
        let is_allowed = match allowed {
            BlockdevImageReferences::All => true,
            BlockdevImageReferences::Files => matches!(protocol(name), None | Some("file")),
            BlockdevImageReferences::None => false,
        };
        if is_allowed {
            return Ok(());
        }
        Err(Error::ReferenceForbidden { kind, name: name.to_owned(), allowed: allowed.as_str() })
    }
}

/// The children of a qcow2 node.
struct Children {
    file: Arc<Node>,
    data_file: Option<Arc<Node>>,
    backing: Backing,
}
