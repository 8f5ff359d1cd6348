//! Connected sockets.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A connected socket. Several threads may use it; callers take care of the order of their bytes.
#[derive(Debug)]
pub(crate) enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Socket {
    /// Reads at least one byte, unless the peer has closed the connection.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Unix(socket) => Read::read(&mut &*socket, buffer),
            Socket::Tcp(socket) => Read::read(&mut &*socket, buffer),
        }
    }

    /// Writes at least one byte of the slices.
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Socket::Unix(socket) => Write::write_vectored(&mut &*socket, slices),
            Socket::Tcp(socket) => Write::write_vectored(&mut &*socket, slices),
        }
    }

    /// Writes all bytes of the slices.
    pub(crate) fn write_all(&self, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            match self.write(slices) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut slices, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Lets reads and writes fail from `deadline` on. `None` lets them wait for ever.
    pub(crate) fn set_deadline(&self, deadline: Option<Instant>) -> io::Result<()> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        // A time-out of zero would mean none.
        let left = left.map(|left| left.max(Duration::from_millis(1)));
        match self {
            Socket::Unix(socket) => {
                socket.set_read_timeout(left)?;
                socket.set_write_timeout(left)
            }
            Socket::Tcp(socket) => {
                socket.set_read_timeout(left)?;
                socket.set_write_timeout(left)
            }
        }
    }

    /// Whether the peer has closed the connection. Bytes that it sent before may still be unread.
    pub(crate) fn has_hung_up(&self) -> bool {
        // Linux alone tells of a peer that has closed a TCP connection.
        #[cfg(target_os = "linux")]
        let events = PollFlags::HUP | PollFlags::RDHUP;
        #[cfg(not(target_os = "linux"))]
        let events = PollFlags::HUP;
        let mut polled = [PollFd::new(self, events)];
        // A socket that cannot be polled counts as connected.
        poll(&mut polled, Some(&Timespec::default())).is_ok()
            && polled[0].revents().intersects(events)
    }

    /// Ends all reads and writes, now and later.
    pub(crate) fn shut_down(&self) {
        // An error means that the peer has closed the connection already.
        let _ = match self {
            Socket::Unix(socket) => socket.shutdown(Shutdown::Both),
            Socket::Tcp(socket) => socket.shutdown(Shutdown::Both),
        };
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Unix(socket) => socket.as_fd(),
            Socket::Tcp(socket) => socket.as_fd(),
        }
    }
}

/// A socket that accepts connections.
#[derive(Debug)]
pub(crate) enum Acceptor {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Acceptor {
    /// Waits for a connection.
    pub(crate) fn accept(&self) -> io::Result<Socket> {
        match self {
            Acceptor::Unix(listener) => Ok(Socket::Unix(listener.accept()?.0)),
            Acceptor::Tcp(listener) => {
                let (socket, _peer) = listener.accept()?;
                socket.set_nodelay(true)?;
                rustix::net::sockopt::set_socket_keepalive(&socket, true)?;
                Ok(Socket::Tcp(socket))
            }
        }
    }

    /// Lets the call of [`Acceptor::accept`] in another thread fail, and all later ones.
    pub(crate) fn shut_down(&self) -> io::Result<()> {
        Ok(rustix::net::shutdown(self.as_fd(), rustix::net::Shutdown::Both)?)
    }
}

impl AsFd for Acceptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Acceptor::Unix(listener) => listener.as_fd(),
            Acceptor::Tcp(listener) => listener.as_fd(),
        }
    }
}

impl From<UnixListener> for Acceptor {
    fn from(listener: UnixListener) -> Self {
        Acceptor::Unix(listener)
    }
}

impl From<TcpListener> for Acceptor {
    fn from(listener: TcpListener) -> Self {
        Acceptor::Tcp(listener)
    }
}
