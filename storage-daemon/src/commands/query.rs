//! `query-named-block-nodes` and `query-block`.

use std::collections::HashMap;
use std::sync::Arc;

use block::image::dirty_bitmaps::DirtyBitmapInfo;
use block::image::qcow2::bitmaps::StoredBitmapInfo;
use block::image::qcow2::header::CompressionType;
use block::nodes::BackingImages;
use block::nodes::{self, Graph};
use qapi_core::{Result, qapi_command};

use crate::schema::create::Qcow2CompressionType;
use crate::schema::node_info::{
    BlockDeviceInfo, BlockDirtyInfo, BlockInfo, BlockNodeInfo, BlockdevCacheInfo, ImageInfo,
    ImageInfoSpecific, ImageInfoSpecificFile, ImageInfoSpecificFileWrapper,
    ImageInfoSpecificQcow2, ImageInfoSpecificQcow2Wrapper, Qcow2BitmapInfo, Qcow2BitmapInfoFlags,
    SnapshotInfo,
};

/// Lists all nodes, the newest first.
///
/// # Errors
/// The size of an image cannot be determined.
#[qapi_command(since = "2.0", allow_preconfig, blocking)]
pub fn query_named_block_nodes(
    #[qapi(state)] graph: &Graph,
    /// Whether to omit the backing image of each image; `false` by default.
    #[qapi(since = "5.0")]
    flat: Option<bool>,
) -> Result<Vec<BlockDeviceInfo>> {
    let nodes = graph.info(match flat {
        Some(true) => BackingImages::Omitted,
        Some(false) | None => BackingImages::Nested,
    })?;
    let mut images = Images::default();
    Ok(nodes.into_iter().map(|info| block_device_info(info, &mut images)).collect())
}

/// Lists all devices with a disk: none, as this program has no devices.
#[qapi_command(since = "0.14", allow_preconfig)]
pub fn query_block() -> Vec<BlockInfo> {
    Vec::new()
}

/// The images that were converted, by the addresses of their information. The reply shares them, as
/// a chain contains each image as often as there are images above.
#[derive(Debug, Default)]
struct Images(HashMap<*const nodes::ImageInfo, Arc<ImageInfo>>);

impl Images {
    fn get(&mut self, info: &Arc<nodes::ImageInfo>) -> Arc<ImageInfo> {
        let address = Arc::as_ptr(info);
        if let Some(known) = self.0.get(&address) {
            return Arc::clone(known);
        }
        let backing = info.backing_image.as_ref().map(|backing| self.get(backing));
        let image = Arc::new(image_info(info, backing));
        self.0.insert(address, Arc::clone(&image));
        image
    }
}

fn block_device_info(info: nodes::NodeInfo, images: &mut Images) -> BlockDeviceInfo {
    BlockDeviceInfo {
        file: info.filename,
        node_name: Some(info.node_name),
        ro: info.read_only,
        drv: info.driver.to_owned(),
        backing_file: info.backing_filename,
        backing_file_depth: i64::from(info.backing_depth),
        active: info.active,
        encrypted: false,
        detect_zeroes: info.detect_zeroes,
        bps: 0,
        bps_rd: 0,
        bps_wr: 0,
        iops: 0,
        iops_rd: 0,
        iops_wr: 0,
        image: images.get(&info.image),
        cache: BlockdevCacheInfo {
            writeback: true,
            direct: info.cache.direct,
            no_flush: info.cache.no_flush,
        },
        write_threshold: info.write_threshold.cast_signed(),
        dirty_bitmaps: non_empty(info.dirty_bitmaps.iter().map(dirty_info)),
    }
}

fn image_info(info: &nodes::ImageInfo, backing_image: Option<Arc<ImageInfo>>) -> ImageInfo {
    let format_specific = match (&info.qcow2, info.format) {
        (Some(qcow2), _) => Some(ImageInfoSpecific::Qcow2(qcow2_info(qcow2))),
        (None, "file" | "host_device") => {
            Some(ImageInfoSpecific::File(ImageInfoSpecificFileWrapper {
                data: ImageInfoSpecificFile { extent_size_hint: None },
            }))
        }
        (None, _) => None,
    };
    ImageInfo {
        node: BlockNodeInfo {
            filename: info.filename.clone(),
            format: info.format.to_owned(),
            dirty_flag: info.dirty,
            actual_size: info.actual_size.map(u64::cast_signed),
            virtual_size: info.virtual_size.cast_signed(),
            cluster_size: info.cluster_size.map(u64::cast_signed),
            encrypted: None,
            compressed: None,
            backing_filename: info.backing_filename.clone(),
            full_backing_filename: info.full_backing_filename.clone(),
            backing_filename_format: info.backing_format.clone(),
            snapshots: non_empty(info.snapshots.iter().map(SnapshotInfo::from)),
            format_specific,
        },
        backing_image,
    }
}

/// The list, or `None` instead of an empty one.
fn non_empty<T>(list: impl Iterator<Item = T>) -> Option<Vec<T>> {
    Some(list.collect()).filter(|list: &Vec<T>| !list.is_empty())
}

fn dirty_info(bitmap: &DirtyBitmapInfo) -> BlockDirtyInfo {
    BlockDirtyInfo {
        name: bitmap.name.clone(),
        count: bitmap.count.cast_signed(),
        granularity: bitmap.granularity as u32,
        recording: bitmap.recording,
        busy: bitmap.busy,
        persistent: bitmap.persistent,
        inconsistent: bitmap.inconsistent.then_some(true),
    }
}

fn bitmap_info(bitmap: &StoredBitmapInfo) -> Qcow2BitmapInfo {
    let in_use = bitmap.in_use.then_some(Qcow2BitmapInfoFlags::InUse);
    let auto = bitmap.auto.then_some(Qcow2BitmapInfoFlags::Auto);
    Qcow2BitmapInfo {
        name: bitmap.name.clone(),
        granularity: bitmap.granularity as u32,
        flags: in_use.into_iter().chain(auto).collect(),
    }
}

fn qcow2_info(info: &nodes::Qcow2Info) -> ImageInfoSpecificQcow2Wrapper {
    // Version 2 of the format has none of the flags.
    let is_newer = info.compat != "0.10";
    ImageInfoSpecificQcow2Wrapper {
        data: ImageInfoSpecificQcow2 {
            compat: info.compat.to_owned(),
            extended_l2: is_newer.then_some(info.extended_l2),
            lazy_refcounts: is_newer.then_some(info.lazy_refcounts),
            data_file: info.data_file.clone(),
            data_file_raw: info.data_file_raw,
            bitmaps: non_empty(info.bitmaps.iter().map(bitmap_info)),
            corrupt: is_newer.then_some(info.corrupt),
            refcount_bits: i64::from(info.refcount_bits),
            compression_type: match info.compression_type {
                CompressionType::Zlib => Qcow2CompressionType::Zlib,
                CompressionType::Zstd => Qcow2CompressionType::Zstd,
            },
        },
    }
}
