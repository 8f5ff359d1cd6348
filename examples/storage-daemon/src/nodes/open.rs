//! Opening nodes: the file below first, then the node, then its backing files.

use super::filename;
use super::graph::Graph;
use super::node::{CacheMode, Driver, Node};
use super::options::{
    BackingOption, Child, Discard, DriverOptions, FileOptions, NodeOptions, NullOptions,
    Qcow2Options, RawOptions,
};
use super::sharing::{Role, Use, User};
use super::state::Place;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::image::flat::FlatImage;
use crate::image::qcow2::header::Header;
use crate::image::qcow2::{Qcow2Image, Qcow2Mode};
use crate::image::storage::{HostFile, HostFileMode};
use parking_lot::RwLock;
use std::io;
use std::sync::Arc;

/// Nodes can stand on each other this high: far higher than is any use, and low enough for the
/// stack of a thread. A chain of images that comes back to itself ends here.
const MAX_DEPTH: usize = 200;
/// The size of a null node that does not say.
const NULL_SIZE: u64 = 1 << 30;

/// Opens a node for a client.
pub(super) fn open_root(graph: &Graph, options: NodeOptions) -> Result<Arc<Node>> {
    if options.node_name.is_none() {
        return Err(Error::NodeNameMissing);
    }
    Opener::new(graph).run(options, Settled::above_root(true))
}

/// Finds a node, or opens one that no client owns. Tells whether it was opened.
pub(super) fn open_borrowed(graph: &Graph, child: Child) -> Result<(Arc<Node>, bool)> {
    let opener = Opener::new(graph);
    match child {
        Child::Reference(name) => Ok((opener.find(&name)?, false)),
        Child::Inline(options) => {
            opener.run(*options, Settled::above_root(false)).map(|node| (node, true))
        }
    }
}

/// The common options of a node, with nothing left open: what it does not say itself, it takes
/// over from the node above.
#[derive(Clone, Copy, Debug)]
struct Settled {
    read_only: bool,
    auto_read_only: bool,
    discard: Discard,
    cache: CacheMode,
    monitor_owned: bool,
    depth: usize,
}

impl Settled {
    /// What a node with none above takes over.
    fn above_root(monitor_owned: bool) -> Self {
        Settled {
            read_only: false,
            auto_read_only: false,
            discard: Discard::Ignore,
            cache: CacheMode::default(),
            monitor_owned,
            depth: 0,
        }
    }

    /// What holds for a node that says so much itself and takes over the rest.
    fn with(self, options: &NodeOptions) -> Self {
        Settled {
            read_only: options.read_only.unwrap_or(self.read_only),
            auto_read_only: options.auto_read_only.unwrap_or(self.auto_read_only),
            discard: options.discard.unwrap_or(self.discard),
            cache: CacheMode {
                direct: options.cache.direct.unwrap_or(self.cache.direct),
                no_flush: options.cache.no_flush.unwrap_or(self.cache.no_flush),
            },
            ..self
        }
    }

    /// For the node in which this one is stored.
    fn for_file(self) -> Self {
        Settled {
            auto_read_only: true,
            discard: Discard::Unmap,
            monitor_owned: false,
            depth: self.depth + 1,
            ..self
        }
    }

    /// For the node that shows through.
    fn for_backing(self) -> Self {
        Settled {
            read_only: true,
            auto_read_only: false,
            discard: Discard::Ignore,
            ..self.for_file()
        }
    }
}

/// Opens one tree of nodes and knows how to undo it.
///
/// Files are opened and read without the graph's lock, which is only taken to note the outcome.
struct Opener<'a> {
    graph: &'a Graph,
    /// The places of the nodes that have come into being or are about to.
    created: Vec<Place>,
}

impl<'a> Opener<'a> {
    fn new(graph: &'a Graph) -> Self {
        Opener { graph, created: Vec::new() }
    }

    fn run(mut self, options: NodeOptions, above: Settled) -> Result<Arc<Node>> {
        let opened = self.open(options, above);
        if opened.is_ok() {
            self.graph.publish(&self.created);
        } else {
            // Those above first, so that nothing is closed that is still written to.
            for place in self.created.iter().rev() {
                self.graph.give_up(place);
            }
        }
        opened
    }

    fn open(&mut self, options: NodeOptions, above: Settled) -> Result<Arc<Node>> {
        if above.depth >= MAX_DEPTH {
            return Err(Error::ChainTooDeep(MAX_DEPTH));
        }
        let settled = above.with(&options);
        let NodeOptions { node_name, driver, .. } = options;
        match driver {
            DriverOptions::File(options) => self.open_file(node_name, settled, options),
            DriverOptions::Raw(options) => self.open_raw(node_name, settled, options),
            DriverOptions::Qcow2(options) => self.open_qcow2(node_name, settled, options),
            DriverOptions::NullCo(options) => self.open_null(node_name, settled, options),
        }
    }

    /// Finds or opens the node that another one is to stand on.
    fn open_child(&mut self, child: Child, above: Settled) -> Result<Arc<Node>> {
        match child {
            Child::Reference(name) => self.find(&name),
            Child::Inline(options) => self.open(*options, above),
        }
    }

    /// Finds a node that everybody can find, or one of this tree.
    fn find(&self, name: &str) -> Result<Arc<Node>> {
        let is_own = self.created.iter().any(|own| own.name == name);
        let node = self.graph.with_state(|state| {
            let entry = if is_own { state.entry(name) } else { state.find(name) };
            entry.map(|entry| Arc::clone(&entry.node))
        });
        node.ok_or_else(|| Error::no_device_or_node(name))
    }

    /// Settles the name of a node that is about to be opened.
    fn name(&mut self, given: Option<String>) -> Result<String> {
        let place = self.graph.with_state(|state| state.expect(given))?;
        let name = place.name.clone();
        self.created.push(place);
        Ok(name)
    }

    fn open_file(
        &mut self,
        name: Option<String>,
        mut settled: Settled,
        options: FileOptions,
    ) -> Result<Arc<Node>> {
        let name = self.name(name)?;
        let mode = |writable| HostFileMode {
            writable,
            direct: settled.cache.direct,
            locking: options.locking,
        };
        let mut opened = HostFile::open(&options.filename, mode(!settled.read_only));
        if !settled.read_only && settled.auto_read_only && is_write_protected(&opened) {
            settled.read_only = true;
            opened = HostFile::open(&options.filename, mode(false));
        }
        let no_flush = settled.cache.no_flush;
        let image = FlatImage::new(Arc::new(opened?), !settled.read_only, no_flush);
        let mut node = node(name, Driver::File, settled, Image::Flat(image));
        node.path = Some(options.filename);
        Ok(self.insert(node))
    }

    fn open_null(
        &mut self,
        name: Option<String>,
        settled: Settled,
        options: NullOptions,
    ) -> Result<Arc<Node>> {
        let name = self.name(name)?;
        let storage = imago::null::Null::new(options.size.unwrap_or(NULL_SIZE));
        let image = FlatImage::new(Arc::new(storage), !settled.read_only, true);
        Ok(self.insert(node(name, Driver::NullCo, settled, Image::Flat(image))))
    }

    fn open_raw(
        &mut self,
        name: Option<String>,
        settled: Settled,
        options: RawOptions,
    ) -> Result<Arc<Node>> {
        let file = self.open_child(options.file, settled.for_file())?;
        let name = self.name(name)?;
        self.attach(&name, Driver::Raw, settled, &file, Role::File)?;
        let no_flush = settled.cache.no_flush;
        let image = FlatImage::new(file.image.storage(), !settled.read_only, no_flush);
        let mut node = node(name, Driver::Raw, settled, Image::Flat(image));
        node.file = Some(file);
        Ok(self.insert(node))
    }

    fn open_qcow2(
        &mut self,
        name: Option<String>,
        settled: Settled,
        options: Qcow2Options,
    ) -> Result<Arc<Node>> {
        let file = self.open_child(options.file, settled.for_file())?;
        // Listings show a node before its backing files, which are opened later.
        let name = self.name(name)?;
        self.attach(&name, Driver::Qcow2, settled, &file, Role::File)?;
        let header = Header::read(&file.image.storage())?;
        header.check_supported(!settled.read_only)?;
        let from_header = matches!(options.backing, BackingOption::FromHeader);
        let backing = self
            .open_backing(&header, &file, settled, options.backing)
            .map_err(|error| Error::OpenBacking(Box::new(error)))?;
        if let Some(backing) = &backing {
            self.attach(&name, Driver::Qcow2, settled, backing, Role::Backing)?;
        }
        let mode = Qcow2Mode {
            writable: !settled.read_only,
            no_flush: settled.cache.no_flush,
            backing: backing.as_ref().map(|node| node.layer()).transpose()?,
        };
        let image = Arc::new(Qcow2Image::open(file.image.storage(), header, mode)?);
        let mut node = node(name, Driver::Qcow2, settled, Image::Qcow2(image));
        node.file = Some(file);
        node.backing_from_header = from_header && backing.is_some();
        node.backing = RwLock::new(backing);
        Ok(self.insert(node))
    }

    fn open_backing(
        &mut self,
        header: &Header,
        file: &Node,
        settled: Settled,
        option: BackingOption,
    ) -> Result<Option<Arc<Node>>> {
        let child = match option {
            BackingOption::None => return Ok(None),
            BackingOption::Child(child) => child,
            BackingOption::FromHeader => match header.backing_file() {
                None => return Ok(None),
                Some(name) => {
                    let name = filename::resolve_backing(file, name);
                    let path = filename::host_path(&name)?.to_owned();
                    Child::Inline(Box::new(backing_from_header(path, header.backing_format())?))
                }
            },
        };
        self.open_child(child, settled.for_backing()).map(Some)
    }

    /// Puts a node on top of another, which takes the permissions and locks it needs.
    fn attach(
        &mut self,
        name: &str,
        driver: Driver,
        settled: Settled,
        child: &Arc<Node>,
        role: Role,
    ) -> Result<()> {
        let user = User::Node { name: name.to_owned(), driver, writable: !settled.read_only };
        self.graph.with_state(|state| state.attach(child, Use { user, role }))
    }

    fn insert(&self, node: Node) -> Arc<Node> {
        let node = Arc::new(node);
        self.graph.with_state(|state| state.insert(Arc::clone(&node)));
        node
    }
}

fn node(name: String, driver: Driver, settled: Settled, image: Image) -> Node {
    Node {
        name,
        driver,
        read_only: settled.read_only,
        cache: settled.cache,
        discard: settled.discard,
        monitor_owned: settled.monitor_owned,
        path: None,
        file: None,
        backing: RwLock::new(None),
        backing_from_header: false,
        image,
    }
}

/// Describes the backing file that a header names.
///
/// A header that does not tell the format makes QEMU guess it from the contents, which lets
/// whoever writes a raw backing file choose what is read in its place: it must be told here.
fn backing_from_header(path: String, format: Option<&str>) -> Result<NodeOptions> {
    let file = NodeOptions::new(DriverOptions::File(FileOptions {
        filename: path,
        locking: Default::default(),
    }));
    match format {
        Some("qcow2") => {
            let file = Child::Inline(Box::new(file));
            let backing = BackingOption::FromHeader;
            Ok(NodeOptions::new(DriverOptions::Qcow2(Qcow2Options { file, backing })))
        }
        Some("raw") => {
            let file = Child::Inline(Box::new(file));
            Ok(NodeOptions::new(DriverOptions::Raw(RawOptions { file })))
        }
        Some("file") => Ok(file),
        Some(other) => Err(Error::InvalidImage(format!("Unknown driver '{other}'"))),
        None => Err(Error::InvalidImage("The image does not tell the backing format".into())),
    }
}

/// Whether a file could not be opened because it cannot be written.
fn is_write_protected(opened: &Result<HostFile>) -> bool {
    matches!(
        opened,
        Err(Error::OpenFile { source, .. })
            if matches!(
                source.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            )
    )
}
