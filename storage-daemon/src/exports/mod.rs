//! Exports: nodes that clients of the NBD server, or virtual machines, read and write.

mod bitmaps;
mod disk;
mod listen;
mod messages;
#[cfg(feature = "vhost-user")]
mod vhost_user;

use std::sync::{Arc, Weak};
use std::time::Duration;

use block::image::permissions::{Access, Permissions};
use block::nodes::{Graph, InactiveNode, Node, Root};
use nbd::{Export, RemoveError, RemoveMode, ServerOptions};
use parking_lot::Mutex;
use qapi_core::{Error, Events, Result};

use crate::objects::Objects;
use crate::options::is_identifier;
use crate::schema::dirty_bitmap::BlockDirtyBitmapOrStr;
use crate::schema::export::{
    BlockExportDeleted, BlockExportInfo, BlockExportKind, BlockExportOptions,
    BlockExportOptionsNbd, BlockExportRemoveMode, BlockExportType, NbdServerAddOptions,
    NbdServerOptions,
};
use disk::NodeDisk;
use listen::{Listening, listen};

/// The NBD server and the exports. Clones share the state.
#[derive(Clone)]
pub struct Exports {
    graph: Graph,
    events: Events,
    objects: Objects,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    server: Option<Listening>,
    /// From the oldest to the newest.
    exports: Vec<Entry>,
    next_number: u64,
}

/// An export, until its last client is gone.
struct Entry {
    /// Tells apart exports with the same identifier, one after the other.
    number: u64,
    id: String,
    target: Target,
    is_shutting_down: bool,
}

/// How clients reach the node of an export.
enum Target {
    Nbd {
        /// The name for clients.
        name: String,
        disk: Weak<NodeDisk>,
    },
    #[cfg(feature = "vhost-user")]
    VhostUserBlk(Arc<vhost_user::VhostUserExport>),
}

impl Target {
    fn export_type(&self) -> BlockExportType {
        match self {
            Target::Nbd { .. } => BlockExportType::Nbd,
            #[cfg(feature = "vhost-user")]
            Target::VhostUserBlk(_) => BlockExportType::VhostUserBlk,
        }
    }

    fn node_name(&self) -> String {
        match self {
            Target::Nbd { disk, .. } => {
                disk.upgrade().map_or_else(String::new, |disk| disk.node_name())
            }
            #[cfg(feature = "vhost-user")]
            Target::VhostUserBlk(export) => export.node_name(),
        }
    }
}

impl Exports {
    /// No exports, and no server. `objects` has the credentials for TLS.
    pub fn new(graph: Graph, events: Events, objects: Objects) -> Self {
        Exports { graph, events, objects, state: Arc::default() }
    }

    /// Starts the NBD server. Blocks.
    ///
    /// # Errors
    /// The server is running; the credentials do not exist, or are not for a server; or the address
    /// cannot be bound.
    pub fn start_server(&self, options: &NbdServerOptions) -> Result<()> {
        let mut state = self.state.lock();
        if state.server.is_some() {
            return Err(messages::nbd_server_running());
        }
        let mut server_options = ServerOptions::default();
        server_options.stack_size = block::nodes::STACK_SIZE;
        if let Some(most) = options.max_connections {
            server_options.max_connections = most;
        }
        if let Some(seconds) = options.handshake_max_seconds {
            let timeout = Duration::from_secs(u64::from(seconds));
            server_options.handshake_timeout = Some(timeout).filter(|_| seconds != 0);
        }
        if let Some(id) = &options.tls_creds {
            let tls = self.objects.tls_server(id, options.tls_authz.as_deref())?;
            server_options.tls = Some(tls);
        }
        state.server = Some(listen(&options.addr, server_options)?);
        Ok(())
    }

    /// Stops the NBD server, disconnects its clients and removes its exports. Blocks.
    ///
    /// # Errors
    /// The server is not running.
    pub fn stop_server(&self) -> Result<()> {
        let mut state = self.state.lock();
        let server = state.server.take().ok_or_else(messages::nbd_server_not_running)?;
        for export in &mut state.exports {
            export.is_shutting_down |= matches!(export.target, Target::Nbd { .. });
        }
        // The exports remove themselves from the state.
        drop(state);
        server.server.stop();
        server.server.wait_for_clients();
        Ok(())
    }

    /// Stops the NBD server, if it is running, and removes all exports. Blocks.
    pub fn close(&self) {
        // An error means that there is no server.
        let _ = self.stop_server();
        #[cfg(feature = "vhost-user")]
        for id in self.vhost_user_exports() {
            // An error means that the export is being removed.
            let _ = self.remove(&id, BlockExportRemoveMode::Hard);
        }
    }

    /// Adds an export. Blocks.
    ///
    /// # Errors
    /// The options contradict each other, the node or the existing exports; or other users of the
    /// node do not permit the export.
    pub fn add(&self, options: BlockExportOptions) -> Result<()> {
        if !is_identifier(&options.id) {
            return Err(messages::export_id_invalid());
        }
        let mut state = self.state.lock();
        if state.exports.iter().any(|export| export.id == options.id) {
            return Err(messages::export_id_in_use(&options.id));
        }
        let node = self.graph.get(&options.node_name).ok_or_else(|| {
            let device = String::new();
            Error::from(block::error::Error::NodeUnknown { device, node: options.node_name })
        })?;
        let writable = options.writable.unwrap_or(false);
        if writable && node.is_read_only() {
            return Err(messages::export_read_only_node());
        }
        if let Some(id) = &options.iothread
            && !self.objects.has_iothread(id)
        {
            return Err(messages::no_iothread(id));
        }
        let on_inactive = match options.allow_inactive {
            Some(true) => InactiveNode::Allowed,
            Some(false) | None => {
                self.graph.activate(&node)?;
                InactiveNode::Refused
            }
        };
        let root = self.attach(node, writable, on_inactive)?;
        let number = state.next_number;
        let target = match options.kind {
            BlockExportKind::Nbd(options) => {
                let server =
                    state.server.as_ref().ok_or_else(messages::nbd_server_not_running)?;
                self.add_nbd(&server.server, root, &options, writable, number)?
            }
            #[cfg(feature = "vhost-user")]
            BlockExportKind::VhostUserBlk(options) => {
                let export = vhost_user::VhostUserExport::new(root, &options, writable)?;
                Target::VhostUserBlk(Arc::new(export))
            }
        };
        state.next_number += 1;
        state.exports.push(Entry { number, id: options.id, target, is_shutting_down: false });
        Ok(())
    }

    /// Adds an export to the NBD server.
    fn add_nbd(
        &self,
        server: &nbd::Server,
        root: Root,
        options: &BlockExportOptionsNbd,
        writable: bool,
        number: u64,
    ) -> Result<Target> {
        let node = root.node();
        let name = options.name.clone().unwrap_or_else(|| node.name().to_owned());
        let disk = Arc::new(NodeDisk::new(root));
        let export = export(&name, options, Arc::clone(&disk))?.writable(writable);
        if server.has(&name) {
            return Err(messages::export_name_in_use(&name));
        }
        let bitmaps = options.bitmaps.as_deref().unwrap_or_default();
        let bitmaps = bitmaps::reserve(&self.graph, &node, bitmaps, writable)?;
        let export = bitmaps
            .into_iter()
            .fold(export, |export, (name, ranges)| export.bitmap(name, ranges));
        let closed = self.clone();
        let export = export.on_closed(move || closed.forget(number));
        server.add(export).map_err(|duplicate| messages::export_name_in_use(&duplicate.0))?;
        Ok(Target::Nbd { name, disk: Arc::downgrade(&disk) })
    }

    /// Attaches an export to a node. Others can do everything but resize the node.
    fn attach(&self, node: Arc<Node>, writable: bool, on_inactive: InactiveNode) -> Result<Root> {
        let mut takes = Permissions::CONSISTENT_READ;
        takes.set(Permissions::WRITE, writable);
        let access = Access { takes, shares: Permissions::all() - Permissions::RESIZE };
        Ok(self.graph.attach_root_if("", node, access, on_inactive)?)
    }

    /// Adds an export whose identifier and name are the same. A read-only node is exported
    /// read-only. Blocks.
    ///
    /// # Errors
    /// As [`Exports::add`].
    pub fn add_legacy(&self, options: NbdServerAddOptions) -> Result<()> {
        let NbdServerAddOptions { name, description, device, writable, bitmap } = options;
        let node = self
            .graph
            .get(&device)
            .ok_or_else(|| block::error::Error::no_device_or_node(&device))?;
        let bitmaps = bitmap.map(|name| vec![BlockDirtyBitmapOrStr::Local(name)]);
        let id = name.unwrap_or(device);
        let name = Some(id.clone());
        let allocation_depth = None;
        self.add(BlockExportOptions {
            kind: BlockExportKind::Nbd(BlockExportOptionsNbd {
                name,
                description,
                bitmaps,
                allocation_depth,
            }),
            id,
            fixed_iothread: None,
            iothread: None,
            node_name: node.name().to_owned(),
            writable: writable.map(|writable| writable && !node.is_read_only()),
            writethrough: None,
            allow_inactive: None,
        })
    }

    /// Removes an export. Blocks.
    ///
    /// # Errors
    /// There is no such export; or it has clients, and the mode is `safe`.
    pub fn remove(&self, id: &str, mode: BlockExportRemoveMode) -> Result<()> {
        let mut state = self.state.lock();
        let State { server, exports, .. } = &mut *state;
        let export = exports.iter_mut().find(|export| export.id == id);
        let export = export.ok_or_else(|| messages::export_not_found(id))?;
        if export.is_shutting_down {
            return match mode {
                BlockExportRemoveMode::Safe => Err(messages::export_in_use(id)),
                BlockExportRemoveMode::Hard => Ok(()),
            };
        }
        let name = match &export.target {
            Target::Nbd { name, .. } => name,
            #[cfg(feature = "vhost-user")]
            Target::VhostUserBlk(target) => {
                if mode == BlockExportRemoveMode::Safe && target.is_connected() {
                    return Err(messages::export_in_use(id));
                }
                let (number, target) = (export.number, Arc::clone(target));
                export.is_shutting_down = true;
                drop(state);
                target.stop();
                self.forget(number);
                return Ok(());
            }
        };
        let server = &server.as_ref().ok_or_else(messages::nbd_server_not_running)?.server;
        let mode = match mode {
            BlockExportRemoveMode::Safe => RemoveMode::Safe,
            BlockExportRemoveMode::Hard => RemoveMode::Hard,
        };
        export.is_shutting_down = true;
        // The last reference to the export calls `forget`, which locks the state.
        let removed = server.remove(name, mode);
        if removed.is_err() {
            export.is_shutting_down = false;
        }
        drop(state);
        match removed {
            Ok(_export) => Ok(()),
            Err(RemoveError::InUse) => Err(messages::export_in_use(id)),
            Err(RemoveError::NotFound) => Err(messages::export_not_found(id)),
        }
    }

    /// The identifiers of all exports over vhost-user.
    #[cfg(feature = "vhost-user")]
    fn vhost_user_exports(&self) -> Vec<String> {
        let state = self.state.lock();
        let exports = state.exports.iter();
        let exports = exports.filter(|export| matches!(export.target, Target::VhostUserBlk(_)));
        exports.map(|export| export.id.clone()).collect()
    }

    /// Removes an export whose last client is gone, and tells clients.
    fn forget(&self, number: u64) {
        let mut state = self.state.lock();
        let position = state.exports.iter().position(|export| export.number == number);
        let Some(position) = position else { return };
        let Entry { id, .. } = state.exports.remove(position);
        self.events.emit(&BlockExportDeleted { id });
    }

    /// All exports, the newest first.
    pub fn infos(&self) -> Vec<BlockExportInfo> {
        let state = self.state.lock();
        let info = |export: &Entry| BlockExportInfo {
            id: export.id.clone(),
            r#type: export.target.export_type(),
            node_name: export.target.node_name(),
            shutting_down: export.is_shutting_down,
        };
        state.exports.iter().rev().map(info).collect()
    }
}

/// An export with the properties that the options describe.
fn export(name: &str, options: &BlockExportOptionsNbd, disk: Arc<NodeDisk>) -> Result<Export> {
    let export = Export::new(name, disk).map_err(|_| messages::export_name_too_long(name))?;
    let export = export.allocation_depth(options.allocation_depth.unwrap_or(false));
    match &options.description {
        Some(text) => {
            let described = export.description(text.as_str());
            described.map_err(|_| messages::export_description_too_long(text))
        }
        None => Ok(export),
    }
}
