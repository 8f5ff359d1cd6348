//! The header of a new qcow2 image.

use super::layout::Layout;
use super::{Names, Qcow2Create, Qcow2Version};
use crate::image::qcow2::MAGIC;
use crate::image::qcow2::header::CompressionType;
use crate::image::qcow2::header::extensions::{EXTENSION_BACKING_FORMAT, EXTENSION_DATA_FILE};
use crate::image::qcow2::header::features::{
    AUTOCLEAR_DATA_FILE_RAW, COMPATIBLE_LAZY_REFCOUNTS, INCOMPATIBLE_COMPRESSION,
    INCOMPATIBLE_DATA_FILE, INCOMPATIBLE_EXTENDED_L2,
};

impl Qcow2Create {
    pub(super) fn header(&self, layout: &Layout, names: &Names) -> Vec<u8> {
        let mut bytes = self.header_without_backing_name(names);
        let end = bytes.len();
        let mut put = |offset: usize, field: &[u8]| {
            bytes[offset..offset + field.len()].copy_from_slice(field);
        };
        put(24, &self.size.to_be_bytes());
        put(36, &(layout.contents.l1_entries as u32).to_be_bytes());
        put(40, &layout.l1_offset().to_be_bytes());
        put(48, &layout.table_offset().to_be_bytes());
        put(56, &(layout.table_clusters as u32).to_be_bytes());
        if let Some(name) = &names.backing_file {
            put(8, &(end as u64).to_be_bytes());
            put(16, &(name.len() as u32).to_be_bytes());
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes
    }

    /// The header and its extensions, with zeroes in the fields that depend on the layout.
    pub(super) fn header_without_backing_name(&self, names: &Names) -> Vec<u8> {
        let length = match self.version {
            Qcow2Version::V2 => 72,
            Qcow2Version::V3 => 112_u32,
        };
        let mut bytes = vec![0; length as usize];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.version.number().to_be_bytes());
        bytes[20..24].copy_from_slice(&self.cluster_size.trailing_zeros().to_be_bytes());
        if self.version == Qcow2Version::V3 {
            bytes[72..80].copy_from_slice(&self.incompatible_features().to_be_bytes());
            let compatible = if self.lazy_refcounts { COMPATIBLE_LAZY_REFCOUNTS } else { 0 };
            bytes[80..88].copy_from_slice(&compatible.to_be_bytes());
            let autoclear = if self.data_file_raw { AUTOCLEAR_DATA_FILE_RAW } else { 0 };
            bytes[88..96].copy_from_slice(&autoclear.to_be_bytes());
            bytes[96..100].copy_from_slice(&self.refcount_bits.trailing_zeros().to_be_bytes());
            bytes[100..104].copy_from_slice(&length.to_be_bytes());
            bytes[104] = match self.compression_type {
                CompressionType::Zlib => 0,
                CompressionType::Zstd => 1,
            };
        }
        if let Some(format) = &self.backing_format {
            push_extension(&mut bytes, EXTENSION_BACKING_FORMAT, format);
        }
        if let Some(name) = &names.data_file {
            push_extension(&mut bytes, EXTENSION_DATA_FILE, name);
        }
        // The end of the extensions.
        bytes.extend_from_slice(&[0; 8]);
        bytes
    }

    fn incompatible_features(&self) -> u64 {
        let mut features = 0;
        if self.data_file.is_some() {
            features |= INCOMPATIBLE_DATA_FILE;
        }
        if self.compression_type != CompressionType::Zlib {
            features |= INCOMPATIBLE_COMPRESSION;
        }
        if self.extended_l2 {
            features |= INCOMPATIBLE_EXTENDED_L2;
        }
        features
    }
}

fn push_extension(bytes: &mut Vec<u8>, kind: u32, text: &str) {
    bytes.extend_from_slice(&kind.to_be_bytes());
    bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(8), 0);
}
