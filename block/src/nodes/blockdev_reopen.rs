//! `blockdev-reopen`: nodes that get new options while they are open.

use std::sync::Arc;

use super::backing::{BackingChange, without_job_filters};
use super::blkdebug_options::Blkdebug;
use super::depth::{check_depth, depth};
use super::driver::{Driver, FilterDriver};
use super::entry::Entry;
use super::filename::is_implicit;
use super::filter_state::{FilterSettings, preallocate_sizes};
use super::fixed_options::{
    check_data_file, check_file, check_force_share, check_null, check_resettable,
};
use super::graph::Graph;
use super::inherit::{CommonOptions, GivenOptions, Settings};
use super::node::Node;
use super::qcow2_options::Qcow2Tuning;
use super::range::{RangeOptions, check_range};
use super::reopen::{Change, plan, planned, planned_options};
use crate::error::{Error, Result};
use crate::options::{BlockdevDriverOptions, BlockdevOptions, BlockdevRef, BlockdevRefOrNull};

/// The changes that new descriptions require.
#[derive(Debug, Default)]
struct ReopenPlan {
    /// The nodes with their new settings, parents before children.
    changes: Vec<Change>,
    /// The nodes whose backing node changes, with the new one.
    backing: Vec<(Arc<Node>, Option<Arc<Node>>)>,
}

impl ReopenPlan {
    /// The `file` child of a node, once the planned child is in place.
    fn file_of(&self, node: &Arc<Node>) -> Option<Arc<Node>> {
        match planned(&self.changes, node) {
            Some(change) => self.changes[change].file_child(),
            None => node.file(),
        }
    }

    /// Whether `node` is `from` itself or below it, once the planned children are in place.
    fn leads_to(&self, from: &Arc<Node>, node: &Node) -> bool {
        let planned = |parent: &Arc<Node>| {
            let changed = self.backing.iter().rev().find(|(one, _)| Arc::ptr_eq(one, parent));
            changed.map_or_else(|| parent.backing(), |(_, backing)| backing.clone())
        };
        let mut seen = vec![Arc::clone(from)];
        let mut next = 0;
        while let Some(one) = seen.get(next).cloned() {
            if std::ptr::eq(&*one, node) {
                return true;
            }
            for child in
                self.file_of(&one).into_iter().chain(one.data_file()).chain(planned(&one))
            {
                if !seen.iter().any(|known| Arc::ptr_eq(known, &child)) {
                    seen.push(child);
                }
            }
            next += 1;
        }
        false
    }
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
    /// node; those of [`Graph::set_access_mode`].
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
        let is_fixed = match node.driver() {
            Driver::Filter(filter) => !filter.is_reopenable(),
            other => other.is_job_filter(),
        };
        if is_fixed {
            let (driver, node) = (node.driver().name(), node.name().to_owned());
            return Err(Error::NotReopenable { driver, node });
        }
        let settings = Settings::new(inherited, GivenOptions::from(options).or(former_options));
        let mut change = Change::new(Arc::clone(node), settings);
        if let (Driver::Raw, BlockdevDriverOptions::Raw(options)) =
            (node.driver(), &options.driver)
        {
            change = change.range(RangeOptions::of_raw(options)?);
        }
        plan(change, &mut wanted.changes);
        settings.common.check_detect_zeroes()?;
        check_resettable(node, &options.driver)?;
        self.check_driver(node, &options.driver, wanted)?;
        // As in QEMU, the options that cannot change come last.
        check_force_share(node, &settings)?;
        let named_otherwise =
            options.node_name.as_deref().is_some_and(|name| name != node.name());
        if named_otherwise {
            return Err(Error::OptionFixed("node-name"));
        }
        self.plan_children(node, &options.driver, settings.common, wanted)
    }

    /// Plans the children of a node that are described inline.
    fn plan_children(
        &self,
        node: &Arc<Node>,
        options: &BlockdevDriverOptions,
        common: CommonOptions,
        wanted: &mut ReopenPlan,
    ) -> Result<()> {
        let (file, data_file, backing) = match options {
            BlockdevDriverOptions::Blkdebug(options) => (Some(&options.image), None, None),
            BlockdevDriverOptions::Compress(options) => (Some(&options.file), None, None),
            BlockdevDriverOptions::CopyOnRead(options) => {
                (Some(&options.format.file), None, None)
            }
            BlockdevDriverOptions::Preallocate(options) => {
                (Some(&options.format.file), None, None)
            }
            BlockdevDriverOptions::Throttle(options) => (Some(&options.file), None, None),
            BlockdevDriverOptions::Raw(options) => (Some(&options.format.file), None, None),
            BlockdevDriverOptions::Qcow2(options) => {
                let format = &options.format;
                (Some(&format.format.file), options.data_file.as_ref(), format.backing.as_ref())
            }
            BlockdevDriverOptions::File(_)
            | BlockdevDriverOptions::HostCdrom(_)
            | BlockdevDriverOptions::HostDevice(_)
            | BlockdevDriverOptions::NullCo(_) => return Ok(()),
        };
        let described = |child: Option<&BlockdevRef>| match child {
            Some(BlockdevRef::Definition(options)) => Some(options.clone()),
            Some(BlockdevRef::Reference(_)) | None => None,
        };
        let backing = match backing {
            Some(BlockdevRefOrNull::Definition(options)) => Some(options.clone()),
            Some(BlockdevRefOrNull::Reference(_) | BlockdevRefOrNull::Null(_)) | None => None,
        };
        let children = [
            (node.backing(), backing, common.for_backing()),
            (node.data_file(), described(data_file), common.for_file()),
            (node.file(), described(file), common.for_file()),
        ];
        for (child, options, inherited) in children {
            if let (Some(child), Some(options)) = (child.map(without_job_filters), options)
                && child.is_opened_for(node)
            {
                self.plan_node(&child, &options, Defaults::of_child(inherited), wanted)?;
            }
        }
        Ok(())
    }

    /// Checks the options of the driver, and plans another backing node.
    fn check_driver(
        &self,
        node: &Arc<Node>,
        options: &BlockdevDriverOptions,
        wanted: &mut ReopenPlan,
    ) -> Result<()> {
        match (node.driver(), options) {
            (Driver::File, BlockdevDriverOptions::File(options))
            | (Driver::HostCdrom, BlockdevDriverOptions::HostCdrom(options))
            | (Driver::HostDevice, BlockdevDriverOptions::HostDevice(options)) => {
                check_file(node, options)
            }
            (Driver::Blkdebug, BlockdevDriverOptions::Blkdebug(options)) => {
                let new = Blkdebug::new(options)?;
                node.blkdebug.iter().try_for_each(|known| known.check_fixed(&new))?;
                self.plan_file(node, &options.image, wanted)
            }
            (Driver::NullCo, BlockdevDriverOptions::NullCo(options)) => check_null(node, options),
            (Driver::Raw, BlockdevDriverOptions::Raw(options)) => {
                self.plan_file(node, &options.format.file, wanted)?;
                match wanted.file_of(node) {
                    Some(file) => check_range(&file, RangeOptions::of_raw(options)?),
                    None => Ok(()),
                }
            }
            (Driver::Qcow2, BlockdevDriverOptions::Qcow2(options)) => {
                let format = &options.format;
                if let Some(header) = node.qcow2_header() {
                    Qcow2Tuning::from(options).check(&header)?;
                }
                self.plan_backing(node, format.backing.as_ref(), wanted)?;
                if let Some(child) = &options.data_file {
                    check_data_file(node, child)?;
                }
                self.plan_file(node, &format.format.file, wanted)
            }
            (
                Driver::Filter(FilterDriver::Throttle),
                BlockdevDriverOptions::Throttle(options),
            ) => {
                let member = self.throttle_groups().join(&options.throttle_group)?;
                if let Some(change) = planned(&wanted.changes, node) {
                    let member = FilterSettings::Throttle(Arc::new(member));
                    wanted.changes[change].filter = Some(member);
                }
                self.plan_file(node, &options.file, wanted)
            }
            (
                Driver::Filter(FilterDriver::Preallocate),
                BlockdevDriverOptions::Preallocate(options),
            ) => {
                self.plan_file(node, &options.format.file, wanted)?;
                let file = wanted.file_of(node);
                let alignment = file.map_or(1, |file| file.image.storage().request_alignment());
                let sizes = preallocate_sizes(options, alignment)?;
                if let Some(change) = planned(&wanted.changes, node) {
                    wanted.changes[change].filter = Some(FilterSettings::Preallocate(sizes));
                }
                Ok(())
            }
            (Driver::Qcow2, _other) if node.backing().is_some() => {
                Err(Error::BackingMissing(node.name().to_owned()))
            }
            (_other, _driver) => Err(Error::OptionFixed("driver")),
        }
    }

    /// Plans the `file` child of a node, which can be replaced, or checks that the `image` child of
    /// a blkdebug node stays.
    fn plan_file(
        &self,
        node: &Arc<Node>,
        child: &BlockdevRef,
        wanted: &mut ReopenPlan,
    ) -> Result<()> {
        let Some(file) = node.file() else { return Ok(()) };
        let name = match child {
            BlockdevRef::Definition(_)
                if without_job_filters(Arc::clone(&file)).is_opened_for(node) =>
            {
                return Ok(());
            }
            BlockdevRef::Definition(_) => return Err(Error::OptionFixed("file.driver")),
            BlockdevRef::Reference(name) => name,
        };
        let new = self.get(name).ok_or_else(|| Error::no_node(name))?;
        if Arc::ptr_eq(&new, &file) || Arc::ptr_eq(&new, &without_job_filters(file)) {
            return Ok(());
        }
        if node.driver() == Driver::Blkdebug {
            return Err(Error::OptionFixed("image"));
        }
        if wanted.leads_to(&new, node) {
            return Err(Error::cycle("file", new.name(), node.name()));
        }
        check_depth(depth(self, node), &new)?;
        if let Some(change) = planned(&wanted.changes, node) {
            wanted.changes[change].child = Some(new);
        }
        Ok(())
    }

    /// Plans the backing node of a node, which can be replaced.
    fn plan_backing(
        &self,
        node: &Arc<Node>,
        option: Option<&BlockdevRefOrNull>,
        wanted: &mut ReopenPlan,
    ) -> Result<()> {
        let old = node.backing();
        let new = match option {
            None if old.is_none() && !node.names_backing() => return Ok(()),
            None => return Err(Error::BackingMissing(node.name().to_owned())),
            Some(BlockdevRefOrNull::Null(_)) => None,
            Some(BlockdevRefOrNull::Definition(_)) => {
                return match old.map(without_job_filters).filter(|old| old.is_opened_for(node)) {
                    Some(_planned) => Ok(()),
                    None => Err(Error::OptionFixed("backing.driver")),
                };
            }
            Some(BlockdevRefOrNull::Reference(name)) => {
                Some(self.get(name).ok_or_else(|| Error::no_node(name))?)
            }
        };
        if let Some(new) = &new
            && wanted.leads_to(new, node)
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
            Arc::ptr_eq(new, old) || Arc::ptr_eq(new, &without_job_filters(Arc::clone(old)))
        });
        if is_same {
            return Ok(false);
        }
        if is_implicit(old) {
            return Err(Error::ImplicitBacking(node.name().to_owned()));
        }
        let is_frozen =
            |name| self.with_state(|state| state.entries.get(name).is_some_and(Entry::is_frozen));
        if is_frozen(node.name()) {
            let (parent, child) = (node.name().to_owned(), old.name().to_owned());
            return Err(Error::BackingFrozen { parent, child });
        }
        Ok(true)
    }
}
