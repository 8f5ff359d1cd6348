//! Compression and decompression of clusters.

use std::io::{self, Read};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use rustix::io::Errno;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::image::qcow2::header::CompressionType;

/// The zlib window for compression, as a power of 2. All decoders support a window of this size.
const WINDOW_WRITTEN: u8 = 12;
/// The zlib window for decompression, as a power of 2: the largest one that an encoder can use.
const WINDOW_READ: u8 = 15;
/// The largest window of zstd in bytes. An image with a larger one is corrupt.
const ZSTD_WINDOW_MAX: u64 = 8 << 20;

/// Decompresses a cluster. Bytes after the compressed data are ignored.
///
/// # Errors
/// [`Errno::IO`] if the data are damaged or not of a whole cluster.
pub(super) fn decompress(
    how: CompressionType,
    compressed: &[u8],
    cluster: &mut [u8],
) -> io::Result<()> {
    let whole = match how {
        CompressionType::Zlib => {
            let mut decoder = Decompress::new_with_window_bits(false, WINDOW_READ);
            let done = decoder.decompress(compressed, cluster, FlushDecompress::Finish);
            done.is_ok() && decoder.total_out() == cluster.len() as u64
        }
        CompressionType::Zstd => {
            StreamingDecoder::new_with_max_window_size(compressed, ZSTD_WINDOW_MAX)
                .is_ok_and(|mut decoder| decoder.read_exact(cluster).is_ok())
        }
    };
    if whole { Ok(()) } else { Err(Errno::IO.into()) }
}

/// The compressed cluster; `None` if it would not be smaller.
pub(super) fn compress(how: CompressionType, cluster: &[u8]) -> Option<Vec<u8>> {
    let compressed = match how {
        CompressionType::Zlib => {
            let level = Compression::default();
            let mut encoder = Compress::new_with_window_bits(level, false, WINDOW_WRITTEN);
            let mut compressed = Vec::with_capacity(cluster.len());
            let done = encoder.compress_vec(cluster, &mut compressed, FlushCompress::Finish);
            matches!(done, Ok(Status::StreamEnd)).then_some(compressed)?
        }
        CompressionType::Zstd => compress_to_vec(cluster, CompressionLevel::Fastest),
    };
    (compressed.len() < cluster.len()).then_some(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decompression_restores_the_contents_of_a_cluster() {
        let cluster: Vec<u8> = (0..65536_u32).map(|at| (at / 64 * (at % 7)) as u8).collect();
        for how in [CompressionType::Zlib, CompressionType::Zstd] {
            let mut compressed = compress(how, &cluster).expect("it can be made smaller");
            compressed.extend_from_slice(&[0xa5; 512]);
            let mut again = vec![1; cluster.len()];
            decompress(how, &compressed, &mut again).expect("the data are complete");
            assert!(again == cluster, "{how:?}");
            decompress(how, &compressed[..8], &mut again).expect_err("the data are truncated");
            decompress(how, &[0xff; 64], &mut again).expect_err("the data are invalid");
        }
    }
}
