//! Exports over vhost-user: nodes as virtio disks of virtual machines.

use block::nodes::Root;
use qapi_core::Result;
use vhost_user_blk::{DeviceOptions, InvalidOption, Server};

use super::messages;
use crate::schema::export::BlockExportOptionsVhostUserBlk;
use crate::schema::socket_address::SocketAddress;
use crate::sockets::{SocketFile, listen_unix};

/// An export with the socket on which it listens.
pub(super) struct VhostUserExport {
    server: Server,
    _file: Option<SocketFile>,
}

impl VhostUserExport {
    /// Exports a node. Blocks.
    ///
    /// # Errors
    /// An option has a value that no disk can have; or the address cannot be bound.
    pub(super) fn new(
        root: Root,
        options: &BlockExportOptionsVhostUserBlk,
        writable: bool,
    ) -> Result<Self> {
        let mut device = DeviceOptions::default().writable(writable);
        // Zero stands for the default, too, as in QEMU.
        if let Some(size) = options.logical_block_size.map(u64::from).filter(|size| *size != 0) {
            device =
                device.logical_block_size(size).map_err(|_| messages::logical_block_size())?;
        }
        if let Some(queues) = options.num_queues {
            device = device.num_queues(queues).map_err(|error| match error {
                InvalidOption::NumQueues if queues > 0 => messages::too_many_queues(),
                _none => messages::no_queues(),
            })?;
        }
        let SocketAddress::Unix(address) = &options.addr else {
            return Err(messages::vhost_user_address_type());
        };
        let (listener, file) = listen_unix(address)?;
        Ok(VhostUserExport { server: Server::start(listener, root, device)?, _file: file })
    }

    /// The name of the present node.
    pub(super) fn node_name(&self) -> String {
        self.server.disk().node().name().to_owned()
    }

    /// Whether a virtual machine is connected.
    pub(super) fn is_connected(&self) -> bool {
        self.server.is_connected()
    }

    /// Disconnects the virtual machine. Blocks.
    pub(super) fn stop(&self) {
        self.server.stop();
    }
}
