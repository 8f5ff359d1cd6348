//! The names of images: paths if those lead to the same nodes, else descriptions of the form
//! `json:{...}`.

use std::fmt::Write as _;

use super::blkdebug_options::Blkdebug;
use super::driver::Driver;
use super::image_name::protocol;
use super::node::{Backing, Node};

impl Node {
    /// The name of the node's image: a path, or a description that begins with `json:`.
    pub fn filename(&self) -> String {
        filename(self)
    }
}

/// The name of a node's image.
pub(super) fn filename(node: &Node) -> String {
    if let (Driver::MirrorTop | Driver::CommitTop | Driver::CopyBeforeWrite, Some(below)) =
        (node.driver(), node.filtered())
    {
        return filename(&below);
    }
    exact_filename(node).unwrap_or_else(|| {
        let mut text = String::from("json:");
        write_options(node, &mut text);
        text
    })
}

/// The path of the node's image, if opening the path in the node's format gives the same nodes.
fn exact_filename(node: &Node) -> Option<String> {
    match node.driver() {
        Driver::File => node.path().map(str::to_owned),
        Driver::Blkdebug => exact_blkdebug_filename(node),
        Driver::NullCo => node.range.is_default().then(|| "null-co://".to_owned()),
        Driver::CopyOnRead | Driver::CopyBeforeWrite if !is_implicit(node) => None,
        Driver::MirrorTop | Driver::CopyOnRead | Driver::CommitTop | Driver::CopyBeforeWrite => {
            node.backing().and_then(|below| exact_filename(&below))
        }
        Driver::Raw | Driver::Qcow2 => {
            let mut file = node.file()?;
            while is_implicit(&file) {
                file = file.filtered()?;
            }
            match file.driver() {
                Driver::File | Driver::NullCo | Driver::Blkdebug
                    if !has_other_backing(node) && node.range.is_default() =>
                {
                    exact_filename(&file)
                }
                Driver::Blkdebug
                | Driver::File
                | Driver::NullCo
                | Driver::Raw
                | Driver::Qcow2
                | Driver::MirrorTop
                | Driver::CopyOnRead
                | Driver::CommitTop
                | Driver::CopyBeforeWrite => None,
            }
        }
    }
}

/// Whether the backing node is not the one that the header names.
fn has_other_backing(node: &Node) -> bool {
    let Backing { node: backing, named } = node.backing.read().clone();
    node.driver() == Driver::Qcow2 && named != backing.map(|backing| filename(&backing))
}

/// Whether a node is an implicit filter: a filter without a given name. The filter of a backup is
/// never implicit.
pub(super) fn is_implicit(node: &Node) -> bool {
    match node.driver() {
        Driver::MirrorTop | Driver::CopyOnRead | Driver::CommitTop => {
            node.name().starts_with('#')
        }
        Driver::CopyBeforeWrite
        | Driver::Blkdebug
        | Driver::File
        | Driver::Raw
        | Driver::Qcow2
        | Driver::NullCo => false,
    }
}

/// Writes the description of a filter, with the members in the order of QEMU. Implicit filters are
/// skipped.
fn write_filter(node: &Node, below: &Node, text: &mut String) {
    if is_implicit(node) {
        return write_options(below, text);
    }
    let driver = node.driver().name();
    if let Driver::MirrorTop | Driver::CommitTop = node.driver() {
        text.push_str("{\"backing\": ");
        write_options(below, text);
        // Writing to a string cannot fail.
        let _ = write!(text, ", \"driver\": \"{driver}\"}}");
        return;
    }
    let _ = write!(text, "{{\"driver\": \"{driver}\", \"file\": ");
    write_options(below, text);
    if let Some(target) = &node.target {
        text.push_str(", \"target\": ");
        write_options(target, text);
    }
    text.push('}');
}

/// Writes the options that open the node again, in the order of QEMU.
fn write_options(node: &Node, text: &mut String) {
    if let Some(below) = node.filtered() {
        return write_filter(node, &below, text);
    }
    if let Some(child) = node.blkdebug_image() {
        return write_blkdebug(node, &child, text);
    }
    text.push('{');
    if has_other_backing(node) {
        text.push_str("\"backing\": ");
        match node.backing() {
            Some(backing) => write_options(&backing, text),
            None => text.push_str("null"),
        }
        text.push_str(", ");
    }
    // Writing to a string cannot fail.
    if let Some(offset) = node.range.offset {
        let _ = write!(text, "\"offset\": {offset}, ");
    }
    if let Some(read_zeroes) = node.range.read_zeroes {
        let _ = write!(text, "\"read-zeroes\": {read_zeroes}, ");
    }
    let _ = write!(text, "\"driver\": \"{}\"", node.driver().name());
    if let Some(size) = node.range.size {
        let _ = write!(text, ", \"size\": {size}");
    }
    if let Some(file) = node.file() {
        text.push_str(", \"file\": ");
        write_options(&file, text);
    }
    if let Some(path) = node.path() {
        text.push_str(", \"filename\": ");
        push_string(path, text);
    }
    text.push('}');
}

/// The name of a blkdebug node, if no option besides the child belongs to the name.
fn exact_blkdebug_filename(node: &Node) -> Option<String> {
    let child = node.blkdebug_image()?;
    let name = filename(&child);
    let is_plain = node.blkdebug.as_ref().is_some_and(Blkdebug::is_plain);
    // QEMU puts the name of a file with rules between the colons. Such files are not supported.
    (is_plain && !name.starts_with("json:")).then(|| format!("blkdebug::{name}"))
}

/// Writes the options of a blkdebug node: the sizes in the order of QEMU, then the rules.
fn write_blkdebug(node: &Node, child: &Node, text: &mut String) {
    let Some(blkdebug) = &node.blkdebug else { return };
    let [zero, zero_max, transfer, discard, discard_max, align] = blkdebug.limits.named();
    let given = |sizes: &[(&str, Option<u64>)]| {
        let given = sizes.iter().filter_map(|(name, size)| Some((name, (*size)?)));
        given.map(|(name, size)| format!("\"{name}\": {size}, ")).collect::<String>()
    };
    // Writing to a string cannot fail.
    let _ = write!(text, "{{{}\"image\": ", given(&[zero, zero_max]));
    write_options(child, text);
    let driver = node.driver().name();
    let _ = write!(text, ", {}\"driver\": \"{driver}\"", given(&[transfer]));
    for (name, size) in [discard, discard_max, align] {
        if let Some(size) = size {
            let _ = write!(text, ", \"{name}\": {size}");
        }
    }
    for (name, value) in &blkdebug.rules {
        let _ = write!(text, ", \"{name}\": {value}");
    }
    text.push('}');
}

/// Writes a JSON string in ASCII.
fn push_string(value: &str, text: &mut String) {
    text.push('"');
    for unit in value.encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some(special @ ('"' | '\\')) => {
                text.push('\\');
                text.push(special);
            }
            Some(printable @ ' '..='~') => text.push(printable),
            Some(_) | None => {
                let _ = write!(text, "\\u{unit:04X}");
            }
        }
    }
    text.push('"');
}

/// The path of a backing file that the header of an image in `file` names. A name with a protocol
/// is not changed.
pub(super) fn resolve_backing(file: &Node, name: &str) -> String {
    if let Some(child) = file.blkdebug_image() {
        return resolve_backing(&child, name);
    }
    let directory = match exact_filename(file) {
        Some(path) if !name.starts_with('/') && protocol(name).is_none() => {
            match path.rfind('/') {
                Some(end) => path[..=end].to_owned(),
                None => String::new(),
            }
        }
        Some(_) | None => String::new(),
    };
    directory + name
}
