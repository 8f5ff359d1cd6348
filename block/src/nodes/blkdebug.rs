//! Nodes that fail on demand: opening, telling and reopening them.

use super::blkdebug_rules::{GivenRule, inject_error_rule, set_state_rule};
use super::driver::Driver;
use super::filename::{self, filename};
use super::inherit::Settings;
use super::node::Node;
use super::open::{Opener, by_filename, raw_image};
use super::options::{Child, DriverOptions, NodeOptions, Qcow2Options, RawOptions};
use super::permissions::Role;
use crate::error::{Error, Result};
use crate::image::blkdebug::rules::{RuleOptions, Rules};
use crate::image::blkdebug::{BlkdebugStorage, EventStorage, Limits};
use crate::image::permissions::Access;
use crate::image::storage::Storage;
use imago::Storage as _;
use parking_lot::RwLock;
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::Arc;

/// `BlockdevOptionsBlkdebug`.
#[derive(Clone, Debug)]
pub struct BlkdebugOptions {
    /// The node that is shown.
    pub image: Child,
    /// How it is shown. Boxed, so that descriptions of other nodes, which the stack of a thread
    /// must hold as deep as they are nested, do not grow by it.
    pub blkdebug: Box<Blkdebug>,
}

/// How a node fails on demand.
#[derive(Clone, Debug, PartialEq)]
pub struct Blkdebug {
    /// The sizes of its requests.
    pub limits: Limits,
    /// When they fail.
    pub rules: RuleOptions,
    /// The members of the rules as the client gave them, by names like `set-state.0.event`.
    pub given: Vec<(String, Value)>,
    /// What it takes of the node below and shares of it besides what its users do.
    pub access: Access,
}

impl Blkdebug {
    /// What comes of rules as they were given.
    ///
    /// # Errors
    /// [`Error::InvalidOption`]: a rule waits for what never comes, or makes no sense.
    pub fn new(
        limits: Limits,
        inject_error: Vec<GivenRule>,
        set_state: Vec<GivenRule>,
        access: Access,
    ) -> Result<Self> {
        let rules = RuleOptions {
            inject_error: inject_error.iter().map(inject_error_rule).collect::<Result<_>>()?,
            set_state: set_state.iter().map(set_state_rule).collect::<Result<_>>()?,
        };
        let mut given = Vec::new();
        for (name, rules) in [("inject-error", inject_error), ("set-state", set_state)] {
            for (number, rule) in rules.into_iter().enumerate() {
                let members = rule.into_iter();
                given.extend(
                    members.map(|(own, value)| (format!("{name}.{number}.{own}"), value)),
                );
            }
        }
        Ok(Blkdebug { limits, rules, given, access })
    }

    /// All that was said but for the permissions, by the names that members have in the names of
    /// images. The sizes come first.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, Value)> {
        let sizes = self.limits.named().into_iter();
        let sizes = sizes.filter_map(|(name, size)| Some((name, Value::from(size?))));
        sizes.chain(self.given.iter().map(|(name, value)| (name.as_str(), value.clone())))
    }

    /// Whether anything was said that belongs to the name of the image.
    pub(super) fn is_plain(&self) -> bool {
        self.members().next().is_none()
    }

    /// Refuses to go on in another way.
    ///
    /// # Errors
    /// [`Error::InvalidOption`].
    pub(super) fn check_fixed(&self, new: &Blkdebug) -> Result<()> {
        let refused = |text| Err(Error::InvalidOption(text));
        let value = |members: &Blkdebug, wanted: &str| {
            members.members().find(|(name, _)| *name == wanted).map(|(_, value)| value)
        };
        for (name, given) in new.members() {
            if value(self, name) != Some(given) {
                return refused(format!("Cannot change the option '{name}'"));
            }
        }
        for (name, _) in self.members() {
            if value(new, name).is_none() {
                return refused(format!("Option '{name}' cannot be reset to its default value"));
            }
        }
        for (name, is_same) in [
            ("take-child-perms", self.access.takes == new.access.takes),
            ("unshare-child-perms", self.access.shares == new.access.shares),
        ] {
            if !is_same {
                return refused(format!("Cannot change the option '{name}'"));
            }
        }
        Ok(())
    }
}

impl Opener<'_> {
    pub(super) fn open_blkdebug(
        &mut self,
        name: Option<String>,
        settings: Settings,
        options: BlkdebugOptions,
    ) -> Result<Arc<Node>> {
        let common = settings.common;
        let BlkdebugOptions { image, blkdebug } = options;
        // Listings show what it shows before it, as what is newer.
        let name = self.name(name)?;
        let shown = self.open_child(image, common.for_file())?;
        self.attach(&name, Driver::Blkdebug, common, &shown, Role::Image(blkdebug.access))?;
        let storage = shown.storage();
        blkdebug.limits.check(storage.req_align() as u64)?;
        let rules = Rules::new(blkdebug.rules.clone());
        let storage = BlkdebugStorage::new(storage, rules, blkdebug.limits);
        let image = raw_image(Arc::new(storage), common.raw_mode(Driver::Blkdebug));
        let mut node = Node::new(name, Driver::Blkdebug, settings, image);
        node.file = RwLock::new(Some(shown));
        node.blkdebug = Some(*blkdebug);
        Ok(self.insert(node))
    }
}

impl Node {
    /// The node that this one shows with faults on demand, if that is what it does.
    pub(super) fn blkdebug_image(&self) -> Option<Arc<Node>> {
        self.file().filter(|_| self.driver() == Driver::Blkdebug)
    }
}

/// The name of a node that fails on demand, if it has nothing that belongs there but what it shows.
pub(super) fn plain(node: &Node) -> Option<String> {
    let shown = node.blkdebug_image()?;
    let name = filename(&shown);
    let is_plain = node.blkdebug.as_ref().is_some_and(Blkdebug::is_plain);
    // The file with rules, of which there is none, would stand between the colons.
    (is_plain && !name.starts_with("json:")).then(|| format!("blkdebug::{name}"))
}

/// Describes the image that a header names by a path, be it of a file or of one that could fail on
/// demand.
///
/// # Errors
/// Those of [`host_path`](filename::host_path) and of [`by_filename`].
pub(super) fn by_name(name: &str, format: Option<&str>) -> Result<NodeOptions> {
    let Some(shown) = name.strip_prefix("blkdebug::") else {
        return by_filename(filename::host_path(name)?.to_owned(), format);
    };
    let mut options = by_name(shown, format)?;
    let plain = Blkdebug::new(Limits::default(), Vec::new(), Vec::new(), Access::NONE)?;
    let over = |image| BlkdebugOptions { image, blkdebug: Box::new(plain) };
    match &mut options.driver {
        DriverOptions::Raw(RawOptions { file, .. })
        | DriverOptions::Qcow2(Qcow2Options { file, .. }) => {
            let shown = std::mem::replace(file, Child::Reference(String::new()));
            *file =
                Child::Inline(Box::new(NodeOptions::new(DriverOptions::Blkdebug(over(shown)))));
        }
        DriverOptions::File(_) | DriverOptions::NullCo(_) | DriverOptions::Blkdebug(_) => {
            let shown = Child::Inline(Box::new(options));
            options = NodeOptions::new(DriverOptions::Blkdebug(over(shown)));
        }
    }
    Ok(options)
}

/// Writes what would open the node again: the sizes in the order in which QEMU happens to tell
/// them, and the rules after them.
pub(super) fn describe(node: &Node, shown: &Node, text: &mut String) {
    let Some(blkdebug) = &node.blkdebug else { return };
    let [zero, zero_max, transfer, discard, discard_max, align] = blkdebug.limits.named();
    let given = |sizes: &[(&str, Option<u64>)]| {
        let given = sizes.iter().filter_map(|(name, size)| Some((name, (*size)?)));
        given.map(|(name, size)| format!("\"{name}\": {size}, ")).collect::<String>()
    };
    // Writing to a string cannot fail.
    let _ = write!(text, "{{{}\"image\": ", given(&[zero, zero_max]));
    filename::describe(shown, text);
    let driver = node.driver().name();
    let _ = write!(text, ", {}\"driver\": \"{driver}\"", given(&[transfer]));
    for (name, size) in [discard, discard_max, align] {
        if let Some(size) = size {
            let _ = write!(text, ", \"{name}\": {size}");
        }
    }
    for (name, value) in &blkdebug.given {
        let _ = write!(text, ", \"{name}\": {value}");
    }
    text.push('}');
}

/// The storage of an image without a format in a file, which is told what the image does if it
/// wants to know.
pub(super) fn with_events(file: &Node, storage: Storage) -> Storage {
    match BlkdebugStorage::rules_of(&file.storage()) {
        Some(rules) => Arc::new(EventStorage::new(storage, rules)),
        None => storage,
    }
}
