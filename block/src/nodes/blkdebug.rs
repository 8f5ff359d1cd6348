//! Nodes of the driver `blkdebug`: opening, describing and reopening them.

use super::driver::Driver;
use super::filename::{self, filename};
use super::inherit::Settings;
use super::node::Node;
use super::open::{Opener, by_filename, raw_image};
use super::permissions::Role;
use crate::error::{Error, Result};
use crate::image::blkdebug::rules::Rules;
use crate::image::blkdebug::{BlkdebugStorage, EventStorage, Limits};
use crate::image::permissions::{Access, Permissions};
use crate::image::storage::Storage;
use crate::options::blkdebug::BlockPermission;
use crate::options::{
    BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsBlkdebug, BlockdevOptionsQcow2,
    BlockdevOptionsRaw, BlockdevRef,
};
use imago::Storage as _;
use parking_lot::RwLock;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::Arc;

/// The options of an open node.
#[derive(Clone, Debug)]
pub(super) struct Blkdebug {
    limits: Limits,
    /// The members of the rules, by names like `set-state.0.event`.
    rules: Vec<(String, Value)>,
    /// The permissions on `image` besides those that follow from the users of the node.
    access: Access,
}

impl Blkdebug {
    /// Checks the options of a node.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for an option that is not supported, and for a size or a rule that
    /// makes no sense.
    pub(super) fn new(options: &BlockdevOptionsBlkdebug) -> Result<Self> {
        if options.config.is_some() {
            return Err(Error::InvalidOption(
                "config is not supported by this program: give rules in inject-error and set-state"
                    .into(),
            ));
        }
        let limits = Limits::new(options)?;
        Rules::new(options)?;
        let mut rules = members("inject-error", options.inject_error.as_ref());
        rules.extend(members("set-state", options.set_state.as_ref()));
        let all = |permissions: &Option<Vec<BlockPermission>>| {
            permissions.iter().flatten().copied().map(Permissions::from).collect::<Permissions>()
        };
        let access = Access {
            takes: all(&options.take_child_perms),
            shares: !all(&options.unshare_child_perms),
        };
        Ok(Blkdebug { limits, rules, access })
    }

    /// All that was said but for the permissions, by the names that members have in the names of
    /// images. The sizes come first.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, Value)> {
        let sizes = self.limits.named().into_iter();
        let sizes = sizes.filter_map(|(name, size)| Some((name, Value::from(size?))));
        sizes.chain(self.rules.iter().map(|(name, value)| (name.as_str(), value.clone())))
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

/// The members of the rules in a list, by names like `set-state.0.event`.
fn members(name: &str, list: Option<&Vec<impl Serialize>>) -> Vec<(String, Value)> {
    let Ok(Value::Array(rules)) = serde_json::to_value(list) else { return Vec::new() };
    let mut members = Vec::new();
    for (number, rule) in rules.into_iter().enumerate() {
        let Value::Object(rule) = rule else { continue };
        members.extend(
            rule.into_iter().map(|(member, value)| (format!("{name}.{number}.{member}"), value)),
        );
    }
    members
}

impl Opener<'_> {
    pub(super) fn open_blkdebug(
        &mut self,
        name: Option<String>,
        settings: Settings,
        options: &BlockdevOptionsBlkdebug,
    ) -> Result<Arc<Node>> {
        let common = settings.common;
        let blkdebug = Blkdebug::new(options)?;
        // Listings show what it shows before it, as what is newer.
        let name = self.name(name)?;
        let shown = self.open_child(&options.image, common.for_file())?;
        self.attach(&name, Driver::Blkdebug, common, &shown, Role::Image(blkdebug.access))?;
        let storage = shown.storage();
        blkdebug.limits.check(storage.req_align() as u64)?;
        let storage = BlkdebugStorage::new(storage, Rules::new(options)?, blkdebug.limits);
        let image = raw_image(Arc::new(storage), common.raw_mode(Driver::Blkdebug));
        let mut node = Node::new(name, Driver::Blkdebug, settings, image);
        node.file = RwLock::new(Some(shown));
        node.blkdebug = Some(blkdebug);
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

/// The options of the image that a header names by a path, be it of a file or of a blkdebug node.
///
/// # Errors
/// Those of [`host_path`](filename::host_path) and of [`by_filename`].
pub(super) fn by_name(name: &str, format: Option<&str>) -> Result<BlockdevOptions> {
    let Some(shown) = name.strip_prefix("blkdebug::") else {
        return by_filename(filename::host_path(name)?.to_owned(), format);
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
    for (name, value) in &blkdebug.rules {
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
