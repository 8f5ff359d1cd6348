//! `create`: creates an image.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use block::create::{Encryption, FileCreate, Preallocation, Qcow2Create, Qcow2Version};
use block::image::qcow2::header::CompressionType;
use block::nodes::Graph;
use block::options::BlockdevRef;
use job::{CancelMode, JobDriver, JobHandle, JobOptions, JobType, Jobs};
use qapi_core::Result;

use crate::messages;
use crate::schema::create::{
    BlockdevCreateOptions, BlockdevCreateOptionsFile, BlockdevCreateOptionsQcow2,
    BlockdevQcow2Version, PreallocMode, Qcow2CompressionType,
};

/// Starts a job that creates an image.
///
/// # Errors
/// The driver does not create images, or the identifier is malformed or in use.
pub fn start(
    jobs: &Jobs,
    graph: &Graph,
    job_id: String,
    options: BlockdevCreateOptions,
) -> Result<()> {
    match options {
        BlockdevCreateOptions::File(_) | BlockdevCreateOptions::Qcow2(_) => {}
        BlockdevCreateOptions::Blkdebug
        | BlockdevCreateOptions::Compress
        | BlockdevCreateOptions::CopyOnRead
        | BlockdevCreateOptions::HostCdrom
        | BlockdevCreateOptions::HostDevice
        | BlockdevCreateOptions::NullCo
        | BlockdevCreateOptions::Preallocate
        | BlockdevCreateOptions::Throttle
        | BlockdevCreateOptions::Raw => {
            return Err(messages::driver_cannot("blockdev-create"));
        }
    }
    let driver = Create { graph: graph.clone(), options, cancelled: Arc::default() };
    // No event contains the result, so that a client must be able to query the concluded job.
    let job_options = JobOptions::new(JobType::Create).id(job_id).auto_dismiss(false);
    jobs.create(job_options, driver, None)?.start();
    Ok(())
}

struct Create {
    graph: Graph,
    options: BlockdevCreateOptions,
    cancelled: Arc<AtomicBool>,
}

impl JobDriver for Create {
    /// Creates the image in one step. A cancel interrupts this step; a pause does not.
    async fn run(&self, job: &JobHandle) -> Result<()> {
        job.set_remaining(1);
        let (graph, options) = (self.graph.clone(), self.options.clone());
        let cancelled = Arc::clone(&self.cancelled);
        let creating = move || create(&graph, options, &cancelled);
        let created = tokio::task::spawn_blocking(creating).await;
        // The step counts as done even if it has failed.
        job.advance(1);
        created.unwrap_or_else(|_panicked| Err(messages::image_not_created()))
    }

    fn cancel(&self, _job: &JobHandle, _mode: CancelMode) -> CancelMode {
        self.cancelled.store(true, Ordering::Relaxed);
        CancelMode::Force
    }
}

/// Creates the image. Blocks, for a long time if much is preallocated. Creating a file is abandoned
/// when `cancelled` becomes true.
///
/// # Errors
/// The format or this program does not support an option, or the storage fails.
fn create(graph: &Graph, options: BlockdevCreateOptions, cancelled: &AtomicBool) -> Result<()> {
    match options {
        BlockdevCreateOptions::File(options) => Ok(file(options)?.create(cancelled)?),
        BlockdevCreateOptions::Qcow2(options) => Ok(qcow2(*options)?.create(graph)?),
        BlockdevCreateOptions::Blkdebug
        | BlockdevCreateOptions::Compress
        | BlockdevCreateOptions::CopyOnRead
        | BlockdevCreateOptions::HostCdrom
        | BlockdevCreateOptions::HostDevice
        | BlockdevCreateOptions::NullCo
        | BlockdevCreateOptions::Preallocate
        | BlockdevCreateOptions::Throttle
        | BlockdevCreateOptions::Raw => Err(messages::driver_cannot("blockdev-create")),
    }
}

fn file(options: BlockdevCreateOptionsFile) -> Result<FileCreate> {
    let BlockdevCreateOptionsFile { filename, size, preallocation, nocow: _, extent_size_hint } =
        options;
    // File systems store the hint in 32 bits.
    if extent_size_hint.is_some_and(|hint| hint > u64::from(u32::MAX)) {
        return Err(messages::extent_size_hint_too_large());
    }
    Ok(FileCreate { filename, size, preallocation: prealloc(preallocation) })
}

fn qcow2(options: BlockdevCreateOptionsQcow2) -> Result<Qcow2Create> {
    options.file.check_supported()?;
    let mut create = Qcow2Create::new(options.file, options.size);
    create.version = match options.version {
        Some(BlockdevQcow2Version::V2) => Qcow2Version::V2,
        Some(BlockdevQcow2Version::V3) | None => Qcow2Version::V3,
    };
    create.backing_file = options.backing_file;
    create.backing_format = options.backing_fmt.map(|format| format.as_str().to_owned());
    create.preallocation = prealloc(options.preallocation);
    create.lazy_refcounts = options.lazy_refcounts.unwrap_or(false);
    create.extended_l2 = options.extended_l2.unwrap_or(false);
    create.compression_type = match options.compression_type {
        None | Some(Qcow2CompressionType::Zlib) => CompressionType::Zlib,
        Some(Qcow2CompressionType::Zstd) => CompressionType::Zstd,
    };
    options.data_file.as_ref().map_or(Ok(()), BlockdevRef::check_supported)?;
    create.data_file = options.data_file;
    create.encryption = options
        .encrypt
        .map(|encrypt| Encryption { key_secret: encrypt.key_secret().map(str::to_owned) });
    create.data_file_raw = options.data_file_raw.unwrap_or(false);
    if let Some(size) = options.cluster_size {
        create.cluster_size = size;
    }
    if let Some(bits) = options.refcount_bits {
        create.refcount_bits = bits.cast_unsigned();
    }
    Ok(create)
}

fn prealloc(mode: Option<PreallocMode>) -> Preallocation {
    match mode {
        None | Some(PreallocMode::Off) => Preallocation::Off,
        Some(PreallocMode::Metadata) => Preallocation::Metadata,
        Some(PreallocMode::Falloc) => Preallocation::Falloc,
        Some(PreallocMode::Full) => Preallocation::Full,
    }
}
