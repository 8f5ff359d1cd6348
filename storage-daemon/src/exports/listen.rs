//! The sockets on which the NBD server listens.

use nbd::{Server, ServerOptions};
use qapi_core::Result;

use crate::messages;
use crate::schema::socket_address::SocketAddress;
use crate::sockets::{SocketFile, listen_inet, listen_unix};

/// A server that listens, and the file of its socket.
pub(super) struct Listening {
    pub(super) server: Server,
    _file: Option<SocketFile>,
}

/// Starts a server at an address.
pub(super) fn listen(address: &SocketAddress, options: ServerOptions) -> Result<Listening> {
    let (server, file) = match address {
        SocketAddress::Unix(address) => {
            let (listener, file) = listen_unix(address)?;
            (Server::unix(listener, options), file)
        }
        SocketAddress::Inet(address) => (Server::tcp(listen_inet(address)?, options), None),
        SocketAddress::Fd(_) => return Err(messages::no_descriptor_passing()),
        SocketAddress::Vsock(_) => return Err(messages::not_supported("addr.type=vsock")),
    };
    Ok(Listening { server: server?, _file: file })
}
