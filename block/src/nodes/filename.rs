//! The names of images: paths if those lead to the same nodes, else descriptions of the form
//! `json:{...}`.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::driver::Driver;
use super::image_name::protocol;
use super::node::Node;

/// The longest name in bytes. As in QEMU, a longer description is cut and ends with three dots.
const NAME_MAX: usize = 4095;

impl Node {
    /// The name of the node's image: a path, or a description that begins with `json:`.
    pub fn filename(&self) -> String {
        filename(self)
    }
}

/// The name of a node's image.
pub(super) fn filename(node: &Node) -> String {
    Filenames::default().filename(node).to_string()
}

/// The names of images, each computed once: a name depends on those of all nodes below.
#[derive(Debug, Default)]
pub(super) struct Filenames {
    names: HashMap<String, Arc<str>>,
    paths: HashMap<String, Option<Arc<str>>>,
}

impl Filenames {
    /// The name of a node's image.
    pub(super) fn filename(&mut self, node: &Node) -> Arc<str> {
        if let Some(known) = self.names.get(node.name()) {
            return Arc::clone(known);
        }
        let name = self.new_filename(node);
        self.names.insert(node.name().to_owned(), Arc::clone(&name));
        name
    }

    fn new_filename(&mut self, node: &Node) -> Arc<str> {
        if let (Driver::MirrorTop | Driver::CommitTop | Driver::CopyBeforeWrite, Some(below)) =
            (node.driver(), node.filtered())
        {
            return self.filename(&below);
        }
        self.path(node).unwrap_or_else(|| {
            let mut text = Description::new();
            self.write_options(node, &mut text);
            text.finish().into()
        })
    }

    /// The path of the node's image, if opening the path in the node's format gives the same
    /// nodes.
    fn path(&mut self, node: &Node) -> Option<Arc<str>> {
        if let Some(known) = self.paths.get(node.name()) {
            return known.clone();
        }
        let path = self.new_path(node);
        self.paths.insert(node.name().to_owned(), path.clone());
        path
    }

    fn new_path(&mut self, node: &Node) -> Option<Arc<str>> {
        match node.driver() {
            Driver::File | Driver::HostCdrom | Driver::HostDevice => node.path().map(Arc::from),
            Driver::Blkdebug => self.blkdebug_path(node),
            Driver::NullCo => node.range().is_default().then(|| "null-co://".into()),
            Driver::Filter(_) => None,
            Driver::CopyOnRead | Driver::CopyBeforeWrite if !is_implicit(node) => None,
            Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite => node.backing().and_then(|below| self.path(&below)),
            Driver::Raw | Driver::Qcow2 => {
                let mut file = node.file()?;
                while is_implicit(&file) {
                    file = file.filtered()?;
                }
                match file.driver() {
                    Driver::File
                    | Driver::HostCdrom
                    | Driver::HostDevice
                    | Driver::NullCo
                    | Driver::Blkdebug
                        if !self.has_other_backing(node) && node.range().is_default() =>
                    {
                        self.path(&file)
                    }
                    Driver::Blkdebug
                    | Driver::File
                    | Driver::HostCdrom
                    | Driver::HostDevice
                    | Driver::NullCo
                    | Driver::Raw
                    | Driver::Qcow2
                    | Driver::MirrorTop
                    | Driver::CopyOnRead
                    | Driver::CommitTop
                    | Driver::CopyBeforeWrite
                    | Driver::Filter(_) => None,
                }
            }
        }
    }

    /// The name of a blkdebug node, if no option besides the child and the file with rules belongs
    /// to the name.
    fn blkdebug_path(&mut self, node: &Node) -> Option<Arc<str>> {
        let child = node.blkdebug_image()?;
        let name = self.filename(&child);
        let blkdebug = node.blkdebug.as_ref().filter(|options| options.is_plain())?;
        let config = blkdebug.config.as_deref().unwrap_or_default();
        let path = format!("blkdebug:{config}:{name}");
        (!name.starts_with("json:") && path.len() <= NAME_MAX).then(|| path.into())
    }

    /// Whether the backing node is not the one that the header names.
    fn has_other_backing(&mut self, node: &Node) -> bool {
        if node.driver() != Driver::Qcow2 {
            return false;
        }
        let backing = node.backing.read().clone();
        let name = backing.node.map(|backing| self.filename(&backing));
        backing.named.as_deref() != name.as_deref()
    }

    /// Writes the description of a filter, with the members in the order of QEMU. Implicit filters
    /// are skipped.
    fn write_filter(&mut self, node: &Node, below: &Node, text: &mut Description) {
        if is_implicit(node) {
            return self.write_options(below, text);
        }
        let driver = node.driver().name();
        if let Driver::MirrorTop | Driver::CommitTop = node.driver() {
            text.push("{\"backing\": ");
            self.write_options(below, text);
            text.push_args(format_args!(", \"driver\": \"{driver}\"}}"));
            return;
        }
        text.push("{");
        if let Some(member) = node.throttle_member() {
            text.push("\"throttle-group\": ");
            text.push_string(member.group_name());
            text.push(", ");
        }
        text.push_args(format_args!("\"driver\": \"{driver}\", \"file\": "));
        self.write_options(below, text);
        if let Some(target) = &node.target {
            text.push(", \"target\": ");
            self.write_options(target, text);
        }
        text.push("}");
    }

    /// Writes the options that open the node again, in the order of QEMU. The nodes below are
    /// visited only as far as their options are not cut off.
    fn write_options(&mut self, node: &Node, text: &mut Description) {
        if text.is_full() {
            return;
        }
        if let Some(below) = node.filtered() {
            return self.write_filter(node, &below, text);
        }
        if let Some(child) = node.blkdebug_image() {
            return self.write_blkdebug(node, &child, text);
        }
        text.push("{");
        if self.has_other_backing(node) {
            text.push("\"backing\": ");
            match node.backing() {
                Some(backing) => self.write_options(&backing, text),
                None => text.push("null"),
            }
            text.push(", ");
        }
        if let Some(offset) = node.range().offset {
            text.push_args(format_args!("\"offset\": {offset}, "));
        }
        if let Some(read_zeroes) = node.range().read_zeroes {
            text.push_args(format_args!("\"read-zeroes\": {read_zeroes}, "));
        }
        text.push_args(format_args!("\"driver\": \"{}\"", node.driver().name()));
        if let Some(size) = node.range().size {
            text.push_args(format_args!(", \"size\": {size}"));
        }
        if let Some(file) = node.file() {
            text.push(", \"file\": ");
            self.write_options(&file, text);
        }
        if let Some(path) = node.path() {
            text.push(", \"filename\": ");
            text.push_string(path);
        }
        text.push("}");
    }

    /// Writes the options of a blkdebug node: the sizes in the order of QEMU, then the rules.
    fn write_blkdebug(&mut self, node: &Node, child: &Node, text: &mut Description) {
        let Some(blkdebug) = &node.blkdebug else { return };
        let [zero, zero_max, transfer, discard, discard_max, align] = blkdebug.limits.named();
        let given = |sizes: &[(&str, Option<u64>)]| {
            let given = sizes.iter().filter_map(|(name, size)| Some((name, (*size)?)));
            given.map(|(name, size)| format!("\"{name}\": {size}, ")).collect::<String>()
        };
        text.push_args(format_args!("{{{}\"image\": ", given(&[zero, zero_max])));
        self.write_options(child, text);
        let driver = node.driver().name();
        text.push_args(format_args!(", {}\"driver\": \"{driver}\"", given(&[transfer])));
        for (name, size) in [discard, discard_max, align] {
            if let Some(size) = size {
                text.push_args(format_args!(", \"{name}\": {size}"));
            }
        }
        if let Some(config) = &blkdebug.config {
            text.push(", \"config\": ");
            text.push_string(config);
        }
        for (name, value) in &blkdebug.rules {
            text.push_args(format_args!(", \"{name}\": {value}"));
        }
        text.push("}");
    }
}

/// Whether a node is an implicit filter: a filter without a given name. The filter of a backup is
/// never implicit.
pub(super) fn is_implicit(node: &Node) -> bool {
    match node.driver() {
        Driver::MirrorTop | Driver::CopyOnRead | Driver::CommitTop => {
            node.name().starts_with('#')
        }
        Driver::CopyBeforeWrite
        | Driver::Filter(_)
        | Driver::Blkdebug
        | Driver::File
        | Driver::HostCdrom
        | Driver::HostDevice
        | Driver::Raw
        | Driver::Qcow2
        | Driver::NullCo => false,
    }
}

/// A description that is being written. Text beyond the limit is dropped.
#[derive(Debug)]
struct Description(String);

impl Description {
    fn new() -> Self {
        Description(String::from("json:"))
    }

    /// Whether further text would be dropped.
    fn is_full(&self) -> bool {
        self.0.len() > NAME_MAX
    }

    /// Adds text. It is ASCII, except in rules.
    fn push(&mut self, text: &str) {
        if !self.is_full() {
            self.0.push_str(text);
        }
    }

    fn push_args(&mut self, text: fmt::Arguments<'_>) {
        if !self.is_full() {
            // Writing to a string cannot fail.
            let _ = self.0.write_fmt(text);
        }
    }

    /// Adds a JSON string in ASCII.
    fn push_string(&mut self, value: &str) {
        if !self.is_full() {
            push_string(value, &mut self.0);
        }
    }

    fn finish(mut self) -> String {
        if self.is_full() {
            let is_boundary = |at: &usize| self.0.is_char_boundary(*at);
            let end = (0..=NAME_MAX - 3).rev().find(is_boundary).unwrap_or(0);
            self.0.truncate(end);
            self.0.push_str("...");
        }
        self.0
    }
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
    let directory = match Filenames::default().path(file) {
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
