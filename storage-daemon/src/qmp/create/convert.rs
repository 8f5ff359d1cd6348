//! From what a client says about an image to what makes it.

use std::sync::atomic::AtomicBool;

use qapi_core::{Error, Result};

use super::options::{
    BlockdevCreateOptions, BlockdevCreateOptionsFile, BlockdevCreateOptionsQcow2,
    BlockdevQcow2Version, PreallocMode, Qcow2CompressionType,
};
use crate::create::{Encryption, FileCreate, Preallocation, Qcow2Create, Qcow2Version};
use crate::image::qcow2::header::CompressionType;
use crate::nodes::Graph;
use crate::qmp::blockdev::child;

/// Makes the image. Blocks, for long when much is preallocated; a file is given up when
/// `cancelled` becomes true meanwhile.
///
/// # Errors
/// An option that the format or this program does not support, or the storage failed.
pub fn make(graph: &Graph, options: BlockdevCreateOptions, cancelled: &AtomicBool) -> Result<()> {
    match options {
        BlockdevCreateOptions::File(options) => Ok(file(options)?.create(cancelled)?),
        BlockdevCreateOptions::Qcow2(options) => Ok(qcow2(*options)?.create(graph)?),
        BlockdevCreateOptions::Blkdebug
        | BlockdevCreateOptions::NullCo
        | BlockdevCreateOptions::Raw => {
            Err(Error::generic("Driver does not support blockdev-create"))
        }
    }
}

fn file(options: BlockdevCreateOptionsFile) -> Result<FileCreate> {
    let BlockdevCreateOptionsFile { filename, size, preallocation, nocow: _, extent_size_hint } =
        options;
    // File systems that take the hint keep it in 32 bits.
    if extent_size_hint.is_some_and(|hint| hint > u64::from(u32::MAX)) {
        return Err(Error::generic("Extent size hint is too large"));
    }
    Ok(FileCreate { filename, size, preallocation: prealloc(preallocation) })
}

fn qcow2(options: BlockdevCreateOptionsQcow2) -> Result<Qcow2Create> {
    let mut create = Qcow2Create::new(child(options.file)?, options.size);
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
    create.data_file = options.data_file.map(child).transpose()?;
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
