//! Conversion of the names of images into options that open the images.
//!
//! A name is a path, a description that begins with `json:`, or a protocol with a colon:
//! `file:PATH`, `host_device:PATH`, `null-co://` and `blkdebug:CONFIG:NAME`.

use crate::error::{Error, Result};
use crate::image::host_file::{HostFile, HostFileKind, HostFileMode};
use crate::image::probe::{Probed, probe};
use crate::image::storage::Storage;
use crate::options::json::{self, Format};
use crate::options::{
    BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsBlkdebug, BlockdevOptionsFile,
    BlockdevOptionsNull, BlockdevOptionsQcow2, BlockdevOptionsRaw, BlockdevRef, MAX_DEPTH,
    OnOffAuto,
};

/// The name of a null node.
const NULL_NAME: &str = "null-co://";

/// The options of the image that a name denotes. The name comes from a client, or from the header
/// of an image.
///
/// `format` is the driver of the image; a description in the name may have another one, which
/// `format` replaces. Without a format, blocks for a read of the image, and the format is probed
/// from the contents as in QEMU.
///
/// # Errors
/// [`Error::UnknownFormat`]; [`Error::InvalidImage`] for an unknown protocol and a malformed
/// description; [`Error::InvalidOption`] for a name that the protocol does not allow;
/// [`Error::ChainTooDeep`]; or the file cannot be read.
pub fn by_name(name: &str, format: Option<&str>) -> Result<BlockdevOptions> {
    if let Some(description) = name.strip_prefix("json:") {
        let (mut options, known) = json::parse(description, format)?;
        if known == Format::Unknown {
            probe_format(&mut options)?;
        }
        return Ok(options);
    }
    let over = |file: BlockdevOptions| match format {
        Some("qcow2") => Ok(BlockdevOptions::qcow2(file)),
        Some("raw") => Ok(BlockdevOptions::raw(file)),
        Some("compress") => Ok(BlockdevOptions::compress(file)),
        Some("copy-on-read") => Ok(BlockdevOptions::copy_on_read(file)),
        Some(other) => Err(Error::UnknownFormat(other.to_owned())),
        None => {
            let mut options = BlockdevOptions::raw(file);
            probe_format(&mut options)?;
            Ok(options)
        }
    };
    match format {
        Some("host_device") => {
            let path = name.strip_prefix("host_device:").unwrap_or(name);
            Ok(BlockdevOptions::host_device(path))
        }
        Some("file") => Ok(host_file(name.strip_prefix("file:").unwrap_or(name))),
        Some("null-co") => null(name),
        Some("blkdebug") if protocol(name) != Some("blkdebug") => {
            let image = by_protocol(name)?;
            Ok(blkdebug(BlockdevOptionsBlkdebug::new(image.into())))
        }
        Some("blkdebug") => by_protocol(name),
        Some(_) | None => over(by_protocol(name)?),
    }
}

/// The options of the node that a path or a name with a protocol denotes, without a format.
fn by_protocol(name: &str) -> Result<BlockdevOptions> {
    let mut image = name;
    let mut configs = Vec::new();
    while let Some(rest) = image.strip_prefix("blkdebug:") {
        if configs.len() >= MAX_DEPTH {
            return Err(Error::ChainTooDeep(MAX_DEPTH));
        }
        let parts = rest.split_once(':').ok_or_else(|| {
            Error::InvalidOption("blkdebug requires both config file and image path".into())
        })?;
        configs.push(Some(parts.0.to_owned()).filter(|config| !config.is_empty()));
        image = parts.1;
    }
    let mut options = match protocol(image) {
        None => host_file(image),
        Some("file") => BlockdevOptions::file(&image["file:".len()..]),
        Some("host_device") => BlockdevOptions::host_device(&image["host_device:".len()..]),
        Some("null-co") => null(image)?,
        Some(other) => return Err(unknown_protocol(other)),
    };
    for config in configs.into_iter().rev() {
        let mut over = BlockdevOptionsBlkdebug::new(options.into());
        over.config = config;
        options = blkdebug(over);
    }
    Ok(options)
}

/// A file or a device of the host.
fn host_file(path: &str) -> BlockdevOptions {
    match HostFileKind::at(path) {
        HostFileKind::File => BlockdevOptions::file(path),
        HostFileKind::HostDevice | HostFileKind::HostCdrom => BlockdevOptions::host_device(path),
    }
}

fn null(name: &str) -> Result<BlockdevOptions> {
    if name != NULL_NAME {
        return Err(Error::InvalidOption(format!(
            "The only allowed filename for this driver is '{NULL_NAME}'"
        )));
    }
    let options = BlockdevDriverOptions::NullCo(BlockdevOptionsNull::default());
    Ok(BlockdevOptions::new(options))
}

fn blkdebug(options: BlockdevOptionsBlkdebug) -> BlockdevOptions {
    BlockdevOptions::new(BlockdevDriverOptions::Blkdebug(Box::new(options)))
}

fn unknown_protocol(name: &str) -> Error {
    Error::InvalidImage(format!("Unknown protocol '{name}'"))
}

/// Replaces the driver `raw` by the one to which the contents belong.
fn probe_format(options: &mut BlockdevOptions) -> Result<()> {
    let BlockdevDriverOptions::Raw(raw) = &options.driver else { return Ok(()) };
    let mut file = &raw.format.file;
    let path = loop {
        let BlockdevRef::Definition(definition) = file else { return Ok(()) };
        match &definition.driver {
            BlockdevDriverOptions::File(BlockdevOptionsFile { filename, .. })
            | BlockdevDriverOptions::HostCdrom(BlockdevOptionsFile { filename, .. })
            | BlockdevDriverOptions::HostDevice(BlockdevOptionsFile { filename, .. }) => {
                break filename;
            }
            BlockdevDriverOptions::Blkdebug(blkdebug) => file = &blkdebug.image,
            BlockdevDriverOptions::Compress(compress) => file = &compress.file,
            BlockdevDriverOptions::CopyOnRead(options) => file = &options.format.file,
            BlockdevDriverOptions::Preallocate(options) => file = &options.format.file,
            BlockdevDriverOptions::Throttle(throttle) => file = &throttle.file,
            BlockdevDriverOptions::Raw(BlockdevOptionsRaw { format, .. }) => file = &format.file,
            BlockdevDriverOptions::NullCo(_) | BlockdevDriverOptions::Qcow2(_) => return Ok(()),
        }
    };
    let mode = HostFileMode { locking: OnOffAuto::Off, ..HostFileMode::default() };
    let storage = Storage::new(HostFile::open(path, HostFileKind::at(path), mode)?);
    match probe(&storage)? {
        Probed::Qcow2 => {
            let file = raw.format.file.clone();
            options.driver = BlockdevDriverOptions::Qcow2(BlockdevOptionsQcow2::new(file));
        }
        // As in QEMU, the name decides about this format.
        Probed::Raw if path.ends_with(".dmg") => {
            return Err(Error::UnknownFormat("dmg".to_owned()));
        }
        Probed::Raw => {}
    }
    Ok(())
}

/// The path of the host file that the name of a new image denotes.
///
/// # Errors
/// [`Error::InvalidImage`] for an unknown protocol, and for `json:` as in QEMU;
/// [`Error::InvalidOption`] for a protocol whose images cannot be created.
pub fn host_path(name: &str) -> Result<&str> {
    match protocol(name) {
        None => Ok(name),
        Some("file") => Ok(&name["file:".len()..]),
        Some(known @ ("null-co" | "blkdebug")) => Err(Error::InvalidOption(format!(
            "Protocol driver '{known}' does not support image creation"
        ))),
        Some(other) => Err(unknown_protocol(other)),
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
    fn new_images_are_files() {
        let unsupported = "Protocol driver 'null-co' does not support image creation";
        let table = [
            ("base", Ok("base")),
            ("/a/b:c", Ok("/a/b:c")),
            ("./b:c", Ok("./b:c")),
            ("file:base", Ok("base")),
            ("file:/a/base", Ok("/a/base")),
            ("json:{}", Err("Unknown protocol 'json'")),
            ("nbd:localhost", Err("Unknown protocol 'nbd'")),
            (":x", Err("Unknown protocol ''")),
            ("null-co://", Err(unsupported)),
        ];
        for (name, expected) in table {
            let found = host_path(name).map_err(|error| error.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{name}");
        }
    }

    #[test]
    fn names_that_no_protocol_allows_are_refused_with_qemus_texts() {
        let null = "The only allowed filename for this driver is 'null-co://'";
        let both = "blkdebug requires both config file and image path";
        let deep = "Too many nested nodes: at most 200 can be opened in one chain";
        let table = [
            ("foo:x", Some("raw"), "Unknown protocol 'foo'"),
            ("blkdebug::foo:x", Some("raw"), "Unknown protocol 'foo'"),
            ("null-co:", Some("raw"), null),
            ("null-co://1", None, null),
            ("base", Some("null-co"), null),
            ("blkdebug:", Some("raw"), both),
            ("blkdebug:base", None, both),
            ("base", Some("vmdk"), "Unknown driver 'vmdk'"),
            ("json:{}", None, "Must specify either driver or file"),
            (&format!("{}base", "blkdebug::".repeat(100_000)), Some("raw"), deep),
        ];
        for (name, format, expected) in table {
            let refused = by_name(name, format).expect_err(expected).to_string();
            assert_eq!(refused, expected, "{format:?}");
        }
    }
}
