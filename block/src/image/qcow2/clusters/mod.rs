//! The engine that reads and writes the clusters and tables of an image.
//!
//! # Caches
//! The L1 table and the refcount table are in memory. Slices of L2 tables and refcount blocks are
//! in caches of bounded size ([`CacheSizes`]). Changes go to memory, and reach the file with the
//! next flush, or when a cache has no room otherwise.
//!
//! # Order of writes
//! The image file is consistent after each single write to it, so the death of the process leaks
//! clusters at worst, which `qemu-img check -r leaks` frees:
//!
//! * data are written before an entry refers to them;
//! * refcount blocks are written before entries of the refcount table refer to them;
//! * the count of a cluster is written before a reference to the cluster ([`Clusters::flush`]);
//! * L2 tables are written before entries of the L1 table refer to them;
//! * a count is lowered in the cache, and the cluster used again, only when the removal of the
//!   reference is in the file, and no request is in flight that began before ([`freed`]).
//!
//! A barrier (`sync`) between these steps keeps the order if the power fails.
//!
//! # Locks
//! One lock guards tables, counts and caches. Requests hold it while they look up or change
//! tables, and release it while they read or write data and while they read slices of L2 tables. A
//! request that allocates clusters registers its range of the image ([`in_flight`]); others that
//! would change the same table entries wait for it.
//!
//! # Trust
//! The positions in tables come from the image and may be wrong. Each write is checked against the
//! metadata of the image ([`regions`]). A corruption makes the image unusable ([`corruption`]).
//!
//! Format: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU).

mod allocate;
mod cache;
mod cache_sizes;
mod codec;
mod compressed;
mod corruption;
mod discard;
mod discard_tree;
mod edit;
mod flush;
mod freed;
mod grow;
mod in_flight;
mod l2;
mod map;
mod metadata;
mod preallocate;
mod refcounts;
mod regions;
mod shadow;
mod shrink;
mod tables;
mod vm_state;
mod write;
mod zero;

use std::io;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard};
use rustix::io::Errno;

use super::header::Header;
use crate::error::{Error, Result as OpenResult};
use crate::image::qcow2::format::entry::SubclusterType;
use crate::image::qcow2::format::geometry::Geometry;
use crate::image::storage::Storage;
pub use cache_sizes::CacheSizes;
use codec::Codec;
pub use corruption::{Corruption, CorruptionObserver};
use corruption::{Failure, Result};
pub use discard::DiscardPolicy;
pub(super) use edit::{Edit, Room};
use freed::Freed;
use in_flight::InFlight;
use map::Mapping;
use refcounts::Refcounts;
pub use regions::OverlapChecks;
use regions::Regions;
use tables::Tables;

/// The storages of an image.
#[derive(Debug)]
pub(super) struct Storages {
    /// The storage of the tables, and of the data without an external data file.
    pub(super) file: Storage,
    /// The external data file.
    pub(super) data: Option<Storage>,
    /// The backing file.
    pub(super) backing: Option<Storage>,
}

/// How to open an image.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenMode {
    /// Whether the image may be written.
    pub(super) writable: bool,
    /// Whether flushes do not wait for the disk.
    pub(super) no_flush: bool,
    pub(super) cache_sizes: CacheSizes,
    pub(super) overlap_checks: OverlapChecks,
    pub(super) discard_policy: DiscardPolicy,
    pub(super) corruption_observer: Option<Arc<dyn CorruptionObserver>>,
}

/// An open image.
#[derive(Debug)]
pub(super) struct Clusters {
    storages: Storages,
    geometry: Geometry,
    codec: Codec,
    /// Whether the data file is a valid raw image.
    raw_data: bool,
    no_flush: bool,
    discard_policy: DiscardPolicy,
    corruption_observer: Option<Arc<dyn CorruptionObserver>>,
    state: Mutex<State>,
    /// Notified when an allocation or the read of a slice ends.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    tables: Tables,
    /// `None` for a read-only image.
    counts: Option<Refcounts>,
    regions: Regions,
    size: u64,
    in_flight: InFlight,
    freed: Freed,
    /// The offset at which the next compressed data are appended to a partly filled cluster.
    compressed_end: Option<u64>,
    /// Whether a corruption has been reported.
    reported: bool,
    /// Whether the image is marked as corrupt and unusable.
    corrupt: bool,
}

/// The locked state of an image.
type Guard<'a> = MutexGuard<'a, State>;

impl State {
    /// The counts, and the regions, which allocations check and change.
    fn counts(&mut self) -> Result<(&mut Refcounts, &mut Regions)> {
        match &mut self.counts {
            Some(counts) => Ok((counts, &mut self.regions)),
            None => Err(Errno::PERM.into()),
        }
    }

    /// Refuses to continue a request after another one has found a corruption.
    fn check_usable(&self) -> Result<()> {
        if self.corrupt { Err(Errno::IO.into()) } else { Ok(()) }
    }
}

impl Clusters {
    /// Opens an image. The header has been read from the same storage.
    pub(super) fn open(storages: Storages, header: &Header, mode: OpenMode) -> OpenResult<Self> {
        let geometry = Geometry::new(header);
        let pieces = mode.cache_sizes.pieces(header)?;
        let file = &storages.file;
        let mut regions = Regions::new(file, header, mode.overlap_checks)?;
        let tables = Tables::load(file, geometry, &mut regions, pieces.slices, pieces.slice_size)
            .map_err(open_error)?;
        let counts = match mode.writable {
            false => None,
            true => {
                let no_flush = mode.no_flush;
                let counts =
                    Refcounts::load(file, geometry, &mut regions, pieces.blocks, no_flush);
                Some(counts.map_err(open_error)?)
            }
        };
        let state = State {
            tables,
            counts,
            regions,
            size: header.size(),
            in_flight: InFlight::default(),
            freed: Freed::default(),
            compressed_end: None,
            reported: false,
            corrupt: false,
        };
        Ok(Clusters {
            storages,
            geometry,
            codec: Codec::new(header.compression_type()),
            raw_data: header.data_file_raw(),
            no_flush: mode.no_flush,
            discard_policy: mode.discard_policy,
            corruption_observer: mode.corruption_observer,
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    pub(super) fn cluster_size(&self) -> u64 {
        self.geometry.cluster_size()
    }

    pub(super) fn size(&self) -> u64 {
        self.state.lock().size
    }

    /// Whether a request found a corruption that makes the image unusable.
    pub(super) fn is_corrupt(&self) -> bool {
        self.state.lock().corrupt
    }

    /// Runs a request. The request may release the lock while it reads and writes data.
    fn request<T>(&self, work: impl FnOnce(&mut Guard<'_>) -> Result<T>) -> io::Result<T> {
        let mut state = self.state.lock();
        let number = state.in_flight.begin();
        let done = state.check_usable().and_then(|()| work(&mut state));
        state.in_flight.end(number);
        done.map_err(|failure| match failure {
            Failure::Io(error) => error,
            Failure::Corrupt(corruption) => {
                self.report(&mut state, corruption);
                Errno::IO.into()
            }
        })
    }

    /// Reports a corruption. A fatal one makes the image unusable, unless it is open read-only.
    fn report(&self, state: &mut Guard<'_>, mut corruption: Corruption) {
        corruption.fatal &= state.counts.is_some();
        if state.corrupt || (state.reported && !corruption.fatal) {
            return;
        }
        state.reported = true;
        tracing::error!("{corruption}");
        if corruption.fatal {
            state.corrupt = true;
            if let Err(error) = Header::mark_corrupt(&self.storages.file) {
                tracing::error!(%error, "the image cannot be marked as corrupt");
            }
        }
        if let Some(observer) = &self.corruption_observer {
            MutexGuard::unlocked(state, || observer.on_corruption(&corruption));
        }
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.request(|state| self.read_in(state, offset, buffer))
    }

    /// The storage of the data.
    fn data(&self) -> &Storage {
        self.storages.data.as_ref().unwrap_or(&self.storages.file)
    }

    /// Reads as a part of a request.
    fn read_in(&self, state: &mut Guard<'_>, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let (mut rest, mut at) = (buffer, offset);
        while !rest.is_empty() {
            let Mapping { kind, host, length } = self.map(state, at, rest.len() as u64)?;
            let (piece, others) = rest.split_at_mut(length as usize);
            match kind {
                SubclusterType::Zero => piece.fill(0),
                SubclusterType::Unallocated if self.storages.backing.is_none() => piece.fill(0),
                SubclusterType::Unallocated => {
                    MutexGuard::unlocked(state, || self.read_backing(at, piece))?;
                }
                SubclusterType::Data => {
                    MutexGuard::unlocked(state, || self.data().read(host, piece))?;
                }
                SubclusterType::Compressed(place) => {
                    let start = (at % self.geometry.cluster_size()) as usize;
                    let cluster = MutexGuard::unlocked(state, || self.decompressed(place))?;
                    piece.copy_from_slice(&cluster[start..start + piece.len()]);
                }
            }
            rest = others;
            at += length;
        }
        Ok(())
    }

    /// Reads from the backing file, which may be shorter than the image.
    fn read_backing(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let Some(backing) = &self.storages.backing else {
            buffer.fill(0);
            return Ok(());
        };
        let inside = (buffer.len() as u64).min(backing.size()?.saturating_sub(offset));
        let (head, tail) = buffer.split_at_mut(inside as usize);
        tail.fill(0);
        if head.is_empty() { Ok(()) } else { backing.read(offset, head) }
    }
}

/// The error of a request, with the step of a longer operation that the request is for.
fn in_step(what: &str) -> impl Fn(io::Error) -> Error {
    move |source| Error::While { what: what.to_owned(), source }
}

/// The error of opening an image whose tables cannot be read.
fn open_error(failure: Failure) -> Error {
    let source = match failure {
        Failure::Io(source) => source,
        Failure::Corrupt(corruption) => io::Error::other(corruption.message),
    };
    Error::While { what: "Could not open qcow2 image".into(), source }
}
