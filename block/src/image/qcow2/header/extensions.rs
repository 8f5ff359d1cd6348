//! The extensions of a header, with the checks of QEMU in its order.

use std::ops::Range;

use super::features::{AUTOCLEAR_BITMAPS, Features};
use super::fields::{Fields, invalid, name_in};
use crate::error::Result;

pub(super) const EXTENSION_END: u32 = 0;
pub(crate) const EXTENSION_BACKING_FORMAT: u32 = 0xe279_2aca;
pub(crate) const EXTENSION_DATA_FILE: u32 = 0x4441_5441;
const EXTENSION_FEATURE_NAMES: u32 = 0x6803_f857;
const EXTENSION_CRYPTO: u32 = 0x0537_be77;
pub(super) const EXTENSION_BITMAPS: u32 = 0x2385_2875;

/// QEMU's limit for the name of the backing format, in bytes.
const BACKING_FORMAT_MAX: usize = 15;
/// QEMU's limit for the number of bitmaps.
const BITMAPS_MAX: u32 = 65535;
/// QEMU's limit for the size of the bitmap directory, in bytes.
pub(crate) const BITMAP_DIRECTORY_MAX: u64 = 1024 * BITMAPS_MAX as u64;
/// The lengths of the data of extensions with a fixed length.
const CRYPTO_LENGTH: usize = 16;
const BITMAPS_LENGTH: usize = 24;

/// `qcow2_crypt_method` of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    None,
    Aes,
    Luks,
}

/// The position of the bitmap directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BitmapDirectory {
    /// The number of entries, which is not 0.
    pub(crate) bitmaps: u32,
    /// The directory in the file.
    pub(crate) range: Range<u64>,
}

impl BitmapDirectory {
    /// The data of the extension.
    pub(super) fn to_bytes(&self) -> [u8; BITMAPS_LENGTH] {
        let mut data = [0; BITMAPS_LENGTH];
        let Range { start, end } = self.range;
        data[..4].copy_from_slice(&self.bitmaps.to_be_bytes());
        data[8..16].copy_from_slice(&(end - start).to_be_bytes());
        data[16..].copy_from_slice(&start.to_be_bytes());
        data
    }
}

/// The bitmaps of an image, as its header describes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum BitmapsExtension {
    /// The image has no bitmaps.
    #[default]
    Absent,
    /// A program that does not know bitmaps has written to the image.
    Outdated,
    /// The feature bit says that there are bitmaps, but no extension tells where.
    Missing,
    /// The image has bitmaps.
    Present(BitmapDirectory),
}

/// One extension of a header.
pub(super) struct Extension<'a> {
    pub(super) kind: u32,
    pub(super) data: &'a [u8],
}

/// The extensions of the header, which lie between `start` and `end`, up to the first error.
pub(super) fn extensions<'a>(
    fields: &Fields<'a>,
    start: u64,
    end: u64,
) -> impl Iterator<Item = Result<Extension<'a>>> {
    let mut next = Some(start).filter(|start| *start < end);
    std::iter::from_fn(move || {
        let offset = next.take()?;
        let found = extension(fields, offset, end);
        if let Ok(Some(extension)) = &found {
            let length = (extension.data.len() as u64).next_multiple_of(8);
            next = Some(offset + 8 + length).filter(|offset| *offset < end);
        }
        found.transpose()
    })
}

/// The extension at an offset; `None` for the end of the extensions.
fn extension<'a>(fields: &Fields<'a>, offset: u64, end: u64) -> Result<Option<Extension<'a>>> {
    let kind = fields.u32(offset)?;
    let length = u64::from(fields.u32(offset + 4)?);
    let data = offset + 8;
    if data > end || length > end - data {
        return Err(invalid("Header extension too large"));
    }
    if kind == EXTENSION_END {
        return Ok(None);
    }
    Ok(Some(Extension { kind, data: fields.bytes(data, length)? }))
}

/// The feature name table; empty if there is none before the first error.
pub(super) fn feature_names<'a>(fields: &Fields<'a>, start: u64, end: u64) -> &'a [u8] {
    let mut found = extensions(fields, start, end).map_while(Result::ok);
    found.find(|one| one.kind == EXTENSION_FEATURE_NAMES).map_or(&[], |table| table.data)
}

/// The meaning of the extensions of a header.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) backing_format: Option<String>,
    pub(super) data_file: Option<String>,
    pub(super) bitmaps: BitmapsExtension,
    pub(super) has_crypto_header: bool,
}

/// The parts of the header on which the checks of extensions depend.
pub(super) struct Context {
    pub(super) cluster_size: u64,
    pub(super) features: Features,
    pub(super) encryption: Encryption,
}

impl Extensions {
    pub(super) fn parse(
        fields: &Fields<'_>,
        range: Range<u64>,
        context: &Context,
    ) -> Result<Self> {
        let mut parsed = Extensions::default();
        for extension in extensions(fields, range.start, range.end) {
            let Extension { kind, data } = extension?;
            match kind {
                EXTENSION_BACKING_FORMAT => parsed.backing_format = backing_format(data)?,
                EXTENSION_DATA_FILE => parsed.data_file = Some(name_in(data).unwrap_or_default()),
                EXTENSION_BITMAPS => parsed.bitmaps = bitmaps(data, context)?,
                EXTENSION_CRYPTO => {
                    check_crypto(data, context)?;
                    parsed.has_crypto_header = true;
                }
                _unknown => {}
            }
        }
        if parsed.bitmaps == BitmapsExtension::Absent
            && context.features.has_autoclear(AUTOCLEAR_BITMAPS)
        {
            parsed.bitmaps = BitmapsExtension::Missing;
        }
        Ok(parsed)
    }
}

fn backing_format(data: &[u8]) -> Result<Option<String>> {
    if data.len() > BACKING_FORMAT_MAX {
        let (length, limit) = (data.len(), BACKING_FORMAT_MAX + 1);
        let text = format!("ERROR: ext_backing_format: len={length} too large (>={limit})");
        return Err(invalid(text));
    }
    Ok(name_in(data))
}

fn check_crypto(data: &[u8], context: &Context) -> Result<()> {
    if context.encryption != Encryption::Luks {
        return Err(invalid("CRYPTO header extension only expected with LUKS encryption method"));
    }
    if data.len() != CRYPTO_LENGTH {
        let length = data.len();
        let text =
            format!("CRYPTO header extension size {length}, but expected size {CRYPTO_LENGTH}");
        return Err(invalid(text));
    }
    let offset = Fields(data).u64(0)?;
    if !offset.is_multiple_of(context.cluster_size) {
        return Err(invalid(format!(
            "Encryption header offset '{offset}' is not a multiple of cluster size '{}'",
            context.cluster_size
        )));
    }
    Ok(())
}

fn bitmaps(data: &[u8], context: &Context) -> Result<BitmapsExtension> {
    if data.len() != BITMAPS_LENGTH {
        return Err(invalid("bitmaps_ext: Invalid extension length"));
    }
    if !context.features.has_autoclear(AUTOCLEAR_BITMAPS) {
        return Ok(BitmapsExtension::Outdated);
    }
    let fields = Fields(data);
    let (bitmaps, reserved) = (fields.u32(0)?, fields.u32(4)?);
    let (size, offset) = (fields.u64(8)?, fields.u64(16)?);
    if reserved != 0 {
        return Err(invalid("bitmaps_ext: Reserved field is not zero"));
    }
    if bitmaps > BITMAPS_MAX {
        return Err(invalid(format!(
            "bitmaps_ext: Image has {bitmaps} bitmaps, exceeding the QEMU supported maximum of \
             {BITMAPS_MAX}"
        )));
    }
    if bitmaps == 0 {
        return Err(invalid("found bitmaps extension with zero bitmaps"));
    }
    if !offset.is_multiple_of(context.cluster_size) {
        return Err(invalid("bitmaps_ext: invalid bitmap directory offset"));
    }
    if size > BITMAP_DIRECTORY_MAX {
        return Err(invalid(format!(
            "bitmaps_ext: bitmap directory size ({size}) exceeds the maximum supported size \
             ({BITMAP_DIRECTORY_MAX})"
        )));
    }
    if offset == 0 {
        return Err(invalid("Broken bitmap directory"));
    }
    let end = offset.checked_add(size).filter(|end| i64::try_from(*end).is_ok());
    let Some(end) = end else {
        return Err(invalid("Failed to read bitmap directory: Input/output error"));
    };
    if size == 0 {
        return Err(invalid("Requested bitmap directory size is zero"));
    }
    Ok(BitmapsExtension::Present(BitmapDirectory { bitmaps, range: offset..end }))
}
