//! From what a client says about an image to what makes it.

use std::sync::atomic::AtomicBool;

use qapi_core::{Error, Result};

use super::options::{
    BlockdevCreateOptions, BlockdevCreateOptionsFile, BlockdevCreateOptionsQcow2,
    BlockdevQcow2Version, PreallocMode, Qcow2CompressionType,
};
use crate::create::{FileCreate, Preallocation, Qcow2Create, Qcow2Version};
use crate::nodes::Graph;
use crate::qmp::blockdev::{child, require};

/// Makes the image. Blocks, for long when much is preallocated; a file is given up when
/// `cancelled` becomes true meanwhile.
///
/// # Errors
/// An option that the format or this program does not support, or the storage failed.
pub fn make(graph: &Graph, options: BlockdevCreateOptions, cancelled: &AtomicBool) -> Result<()> {
    match options {
        BlockdevCreateOptions::File(options) => Ok(file(options)?.create(cancelled)?),
        BlockdevCreateOptions::Qcow2(options) => Ok(qcow2(*options)?.create(graph)?),
        BlockdevCreateOptions::NullCo | BlockdevCreateOptions::Raw => {
            Err(Error::generic("Driver does not support blockdev-create"))
        }
    }
}

fn file(options: BlockdevCreateOptionsFile) -> Result<FileCreate> {
    let BlockdevCreateOptionsFile { filename, size, preallocation, nocow, extent_size_hint } =
        options;
    require(nocow != Some(true), "nocow")?;
    require(matches!(extent_size_hint, None | Some(0)), "extent-size-hint")?;
    Ok(FileCreate { filename, size, preallocation: prealloc(preallocation) })
}

fn qcow2(options: BlockdevCreateOptionsQcow2) -> Result<Qcow2Create> {
    require(options.data_file.is_none(), "data-file")?;
    require(options.data_file_raw != Some(true), "data-file-raw")?;
    require(options.extended_l2 != Some(true), "extended-l2")?;
    require(
        options.compression_type != Some(Qcow2CompressionType::Zstd),
        "compression-type=zstd",
    )?;
    let mut create = Qcow2Create::new(child(options.file)?, options.size);
    create.version = match options.version {
        Some(BlockdevQcow2Version::V2) => Qcow2Version::V2,
        Some(BlockdevQcow2Version::V3) | None => Qcow2Version::V3,
    };
    create.backing_file = options.backing_file;
    create.backing_format = options.backing_fmt.map(|format| format.as_str().to_owned());
    create.preallocation = prealloc(options.preallocation);
    create.lazy_refcounts = options.lazy_refcounts.unwrap_or(false);
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
