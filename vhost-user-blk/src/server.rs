//! The server: accepts front-ends, one after the other.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use block::nodes::Root;
use parking_lot::Mutex;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use vhost::vhost_user::Error::{Disconnected, PartialMessage};
use vhost::vhost_user::Listener;
use vhost_user_backend::Error::HandleRequest;
use vhost_user_backend::{ShutdownHandle, VhostUserDaemon};
use vm_memory::{GuestMemoryAtomic, GuestMemoryMmap};

use crate::config::DeviceOptions;
use crate::device::Device;

/// A disk that a front-end can use. It is stopped when this is dropped.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What a server shares with its thread.
struct Shared {
    disk: Arc<Root>,
    options: DeviceOptions,
    /// Readable when the server shall stop.
    stop: OwnedFd,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_stopping: bool,
    /// The connection with the front-end.
    connection: Option<ShutdownHandle>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Server {
    /// Serves a disk to the front-ends that connect to a socket.
    ///
    /// # Errors
    /// The thread of the server cannot be started.
    pub fn start(listener: UnixListener, disk: Root, options: DeviceOptions) -> io::Result<Self> {
        let stop = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let (disk, state) = (Arc::new(disk), Mutex::default());
        let shared = Arc::new(Shared { disk, options, stop, state });
        let for_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("vhost-user-server".to_owned())
            .spawn(move || for_thread.serve(&listener))?;
        Ok(Server { shared, thread: Mutex::new(Some(thread)) })
    }

    /// The disk.
    pub fn disk(&self) -> &Root {
        &self.shared.disk
    }

    /// Whether a front-end is connected.
    pub fn is_connected(&self) -> bool {
        self.shared.state.lock().connection.is_some()
    }

    /// Disconnects the front-end, and waits for the requests in flight. Blocks.
    pub fn stop(&self) {
        let mut state = self.shared.state.lock();
        state.is_stopping = true;
        if let Some(connection) = &state.connection {
            connection.shutdown();
        }
        drop(state);
        // The counter of an eventfd cannot be full after a few writes.
        let _ = rustix::io::write(&self.shared.stop, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.lock().take() {
            // The thread does not panic; if it does, it has ended, too.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn serve(&self, listener: &UnixListener) {
        while self.wait_for_front_end(listener) {
            if let Err(error) = self.serve_front_end(listener) {
                tracing::warn!(%error, "a vhost-user front-end is disconnected");
                // The front-end may still wait, if there is no descriptor left for it.
                self.pause();
            }
        }
    }

    /// Waits for a connection. Returns false when the server shall stop.
    fn wait_for_front_end(&self, listener: &UnixListener) -> bool {
        while !self.state.lock().is_stopping {
            let mut files =
                [PollFd::new(&self.stop, PollFlags::IN), PollFd::new(listener, PollFlags::IN)];
            match poll(&mut files, None) {
                Ok(_) if !files[1].revents().is_empty() => return true,
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "a vhost-user server cannot wait for front-ends");
                    return false;
                }
            }
        }
        false
    }

    /// Serves the front-end that has connected, until it leaves.
    fn serve_front_end(&self, listener: &UnixListener) -> Result<(), Box<dyn Error>> {
        let memory = GuestMemoryAtomic::new(GuestMemoryMmap::new());
        let device = Device::new(Arc::clone(&self.disk), self.options, memory.clone())?;
        let device = Arc::new(device);
        let name = "vhost-user-blk".to_owned();
        let daemon = VhostUserDaemon::new(name, Arc::clone(&device), memory);
        let mut daemon = daemon.map_err(text)?;
        // Only this thread accepts connections, so that the one seen is still there.
        daemon.start(&mut Listener::from(listener.try_clone()?)).map_err(text)?;
        if let Some(connection) = daemon.shutdown_handle() {
            device.set_connection(connection.clone());
            let mut state = self.state.lock();
            if state.is_stopping {
                connection.shutdown();
            }
            state.connection = Some(connection);
        }
        let result = daemon.wait();
        self.state.lock().connection = None;
        match result {
            Err(HandleRequest(Disconnected | PartialMessage)) | Ok(()) => Ok(()),
            Err(error) => Err(text(error).into()),
        }
    }

    /// Waits for a moment, or until the server shall stop.
    fn pause(&self) {
        let mut files = [PollFd::new(&self.stop, PollFlags::IN)];
        let moment = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        // An error ends the pause early.
        let _ = poll(&mut files, Some(&moment));
    }
}

/// The text of an error of the transport, which has no type of its own for errors.
fn text(error: vhost_user_backend::Error) -> String {
    error.to_string()
}
