//! Compression and decompression of clusters.

use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use parking_lot::Mutex;
use rustix::io::Errno;
use zstd_safe::{CCtx, DCtx, DParameter, InBuffer, OutBuffer};

use crate::image::qcow2::header::CompressionType;

/// The zlib window for compression, as a power of 2. All decoders support a window of this size.
const WINDOW_WRITTEN: u8 = 12;
/// The zlib window for decompression, as a power of 2: the largest one that an encoder can use.
const WINDOW_READ: u8 = 15;
/// The zstd level of QEMU.
const ZSTD_LEVEL: i32 = 3;
/// The largest window of zstd as a power of 2. An image with a larger one is corrupt.
const ZSTD_WINDOW_MAX: u32 = 23;
/// The largest number of idle encoders, and of idle decoders. Each takes up to 1.5 MiB.
const IDLE_MAX: usize = 4;

/// Compresses and decompresses the clusters of an image.
#[derive(Debug)]
pub(super) enum Codec {
    Zlib,
    Zstd(Box<Zstd>),
}

impl Codec {
    pub(super) fn new(compression_type: CompressionType) -> Self {
        match compression_type {
            CompressionType::Zlib => Codec::Zlib,
            CompressionType::Zstd => Codec::Zstd(Box::default()),
        }
    }

    /// Decompresses a cluster. Bytes after the compressed data are ignored.
    ///
    /// # Errors
    /// [`Errno::IO`] if the data are damaged or not of a whole cluster; [`Errno::NOMEM`].
    pub(super) fn decompress(&self, compressed: &[u8], cluster: &mut [u8]) -> io::Result<()> {
        let is_whole = match self {
            Codec::Zlib => {
                let mut decoder = Decompress::new_with_window_bits(false, WINDOW_READ);
                let done = decoder.decompress(compressed, cluster, FlushDecompress::Finish);
                done.is_ok() && decoder.total_out() == cluster.len() as u64
            }
            Codec::Zstd(zstd) => {
                let mut decoder = zstd.decoders.take(ZstdDecoder::new)?;
                let is_whole = decoder.decompress(compressed, cluster);
                zstd.decoders.give_back(decoder);
                is_whole
            }
        };
        if is_whole { Ok(()) } else { Err(Errno::IO.into()) }
    }

    /// The compressed cluster; `None` if it would not be smaller.
    ///
    /// # Errors
    /// [`Errno::NOMEM`].
    pub(super) fn compress(&self, cluster: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut compressed = Vec::new();
        compressed.try_reserve_exact(cluster.len()).map_err(|_| Errno::NOMEM)?;
        let is_whole = match self {
            Codec::Zlib => {
                let level = Compression::default();
                let mut encoder = Compress::new_with_window_bits(level, false, WINDOW_WRITTEN);
                let done = encoder.compress_vec(cluster, &mut compressed, FlushCompress::Finish);
                matches!(done, Ok(Status::StreamEnd))
            }
            Codec::Zstd(zstd) => {
                let mut encoder = zstd.encoders.take(|| CCtx::try_create().map(ZstdEncoder))?;
                let done = encoder.0.compress(&mut compressed, cluster, ZSTD_LEVEL);
                zstd.encoders.give_back(encoder);
                done.is_ok()
            }
        };
        Ok((is_whole && compressed.len() < cluster.len()).then_some(compressed))
    }
}

/// Contexts of libzstd, which are reused: they are larger than most clusters.
#[derive(Debug, Default)]
pub(super) struct Zstd {
    encoders: Pool<ZstdEncoder>,
    decoders: Pool<ZstdDecoder>,
}

/// Idle encoders or decoders.
#[derive(Debug)]
struct Pool<T>(Mutex<Vec<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Pool(Mutex::default())
    }
}

impl<T> Pool<T> {
    /// # Errors
    /// [`Errno::NOMEM`] if `new` returns none.
    fn take(&self, new: impl FnOnce() -> Option<T>) -> io::Result<T> {
        let idle = self.0.lock().pop();
        Ok(idle.or_else(new).ok_or(Errno::NOMEM)?)
    }

    fn give_back(&self, one: T) {
        let mut idle = self.0.lock();
        if idle.len() < IDLE_MAX {
            idle.push(one);
        }
    }
}

/// A context of libzstd for compression.
struct ZstdEncoder(CCtx<'static>);

/// A context of libzstd for decompression.
struct ZstdDecoder(DCtx<'static>);

impl ZstdDecoder {
    fn new() -> Option<Self> {
        let mut decoder = DCtx::try_create()?;
        // The limit is valid, so this does not fail.
        let _ = decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_MAX));
        Some(ZstdDecoder(decoder))
    }

    /// Fills a cluster. Returns whether all of it has been decompressed.
    fn decompress(&mut self, compressed: &[u8], cluster: &mut [u8]) -> bool {
        // A former cluster may have ended in the middle of a frame.
        if self.0.reset(zstd_safe::ResetDirective::SessionOnly).is_err() {
            return false;
        }
        let length = cluster.len();
        let (mut input, mut output) = (InBuffer::around(compressed), OutBuffer::around(cluster));
        while output.pos() < length {
            let before = (input.pos(), output.pos());
            let done = self.0.decompress_stream(&mut output, &mut input);
            if done.is_err() || (input.pos(), output.pos()) == before {
                return false;
            }
        }
        true
    }
}

impl std::fmt::Debug for ZstdEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ZstdEncoder").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ZstdDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ZstdDecoder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decompression_restores_the_contents_of_a_cluster() {
        let cluster: Vec<u8> = (0..65536_u32).map(|at| (at / 64 * (at % 7)) as u8).collect();
        for compression_type in [CompressionType::Zlib, CompressionType::Zstd] {
            let codec = Codec::new(compression_type);
            let mut compressed =
                codec.compress(&cluster).expect("memory").expect("it is smaller");
            compressed.extend_from_slice(&[0xa5; 512]);
            let mut again = vec![1; cluster.len()];
            // A decoder can be used again, also after an error.
            for _ in 0..2 {
                codec.decompress(&compressed, &mut again).expect("the data are complete");
                assert!(again == cluster, "{compression_type:?}");
                let truncated = codec.decompress(&compressed[..8], &mut again);
                truncated.expect_err("the data are truncated");
                codec.decompress(&[0xff; 64], &mut again).expect_err("the data are invalid");
            }
            let same = codec.compress(&cluster).expect("memory").expect("it is smaller");
            assert_eq!(compressed[..same.len()], same, "{compression_type:?}");
        }
    }

    #[test]
    fn an_encoder_can_be_used_again_after_clusters_of_any_kind() {
        let mut state = 1_u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        for compression_type in [CompressionType::Zlib, CompressionType::Zstd] {
            let codec = Codec::new(compression_type);
            for turn in 0..24 {
                let size = [512, 4096, 65536, 1 << 20][turn % 4];
                let mut cluster: Vec<u8> = (0..size).map(|_| noise()).collect();
                let noisy = [size, size / 2, size / 8, 0, size / 2 + 100, size - 1][turn % 6];
                cluster[noisy..].fill(turn as u8);
                let compressed = codec.compress(&cluster).expect("memory");
                assert_eq!(compressed.is_none(), noisy >= size - 1, "{turn}");
                let Some(compressed) = compressed else { continue };
                let mut again = vec![1; size];
                codec.decompress(&compressed, &mut again).expect("the data are complete");
                assert!(again == cluster, "{compression_type:?} {turn}");
            }
        }
    }
}
