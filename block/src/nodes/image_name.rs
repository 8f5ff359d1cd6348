//! Conversion of the names of images into options that open the images.

use crate::error::{Error, Result};
use crate::image::host_file::{HostFile, HostFileMode};
use crate::image::probe::{Probed, probe};
use crate::image::storage::Storage;
use crate::options::{
    BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsBlkdebug, BlockdevOptionsQcow2,
    BlockdevOptionsRaw, BlockdevRef, OnOffAuto,
};

/// The options of the image in a file of the host. Without `format`, blocks for a read of the file,
/// and the format is probed from the contents as in QEMU.
///
/// # Errors
/// [`Error::UnknownFormat`], or the file cannot be read.
pub fn by_filename(path: String, format: Option<&str>) -> Result<BlockdevOptions> {
    let probed = match format {
        Some("qcow2") => Probed::Qcow2,
        Some("raw") => Probed::Raw,
        Some("file") => return Ok(BlockdevOptions::file(path)),
        Some(other) => return Err(Error::UnknownFormat(other.to_owned())),
        None => {
            let mode = HostFileMode { locking: OnOffAuto::Off, ..HostFileMode::default() };
            let storage = Storage::new(HostFile::open(&path, mode)?);
            probe(&storage)?
        }
    };
    let file = BlockdevOptions::file(path);
    Ok(match probed {
        Probed::Qcow2 => BlockdevOptions::qcow2(file),
        Probed::Raw => BlockdevOptions::raw(file),
    })
}

/// The options of the image that a header names: the path of a file, or the name of a blkdebug
/// node.
///
/// # Errors
/// Those of [`host_path`] and of [`by_filename`].
pub(super) fn by_name(name: &str, format: Option<&str>) -> Result<BlockdevOptions> {
    let Some(shown) = name.strip_prefix("blkdebug::") else {
        return by_filename(host_path(name)?.to_owned(), format);
    };
    let over = |image: BlockdevRef| {
        let options = Box::new(BlockdevOptionsBlkdebug::new(image));
        BlockdevOptions::new(BlockdevDriverOptions::Blkdebug(options))
    };
    let mut options = by_name(shown, format)?;
    let file = match &mut options.driver {
        BlockdevDriverOptions::Raw(BlockdevOptionsRaw { format, .. }) => &mut format.file,
        BlockdevDriverOptions::Qcow2(BlockdevOptionsQcow2 { format, .. }) => {
            &mut format.format.file
        }
        BlockdevDriverOptions::File(_)
        | BlockdevDriverOptions::NullCo(_)
        | BlockdevDriverOptions::Blkdebug(_) => return Ok(over(options.into())),
    };
    let shown = std::mem::replace(file, "".into());
    *file = over(shown).into();
    Ok(options)
}

/// The path of the host file that the name of an image refers to.
///
/// # Errors
/// [`Error::InvalidImage`] if the name has a protocol other than `file`.
pub fn host_path(name: &str) -> Result<&str> {
    match protocol(name) {
        None => Ok(name),
        Some("file") => Ok(&name["file:".len()..]),
        Some("json") => Err(Error::InvalidImage(
            "Backing files described by 'json:' are not supported: name the node in 'backing'"
                .into(),
        )),
        Some(other) => Err(Error::InvalidImage(format!("Unknown protocol '{other}'"))),
    }
}

/// The text before the first colon, unless it is a part of a path.
pub(super) fn protocol(name: &str) -> Option<&str> {
    let (before, _) = name.split_once(':')?;
    (!before.contains('/')).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_protocol_are_files_or_refused() {
        let json =
            "Backing files described by 'json:' are not supported: name the node in 'backing'";
        let table = [
            ("base", Ok("base")),
            ("/a/b:c", Ok("/a/b:c")),
            ("./b:c", Ok("./b:c")),
            ("file:base", Ok("base")),
            ("file:/a/base", Ok("/a/base")),
            ("json:{}", Err(json)),
            ("nbd:localhost", Err("Unknown protocol 'nbd'")),
        ];
        for (name, expected) in table {
            let found = host_path(name).map_err(|error| error.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{name}");
        }
    }
}
