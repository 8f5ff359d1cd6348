//! `blockdev-reopen`: nodes that get new options while they are open.

use std::sync::Arc;

use super::backing::{BackingChange, unfiltered};
use super::blkdebug_options::Blkdebug;
use super::depth::{check_depth, depth, has_below};
use super::driver::Driver;
use super::filename::is_implicit;
use super::graph::Graph;
use super::inherit::{CommonOptions, GivenOptions, Settings};
use super::node::Node;
use super::reopen::{Change, plan, planned_options};
use crate::error::{Error, Result};
use crate::options::{
    BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsFile, BlockdevOptionsNull,
    BlockdevOptionsRaw, BlockdevRef, BlockdevRefOrNull,
};

/// The changes that new descriptions require.
#[derive(Debug, Default)]
struct ReopenPlan {
    /// The nodes with their new settings, parents before children.
    changes: Vec<Change>,
    /// The nodes whose backing node changes, with the new one.
    backing: Vec<(Arc<Node>, Option<Arc<Node>>)>,
}

/// The values of options that a new description does not contain.
#[derive(Clone, Copy, Debug)]
struct Defaults {
    inherited: CommonOptions,
    /// The options of an earlier description in the same call.
    former_options: GivenOptions,
}

impl Defaults {
    /// For a node that is described inline.
    fn of_child(inherited: CommonOptions) -> Self {
        Defaults { inherited, former_options: GivenOptions::default() }
    }
}

impl Graph {
    /// Reopens nodes with new options, all of them or none. Options that are not given have the
    /// defaults of a node that is being opened.
    ///
    /// Blocks while images are flushed and reopened.
    ///
    /// # Errors
    /// [`Error::ReopenedNameMissing`]; [`Error::NodeNotFound`]; [`Error::InvalidOption`],
    /// [`Error::OptionFixed`] and [`Error::OptionNotResettable`] for options that cannot change;
    /// [`Error::Cycle`], [`Error::BackingFrozen`] and [`Error::ImplicitBacking`] for a backing
    /// node; those of [`Graph::set_read_only`].
    pub fn reopen(&self, options: &[BlockdevOptions]) -> Result<()> {
        options.iter().try_for_each(BlockdevOptions::check_supported)?;
        let mut named = Vec::with_capacity(options.len());
        for one in options {
            let name = one.node_name.as_deref().ok_or(Error::ReopenedNameMissing)?;
            let node = self.get(name).ok_or_else(|| Error::NodeNotFound(name.to_owned()))?;
            named.push((node, one));
        }
        let _reopen_lock = self.lock_reopen();
        let mut wanted = ReopenPlan::default();
        for (node, options) in named {
            let inherited = node.settings.read().inherited.without_parent();
            // As in QEMU, the options of an earlier description with the parent remain.
            let former_options = planned_options(&wanted.changes, &node).unwrap_or_default();
            self.plan_node(&node, options, Defaults { inherited, former_options }, &mut wanted)?;
        }
        self.apply(wanted)
    }

    /// Makes the planned changes. On an error, the former backing nodes are restored.
    fn apply(&self, wanted: ReopenPlan) -> Result<()> {
        for change in &wanted.changes {
            check_force_share(&change.node, &change.settings)?;
        }
        let mut former = Vec::new();
        let change_all = || {
            for (node, backing) in wanted.backing {
                let old = node.backing();
                self.change_backing(&node, BackingChange { node: backing, name: None })?;
                former.push((node, old));
            }
            self.reopen_all(wanted.changes)
        };
        let changed = change_all();
        if changed.is_err() {
            for (node, old) in former.into_iter().rev() {
                let back = BackingChange { node: old, name: None };
                if let Err(error) = self.change_backing(&node, back) {
                    tracing::error!(node = %node.name(), %error, "a backing node is lost");
                }
            }
        }
        changed
    }

    /// Adds the changes that a new description of a node requires to `wanted`.
    fn plan_node(
        &self,
        node: &Arc<Node>,
        options: &BlockdevOptions,
        Defaults { inherited, former_options }: Defaults,
        wanted: &mut ReopenPlan,
    ) -> Result<()> {
        if node.driver().is_filter() {
            let (driver, node) = (node.driver().name(), node.name().to_owned());
            return Err(Error::NotReopenable { driver, node });
        }
        let settings = Settings::new(inherited, GivenOptions::from(options).or(former_options));
        check_force_share(node, &settings)?;
        settings.common.check()?;
        let named_otherwise =
            options.node_name.as_deref().is_some_and(|name| name != node.name());
        if named_otherwise {
            return Err(Error::OptionFixed("node-name"));
        }
        plan(Change::new(Arc::clone(node), settings), &mut wanted.changes);
        let common = settings.common;
        match (node.driver(), &options.driver) {
            (Driver::File, BlockdevDriverOptions::File(options))
            | (Driver::HostCdrom, BlockdevDriverOptions::HostCdrom(options))
            | (Driver::HostDevice, BlockdevDriverOptions::HostDevice(options)) => {
                check_file(node, options)
            }
            (Driver::Blkdebug, BlockdevDriverOptions::Blkdebug(options)) => {
                let new = Blkdebug::new(options)?;
                node.blkdebug.iter().try_for_each(|known| known.check_fixed(&new))?;
                self.plan_file(node, &options.image, common, wanted)
            }
            (Driver::NullCo, BlockdevDriverOptions::NullCo(options)) => check_null(node, options),
            (Driver::Raw, BlockdevDriverOptions::Raw(options)) => {
                check_range_options(node, options)?;
                self.plan_file(node, &options.format.file, common, wanted)
            }
            (Driver::Qcow2, BlockdevDriverOptions::Qcow2(options)) => {
                let format = &options.format;
                self.plan_backing(node, format.backing.as_ref(), common, wanted)?;
                if let Some(child) = &options.data_file {
                    self.plan_data_file(node, child, common, wanted)?;
                }
                self.plan_file(node, &format.format.file, common, wanted)
            }
            (Driver::Qcow2, BlockdevDriverOptions::Raw(_)) if node.backing().is_some() => {
                Err(Error::BackingMissing(node.name().to_owned()))
            }
            (_other, _driver) => Err(Error::OptionFixed("driver")),
        }
    }

    /// Plans the `file` or `image` child of a node, which cannot be replaced.
    fn plan_file(
        &self,
        node: &Node,
        child: &BlockdevRef,
        common: CommonOptions,
        wanted: &mut ReopenPlan,
    ) -> Result<()> {
        let Some(file) = node.file() else { return Ok(()) };
        match child {
            BlockdevRef::Definition(options) => {
                let file = unfiltered(file);
                if !file.is_opened_for(node) {
                    return Err(Error::OptionFixed("file.driver"));
                }
                self.plan_node(&file, options, Defaults::of_child(common.for_file()), wanted)
            }
            BlockdevRef::Reference(name) => {
                let new = self.get(name).ok_or_else(|| Error::no_node(name))?;
                if Arc::ptr_eq(&new, &file) || Arc::ptr_eq(&new, &unfiltered(file)) {
                    return Ok(());
                }
                if node.driver() == Driver::Blkdebug {
                    return Err(Error::OptionFixed("image"));
                }
                if has_below(&new, node) {
                    return Err(Error::cycle("file", new.name(), node.name()));
                }
                Err(Error::FileFixed(node.name().to_owned()))
            }
        }
    }

    /// Plans the data file of a node, which cannot be replaced.
    fn plan_data_file(
        &self,
        node: &Node,
        child: &BlockdevRef,
        common: CommonOptions,
        wanted: &mut ReopenPlan,
    ) -> Result<()> {
        let own = node.data_file().map(unfiltered);
        match (own, child) {
            (Some(own), BlockdevRef::Definition(options)) if own.is_opened_for(node) => {
                self.plan_node(&own, options, Defaults::of_child(common.for_file()), wanted)
            }
            (Some(own), BlockdevRef::Reference(name)) if own.name() == name.as_str() => Ok(()),
            (Some(_) | None, _other) => Err(Error::OptionFixed("data-file")),
        }
    }

    /// Plans the backing node of a node, which can be replaced.
    fn plan_backing(
        &self,
        node: &Arc<Node>,
        option: Option<&BlockdevRefOrNull>,
        common: CommonOptions,
        wanted: &mut ReopenPlan,
    ) -> Result<()> {
        let old = node.backing();
        let new = match option {
            None if old.is_none() && !node.names_backing() => return Ok(()),
            None => return Err(Error::BackingMissing(node.name().to_owned())),
            Some(BlockdevRefOrNull::Null(_)) => None,
            Some(BlockdevRefOrNull::Reference(name)) if name.is_empty() => None,
            Some(BlockdevRefOrNull::Definition(options)) => {
                return match old.map(unfiltered).filter(|old| old.is_opened_for(node)) {
                    Some(old) => {
                        let defaults = Defaults::of_child(common.for_backing());
                        self.plan_node(&old, options, defaults, wanted)
                    }
                    None => Err(Error::OptionFixed("backing.driver")),
                };
            }
            Some(BlockdevRefOrNull::Reference(name)) => {
                Some(self.get(name).ok_or_else(|| Error::no_node(name))?)
            }
        };
        if let Some(new) = &new
            && has_below(new, node)
        {
            return Err(Error::cycle("backing", new.name(), node.name()));
        }
        if self.is_backing_changed(node, old.as_ref(), new.as_ref())? {
            if let Some(new) = &new {
                check_depth(depth(self, node), new)?;
            }
            wanted.backing.push((Arc::clone(node), new));
        }
        Ok(())
    }

    /// Whether the backing node changes. A job may have frozen the link.
    fn is_backing_changed(
        &self,
        node: &Node,
        old: Option<&Arc<Node>>,
        new: Option<&Arc<Node>>,
    ) -> Result<bool> {
        let Some(old) = old else { return Ok(new.is_some()) };
        let is_same = new.is_some_and(|new| {
            Arc::ptr_eq(new, old) || Arc::ptr_eq(new, &unfiltered(Arc::clone(old)))
        });
        if is_same {
            return Ok(false);
        }
        if is_implicit(old) {
            return Err(Error::ImplicitBacking(node.name().to_owned()));
        }
        let is_frozen = |name| {
            self.with_state(|state| state.entry(name).is_some_and(|entry| entry.is_frozen()))
        };
        if is_frozen(node.name()) {
            let (parent, child) = (node.name().to_owned(), old.name().to_owned());
            return Err(Error::BackingFrozen { parent, child });
        }
        Ok(true)
    }
}

/// The option `force-share` cannot change. A new description must not contain it, and must not omit
/// it if the node or one above it had it.
fn check_force_share(node: &Node, new: &Settings) -> Result<()> {
    let old = node.settings.read().common.force_share;
    match (old, new.common.force_share) {
        (_, Some(_)) => Err(Error::OptionFixed("force-share")),
        (Some(_), None) => Err(Error::OptionNotResettable("force-share")),
        (None, None) => Ok(()),
    }
}

/// Checks that an option does not change.
fn check_fixed<T: PartialEq>(name: &'static str, old: Option<&T>, new: Option<&T>) -> Result<()> {
    match (old, new) {
        (Some(_), None) => Err(Error::OptionNotResettable(name)),
        (old, new) if old == new => Ok(()),
        (_, _) => Err(Error::OptionFixed(name)),
    }
}

fn check_file(node: &Node, new: &BlockdevOptionsFile) -> Result<()> {
    let Some(old) = &node.file_options else { return Ok(()) };
    check_fixed("filename", Some(&old.filename), Some(&new.filename))?;
    check_fixed("locking", old.locking.as_ref(), new.locking.as_ref())?;
    check_fixed("aio", old.aio.as_ref(), new.aio.as_ref())
}

fn check_null(node: &Node, new: &BlockdevOptionsNull) -> Result<()> {
    check_fixed("size", node.range.size.as_ref(), new.size_bytes()?.as_ref())?;
    check_fixed("read-zeroes", node.range.read_zeroes.as_ref(), new.read_zeroes.as_ref())
}

/// The range of a raw node cannot change.
fn check_range_options(node: &Node, new: &BlockdevOptionsRaw) -> Result<()> {
    check_fixed("offset", node.range.offset.as_ref(), new.offset_bytes()?.as_ref())?;
    check_fixed("size", node.range.size.as_ref(), new.size_bytes()?.as_ref())
}
