//! A front-end with the driver of a guest, which puts requests into split rings.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;
use vhost::vhost_user::message::{VhostUserConfigFlags, VhostUserProtocolFeatures};
use vhost::vhost_user::{Frontend, VhostUserFrontend};
use vhost::{VhostBackend, VhostUserMemoryRegionInfo, VringConfigData};
use vm_memory::{Bytes, FileOffset, GuestAddress, GuestMemoryBackend, GuestMemoryMmap};
use vmm_sys_util::eventfd::EventFd;

/// The size of the guest's memory, and of the part for each ring.
const MEMORY: usize = 8 << 20;
const RING: u64 = 0x1_0000;
const AVAILABLE: u64 = 0x4000;
const USED: u64 = 0x8000;
/// Where the data of requests begin. Each descriptor has a place of its own.
const DATA: u64 = 4 << 20;
pub(crate) const RING_SIZE: u16 = 64;

const NEXT: u16 = 1;
const WRITABLE: u16 = 2;

/// A connected front-end.
pub(crate) struct FrontEnd {
    pub(crate) connection: Frontend,
    pub(crate) memory: GuestMemoryMmap,
    kicks: Vec<EventFd>,
    calls: Vec<EventFd>,
    /// The indices of the rings: the next available and the next used element.
    available: Vec<u16>,
    used: Vec<u16>,
}

/// A part of a request: data for the device, or room for its data.
pub(crate) enum Part {
    Out(Vec<u8>),
    In(u32),
}

impl FrontEnd {
    /// Connects, negotiates all features, and starts rings.
    pub(crate) fn connect(path: &Path, queues: u16) -> Self {
        let mut connection = Frontend::connect(path, u64::from(queues)).unwrap();
        connection.set_owner().unwrap();
        let features = connection.get_features().unwrap();
        let protocol = connection.get_protocol_features().unwrap();
        // Event indices would need a driver that maintains them.
        connection.set_features(features & !(1 << 29)).unwrap();
        connection.set_protocol_features(protocol).unwrap();
        assert!(protocol.contains(VhostUserProtocolFeatures::CONFIG));
        let file: File = tempfile::tempfile().unwrap();
        file.set_len(MEMORY as u64).unwrap();
        let descriptor = file.as_raw_fd();
        let offset = Some(FileOffset::new(file, 0));
        let memory =
            GuestMemoryMmap::from_ranges_with_files([(GuestAddress(0), MEMORY, offset)]).unwrap();
        let host = memory.get_host_address(GuestAddress(0)).unwrap() as u64;
        let region = VhostUserMemoryRegionInfo {
            guest_phys_addr: 0,
            memory_size: MEMORY as u64,
            userspace_addr: host,
            mmap_offset: 0,
            mmap_handle: descriptor,
        };
        connection.set_mem_table(&[region]).unwrap();
        let count = usize::from(queues);
        let mut front_end = FrontEnd {
            connection,
            memory,
            kicks: Vec::new(),
            calls: Vec::new(),
            available: vec![0; count],
            used: vec![0; count],
        };
        (0..count).for_each(|queue| front_end.start_ring(queue, host));
        front_end
    }

    fn start_ring(&mut self, queue: usize, host: u64) {
        let start = host + queue as u64 * RING;
        let addresses = VringConfigData {
            queue_max_size: RING_SIZE,
            queue_size: RING_SIZE,
            flags: 0,
            desc_table_addr: start,
            used_ring_addr: start + USED,
            avail_ring_addr: start + AVAILABLE,
            log_addr: None,
        };
        let (kick, call) = (EventFd::new(0).unwrap(), EventFd::new(0).unwrap());
        self.connection.set_vring_num(queue, RING_SIZE).unwrap();
        self.connection.set_vring_addr(queue, &addresses).unwrap();
        self.connection.set_vring_base(queue, 0).unwrap();
        self.connection.set_vring_call(queue, &call).unwrap();
        self.connection.set_vring_kick(queue, &kick).unwrap();
        self.connection.set_vring_enable(queue, true).unwrap();
        self.kicks.push(kick);
        self.calls.push(call);
    }

    /// The configuration space.
    pub(crate) fn config(&mut self) -> Vec<u8> {
        let flags = VhostUserConfigFlags::WRITABLE;
        self.connection.get_config(0, 60, flags, &[0; 60]).unwrap().1
    }

    /// Changes the configuration space.
    pub(crate) fn set_config(&mut self, offset: u32, values: &[u8]) {
        self.connection.set_config(offset, VhostUserConfigFlags::WRITABLE, values).unwrap();
    }

    /// Puts a chain of descriptors into a ring, from the descriptor `first` on.
    pub(crate) fn submit(&mut self, queue: usize, first: u16, parts: &[Part]) {
        let ring = queue as u64 * RING;
        for (number, part) in (first..).zip(parts) {
            let data = Self::place(queue, number);
            let (length, flags) = match part {
                Part::Out(bytes) => {
                    self.memory.write_slice(bytes, GuestAddress(data)).unwrap();
                    (u32::try_from(bytes.len()).unwrap(), 0)
                }
                Part::In(length) => (*length, WRITABLE),
            };
            let is_last = usize::from(number - first) + 1 == parts.len();
            let next = if is_last { 0 } else { NEXT };
            let mut descriptor = data.to_le_bytes().to_vec();
            descriptor.extend(length.to_le_bytes());
            descriptor.extend((flags | next).to_le_bytes());
            descriptor.extend((number + 1).to_le_bytes());
            let place = GuestAddress(ring + u64::from(number) * 16);
            self.memory.write_slice(&descriptor, place).unwrap();
        }
        let index = self.available[queue];
        let entry = ring + AVAILABLE + 4 + u64::from(index % RING_SIZE) * 2;
        self.memory.write_obj(first, GuestAddress(entry)).unwrap();
        self.set_available(queue, index.wrapping_add(1));
        self.kicks[queue].write(1).unwrap();
    }

    /// Sets the index of the available ring, without a request.
    pub(crate) fn set_available(&mut self, queue: usize, index: u16) {
        self.available[queue] = index;
        let place = GuestAddress(queue as u64 * RING + AVAILABLE + 2);
        self.memory.store(index, place, std::sync::atomic::Ordering::Release).unwrap();
    }

    /// Tells the device that a ring has requests.
    pub(crate) fn kick(&self, queue: usize) {
        self.kicks[queue].write(1).unwrap();
    }

    /// Waits until one more request of a ring has been executed. Returns its first descriptor.
    pub(crate) fn wait(&mut self, queue: usize) -> u16 {
        let ring = queue as u64 * RING;
        loop {
            let place = GuestAddress(ring + USED + 2);
            let used: u16 =
                self.memory.load(place, std::sync::atomic::Ordering::Acquire).unwrap();
            if used != self.used[queue] {
                let element = u64::from(self.used[queue] % RING_SIZE) * 8;
                self.used[queue] = self.used[queue].wrapping_add(1);
                let head: u32 =
                    self.memory.read_obj(GuestAddress(ring + USED + 4 + element)).unwrap();
                return u16::try_from(head).unwrap();
            }
            // SAFETY: the descriptor is open for longer than the call.
            let call = unsafe { BorrowedFd::borrow_raw(self.calls[queue].as_raw_fd()) };
            let limit = Timespec { tv_sec: 20, tv_nsec: 0 };
            let ready = poll(&mut [PollFd::new(&call, PollFlags::IN)], Some(&limit)).unwrap();
            assert_eq!(ready, 1, "the device has executed no request for 20 s");
            self.calls[queue].read().unwrap();
        }
    }

    /// The data of a descriptor.
    pub(crate) fn data(&self, queue: usize, descriptor: u16, length: usize) -> Vec<u8> {
        let mut data = vec![0; length];
        let place = GuestAddress(Self::place(queue, descriptor));
        self.memory.read_slice(&mut data, place).unwrap();
        data
    }

    /// Executes one request of a header, further parts, and a status. Returns the status.
    pub(crate) fn request(
        &mut self,
        queue: usize,
        kind: u32,
        sector: u64,
        parts: Vec<Part>,
    ) -> u8 {
        let status = u16::try_from(parts.len()).unwrap() + 1;
        self.submit(queue, 0, &request(kind, sector, parts));
        assert_eq!(self.wait(queue), 0);
        self.data(queue, status, 1)[0]
    }

    fn place(queue: usize, descriptor: u16) -> u64 {
        DATA + queue as u64 * (1 << 20) + u64::from(descriptor) * (1 << 14)
    }
}

/// The parts of a request.
pub(crate) fn request(kind: u32, sector: u64, parts: Vec<Part>) -> Vec<Part> {
    let mut header = kind.to_le_bytes().to_vec();
    header.extend([0; 4]);
    header.extend(sector.to_le_bytes());
    let status = Part::In(1);
    std::iter::once(Part::Out(header)).chain(parts).chain([status]).collect()
}
