//! The device: what the transport asks, and the requests in the rings.

use std::io;
use std::iter;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use block::nodes::Root;
use parking_lot::Mutex;
use vhost::vhost_user::message::{VhostUserProtocolFeatures, VhostUserVirtioFeatures};
use vhost_user_backend::{ShutdownHandle, VhostUserBackend, VringMutex, VringT};
use virtio_queue::{QueueOwnedT, QueueT};
use vm_memory::{GuestAddressSpace, GuestMemoryAtomic, GuestMemoryMmap};
use vmm_sys_util::epoll::EventSet;
use vmm_sys_util::event::{
    EventConsumer, EventFlag, EventNotifier, new_event_consumer_and_notifier,
};

use crate::config::{DeviceOptions, QUEUE_SIZE, WRITE_CACHE_OFFSET};
use crate::request::{Chain, Executor};
use crate::workers::Workers;

const THREADS_PER_QUEUE: usize = 4;
const MAX_THREADS: usize = 16;
/// The largest configuration space that the protocol can transfer, in bytes.
const SPACE_MAX: usize = 256;

/// The disk of one connection.
pub(crate) struct Device {
    disk: Arc<Root>,
    options: DeviceOptions,
    /// Whether the driver may lose data that it has not flushed. The driver can turn it off.
    write_cache: Arc<AtomicBool>,
    memory: GuestMemoryAtomic<GuestMemoryMmap>,
    workers: Workers,
    /// Ends the connection.
    connection: Arc<OnceLock<ShutdownHandle>>,
    /// Descriptors that the transport never closes.
    exit_events: Mutex<Vec<OwnedFd>>,
}

impl Device {
    /// A device for a connection.
    ///
    /// # Errors
    /// The threads cannot be started.
    pub(crate) fn new(
        disk: Arc<Root>,
        options: DeviceOptions,
        memory: GuestMemoryAtomic<GuestMemoryMmap>,
    ) -> io::Result<Self> {
        let queues = usize::from(options.num_queues);
        let threads = (queues * THREADS_PER_QUEUE).min(MAX_THREADS);
        Ok(Device {
            disk,
            options,
            write_cache: Arc::new(AtomicBool::new(true)),
            memory,
            workers: Workers::start(threads, queues)?,
            connection: Arc::default(),
            exit_events: Mutex::default(),
        })
    }

    /// Tells the device how its connection is ended.
    pub(crate) fn set_connection(&self, connection: ShutdownHandle) {
        // It is set once, before the first request.
        let _ = self.connection.set(connection);
    }

    /// Passes all requests of a ring to the workers.
    fn take_requests(&self, index: usize, vring: &VringMutex) -> io::Result<()> {
        loop {
            vring.disable_notification().map_err(io::Error::other)?;
            let mut state = vring.get_mut();
            // A ring that is being stopped gets no further requests. It is stopped under the same
            // lock, and its base is determined after the requests in flight.
            if !state.get_queue().ready() {
                return Ok(());
            }
            let chains = state.get_queue_mut().iter(self.memory.memory());
            for chain in chains.map_err(io::Error::other)? {
                self.start_request(index, vring, chain);
            }
            drop(state);
            let has_more = vring.enable_notification().map_err(io::Error::other)?;
            if !has_more {
                return Ok(());
            }
        }
    }

    fn start_request(&self, queue: usize, vring: &VringMutex, chain: Chain) {
        let vring = vring.clone();
        let (disk, options) = (Arc::clone(&self.disk), self.options);
        let write_cache = Arc::clone(&self.write_cache);
        let connection = Arc::clone(&self.connection);
        let task = move |buffer: &mut Vec<u8>| {
            let write_cache = write_cache.load(Ordering::Relaxed);
            let mut executor = Executor { disk: &disk, options, write_cache, buffer };
            let executed = catch_unwind(AssertUnwindSafe(|| executor.execute(&chain)));
            let completed = match executed {
                Ok(result) => result.and_then(|written| complete(&vring, &chain, written)),
                Err(_panic) => Err(io::Error::other("the execution of a request panicked")),
            };
            if let Err(error) = completed {
                end(&connection, &error);
            }
        };
        self.workers.execute(queue, Box::new(task));
    }
}

/// Returns the descriptors of a request to the driver.
fn complete(vring: &VringMutex, chain: &Chain, written: u32) -> io::Result<()> {
    let mut state = vring.get_mut();
    state.add_used(chain.head_index(), written).map_err(io::Error::other)?;
    if state.needs_notification().map_err(io::Error::other)? {
        state.signal_used_queue()?;
    }
    Ok(())
}

/// Ends the connection with a front-end or driver that violates the protocol.
fn end(connection: &OnceLock<ShutdownHandle>, error: &io::Error) {
    tracing::warn!(%error, "a vhost-user front-end is disconnected");
    if let Some(connection) = connection.get() {
        connection.shutdown();
    }
}

impl VhostUserBackend for Device {
    type Bitmap = ();
    type Vring = VringMutex;

    fn num_queues(&self) -> usize {
        usize::from(self.options.num_queues)
    }

    fn max_queue_size(&self) -> usize {
        usize::from(QUEUE_SIZE)
    }

    fn features(&self) -> u64 {
        self.options.features() | VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits()
    }

    fn protocol_features(&self) -> VhostUserProtocolFeatures {
        VhostUserProtocolFeatures::MQ
            | VhostUserProtocolFeatures::CONFIG
            | VhostUserProtocolFeatures::REPLY_ACK
            | VhostUserProtocolFeatures::CONFIGURE_MEM_SLOTS
            | VhostUserProtocolFeatures::RESET_DEVICE
    }

    fn reset_device(&self) {
        (0..self.num_queues()).for_each(|queue| self.workers.drain(queue));
        self.write_cache.store(true, Ordering::Relaxed);
    }

    fn set_event_idx(&self, _enabled: bool) {
        // The rings know it.
    }

    fn get_config(&self, offset: u32, size: u32) -> Vec<u8> {
        let disk_size = self.disk.node().size().unwrap_or(0);
        let space = self.options.space(disk_size, self.write_cache.load(Ordering::Relaxed));
        // A front-end may know more members than the device has. They are zero.
        let known = space.get(offset as usize..).unwrap_or_default();
        known
            .iter()
            .copied()
            .chain(iter::repeat(0))
            .take((size as usize).min(SPACE_MAX))
            .collect()
    }

    fn set_config(&self, offset: u32, values: &[u8]) -> io::Result<()> {
        match (offset, values) {
            (WRITE_CACHE_OFFSET, [enabled @ (0 | 1)]) => {
                self.write_cache.store(*enabled == 1, Ordering::Relaxed);
                // What is in the cache is not to be lost any more.
                if *enabled == 0 { self.disk.flush().map_err(io::Error::other) } else { Ok(()) }
            }
            _read_only => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn update_memory(&self, _memory: GuestMemoryAtomic<GuestMemoryMmap>) -> io::Result<()> {
        // It is the memory that the device has been created with.
        Ok(())
    }

    fn exit_event(&self, _thread: usize) -> Option<(EventConsumer, EventNotifier)> {
        let flags = EventFlag::NONBLOCK | EventFlag::CLOEXEC;
        let (consumer, notifier) = new_event_consumer_and_notifier(flags).ok()?;
        // SAFETY: the transport takes the descriptor out of `consumer` by `into_raw_fd` and never
        // closes it, so that this is its only owner. The device closes it when it is dropped, after
        // the threads of the transport, which share the device, have ended.
        let descriptor = unsafe { OwnedFd::from_raw_fd(consumer.as_raw_fd()) };
        self.exit_events.lock().push(descriptor);
        Some((consumer, notifier))
    }

    fn stop_vring(&self, queue: u32) -> io::Result<()> {
        self.workers.drain(queue as usize);
        Ok(())
    }

    fn handle_event(
        &self,
        queue: u16,
        _events: EventSet,
        vrings: &[VringMutex],
        _thread: usize,
    ) -> io::Result<()> {
        let index = usize::from(queue);
        let Some(vring) = vrings.get(index) else { return Ok(()) };
        if let Err(error) = self.take_requests(index, vring) {
            end(&self.connection, &error);
        }
        Ok(())
    }
}
