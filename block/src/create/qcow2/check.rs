//! Checks of the options of a new qcow2 image.

use std::io;

use rustix::io::Errno;

use super::{Names, Qcow2Create, Qcow2Version};
use crate::error::{Error, Result};
use crate::image::extent::SECTOR_SIZE;
use crate::image::qcow2::header::CompressionType;
use crate::image::storage::Preallocation;

const CLUSTER_SIZES: std::ops::RangeInclusive<u64> = 512..=(2 << 20);
/// The smallest cluster size with subclusters.
const EXTENDED_L2_CLUSTER_MIN: u64 = 16 << 10;
const BACKING_NAME_MAX: usize = 1023;

impl Qcow2Create {
    /// Refuses options that are invalid or exclude each other.
    pub(super) fn check(&self) -> Result<()> {
        if !self.size.is_multiple_of(SECTOR_SIZE) {
            return wrong("Image size must be a multiple of 512 bytes");
        }
        self.check_clusters()?;
        let preallocated = self.preallocation != Preallocation::Off;
        if preallocated && self.backing_file.is_some() && !self.extended_l2 {
            return wrong(
                "Backing file and preallocation can only be used at the same time if \
                 extended_l2 is on",
            );
        }
        if self.backing_format.is_some() && self.backing_file.is_none() {
            return wrong("Backing format cannot be used without backing file");
        }
        self.check_counts()?;
        self.check_data_file()?;
        let newer = "Non-zlib compression type";
        self.check_version(self.compression_type != CompressionType::Zlib, newer, "is only")
    }

    fn check_clusters(&self) -> Result<()> {
        if !self.cluster_size.is_power_of_two() || !CLUSTER_SIZES.contains(&self.cluster_size) {
            return wrong("Cluster size must be a power of two between 512 and 2048k");
        }
        self.check_version(self.extended_l2, "Extended L2 entries", "are only")?;
        if self.extended_l2 && self.cluster_size < EXTENDED_L2_CLUSTER_MIN {
            return wrong(&format!(
                "Extended L2 entries are only supported with cluster sizes of at least \
                 {EXTENDED_L2_CLUSTER_MIN} bytes"
            ));
        }
        Ok(())
    }

    fn check_counts(&self) -> Result<()> {
        self.check_version(self.lazy_refcounts, "Lazy refcounts", "only")?;
        if !self.refcount_bits.is_power_of_two() || self.refcount_bits > 64 {
            return wrong("Refcount width must be a power of two and may not exceed 64 bits");
        }
        if self.version == Qcow2Version::V2 && self.refcount_bits != 16 {
            return wrong(
                "Different refcount widths than 16 bits require compatibility level 1.1 or \
                 above (use version=v3 or greater)",
            );
        }
        Ok(())
    }

    fn check_data_file(&self) -> Result<()> {
        if self.data_file_raw {
            if self.data_file.is_none() {
                return wrong("data-file-raw requires data-file");
            }
            if self.backing_file.is_some() {
                return wrong("Backing file and data-file-raw cannot be used at the same time");
            }
        }
        self.check_version(self.data_file.is_some(), "External data files", "are only")
    }

    /// Refuses options that version 2 does not support.
    fn check_version(&self, wanted: bool, what: &str, are_only: &str) -> Result<()> {
        match self.version {
            Qcow2Version::V2 if wanted => wrong(&format!(
                "{what} {are_only} supported with compatibility level 1.1 and above \
                 (use version=v3 or greater)"
            )),
            Qcow2Version::V2 | Qcow2Version::V3 => Ok(()),
        }
    }

    /// Refuses names that do not fit into the header.
    pub(super) fn check_names(&self, names: &Names) -> Result<()> {
        let cannot_assign = |name: &str, errno: Errno| {
            let format = self.backing_format.as_deref().unwrap_or("(null)");
            Err(Error::While {
                what: format!("Could not assign backing file '{name}' with format '{format}'"),
                source: errno.into(),
            })
        };
        let used = self.header_without_backing_name(names).len();
        let room = (self.cluster_size as usize).checked_sub(used);
        match (&names.backing_file, room) {
            (Some(name), _) if name.len() > BACKING_NAME_MAX => cannot_assign(name, Errno::INVAL),
            (Some(name), Some(room)) if name.len() > room => cannot_assign(name, Errno::NOSPC),
            (_, None) => Err(Error::While {
                what: "Could not write qcow2 header".into(),
                source: io::Error::from(Errno::NOSPC),
            }),
            (_, Some(_)) => Ok(()),
        }
    }
}

fn wrong(text: &str) -> Result<()> {
    Err(Error::InvalidOption(text.to_owned()))
}
