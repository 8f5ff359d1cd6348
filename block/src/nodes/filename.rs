//! The names that images go by: plain paths where those lead to the same image again, else
//! descriptions of the form `json:{...}`.

use super::blkdebug;
use super::driver::Driver;
use super::node::{Backing, Node};
use crate::error::{Error, Result};
use std::fmt::Write as _;

/// The name of a node's image.
pub(super) fn filename(node: &Node) -> String {
    if let (Driver::MirrorTop | Driver::CommitTop | Driver::CopyBeforeWrite, Some(below)) =
        (node.driver(), node.filtered())
    {
        return filename(&below);
    }
    plain(node).unwrap_or_else(|| {
        let mut text = String::from("json:");
        describe(node, &mut text);
        text
    })
}

/// The path that leads to the node's image, if opening it in the node's format gives the same
/// tree of nodes.
fn plain(node: &Node) -> Option<String> {
    match node.driver() {
        Driver::File => node.path().map(str::to_owned),
        Driver::Blkdebug => blkdebug::plain(node),
        Driver::NullCo => node.part.is_all().then(|| "null-co://".to_owned()),
        Driver::CopyOnRead | Driver::CopyBeforeWrite if !is_implicit(node) => None,
        Driver::MirrorTop | Driver::CopyOnRead | Driver::CommitTop | Driver::CopyBeforeWrite => {
            node.backing().and_then(|below| plain(&below))
        }
        Driver::Raw | Driver::Qcow2 => {
            let mut file = node.file()?;
            while is_implicit(&file) {
                file = file.filtered()?;
            }
            match file.driver() {
                Driver::File | Driver::NullCo | Driver::Blkdebug
                    if !has_other_backing(node) && node.part.is_all() =>
                {
                    plain(&file)
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

/// Whether the node has another backing file than its header names.
fn has_other_backing(node: &Node) -> bool {
    let Backing { node: backing, named } = node.backing.read().clone();
    node.driver() == Driver::Qcow2 && named != backing.map(|backing| filename(&backing))
}

/// Whether a node is a filter that clients need not know of: one that nobody has named, unless it
/// stands for a backup.
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

/// Writes what a filter is, in the order in which QEMU happens to tell it. Those that nobody has
/// named are left out.
fn describe_filter(node: &Node, below: &Node, text: &mut String) {
    if is_implicit(node) {
        return describe(below, text);
    }
    let driver = node.driver().name();
    if let Driver::MirrorTop | Driver::CommitTop = node.driver() {
        text.push_str("{\"backing\": ");
        describe(below, text);
        // Writing to a string cannot fail.
        let _ = write!(text, ", \"driver\": \"{driver}\"}}");
        return;
    }
    let _ = write!(text, "{{\"driver\": \"{driver}\", \"file\": ");
    describe(below, text);
    if let Some(target) = &node.target {
        text.push_str(", \"target\": ");
        describe(target, text);
    }
    text.push('}');
}

/// Writes what would open the node again, in the order in which QEMU happens to tell it.
pub(super) fn describe(node: &Node, text: &mut String) {
    if let Some(below) = node.filtered() {
        return describe_filter(node, &below, text);
    }
    if let Some(shown) = node.blkdebug_image() {
        return blkdebug::describe(node, &shown, text);
    }
    text.push('{');
    if has_other_backing(node) {
        text.push_str("\"backing\": ");
        match node.backing() {
            Some(backing) => describe(&backing, text),
            None => text.push_str("null"),
        }
        text.push_str(", ");
    }
    // Writing to a string cannot fail.
    if let Some(offset) = node.part.offset {
        let _ = write!(text, "\"offset\": {offset}, ");
    }
    if let Some(read_zeroes) = node.part.read_zeroes {
        let _ = write!(text, "\"read-zeroes\": {read_zeroes}, ");
    }
    let _ = write!(text, "\"driver\": \"{}\"", node.driver().name());
    if let Some(size) = node.part.size {
        let _ = write!(text, ", \"size\": {size}");
    }
    if let Some(file) = node.file() {
        text.push_str(", \"file\": ");
        describe(&file, text);
    }
    if let Some(path) = node.path() {
        text.push_str(", \"filename\": ");
        push_string(path, text);
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
/// stays as it is.
pub(super) fn resolve_backing(file: &Node, name: &str) -> String {
    if let Some(shown) = file.blkdebug_image() {
        return resolve_backing(&shown, name);
    }
    let directory = match plain(file) {
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

/// The file of the host that the name of an image means.
///
/// # Errors
/// It means something else.
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

/// What stands before the first colon, unless that is part of a path.
fn protocol(name: &str) -> Option<&str> {
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
