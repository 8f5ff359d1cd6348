//! The stream of bytes to a server, for each form of address.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::process::ServerProcess;
use super::ssh;
use crate::address::Address;

/// Both directions of a connection.
pub(super) trait Duplex: AsyncRead + AsyncWrite {}

impl<T: AsyncRead + AsyncWrite> Duplex for T {}

/// A connected stream.
pub(super) type Stream = Box<dyn Duplex + Send + Unpin>;

/// Connects to `address`. Starts the program that the address names.
pub(super) async fn open(address: &Address) -> io::Result<(Stream, Option<ServerProcess>)> {
    Ok(match address {
        Address::Unix(path) => (Box::new(UnixStream::connect(path).await?), None),
        Address::Tcp { host, port } => {
            (Box::new(TcpStream::connect((host.as_str(), *port)).await?), None)
        }
        Address::Vsock { cid, port } => (Box::new(vsock(*cid, *port).await?), None),
        Address::Exec(words) => {
            let (stream, process) = ServerProcess::serve(words)?;
            (Box::new(registered(stream)?), Some(process))
        }
        Address::Ssh { host, path } => {
            let (stream, process) = ssh::connect(host, path).await?;
            (Box::new(stream), Some(process))
        }
    })
}

/// Connects over vsock. The kernel gives up after two seconds.
async fn vsock(cid: u32, port: u32) -> io::Result<UnixStream> {
    let connect = move || {
        let socket = Socket::new(Domain::VSOCK, Type::STREAM, None)?;
        socket.connect(&SockAddr::vsock(cid, port))?;
        io::Result::Ok(OwnedFd::from(socket))
    };
    let connected = tokio::task::spawn_blocking(connect).await.map_err(io::Error::other)??;
    // The type only reads and writes: it works with a stream socket of any domain.
    registered(StdUnixStream::from(connected))
}

fn registered(stream: StdUnixStream) -> io::Result<UnixStream> {
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}
