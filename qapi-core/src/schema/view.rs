//! The parts of the schema that a client can see: a server presents one [`View`] to all clients.
//!
//! A view leaves out the parts that are newer than the presented release, and the parts that the
//! operator's policy on deprecated and unstable parts hides. The server refuses input that uses
//! such a part, and omits the part from output.

use std::cell::Cell;

use serde::Serialize;

use crate::error::Result;
use crate::schema::compat::{CompatPolicy, FeatureFlags, InputKind};
use crate::schema::definition::enum_::EnumValue;
use crate::schema::definition::object::{AlternateMember, Branch};
use crate::schema::definition::{Definition, Feature, Part};
use crate::schema::projection::{Origin, Projection};
use crate::schema::query::{alternatives, as_object, branches, tag_of};
use crate::wire::formatter::{Style, write_to};

/// The parts of the schema that a client can see.
///
/// A [`Service`](crate::Service) makes one from its registry's projection and its policy. Commands
/// that show parts of the schema take it as state: `#[qapi(state)] view: &View`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct View {
    /// The release that is presented; `None` presents every release.
    projection: Option<Projection>,
    /// The policy on deprecated and unstable parts.
    compat: CompatPolicy,
}

impl View {
    /// The view that leaves nothing out.
    pub(crate) const COMPLETE: Self = Self { projection: None, compat: CompatPolicy::ACCEPT };

    /// The view under a release and a policy.
    pub const fn new(projection: Option<Projection>, compat: CompatPolicy) -> Self {
        Self { projection, compat }
    }

    /// The view that leaves out the parts which are newer than `projection`, and nothing else.
    pub const fn of_release(projection: Option<Projection>) -> Self {
        Self { projection, ..Self::COMPLETE }
    }

    /// The release that is presented; `None` if every release is.
    pub const fn projection(&self) -> Option<Projection> {
        self.projection
    }

    /// The policy on deprecated and unstable parts.
    pub const fn compat(&self) -> CompatPolicy {
        self.compat
    }

    /// Whether input needs no check of the parts that it uses.
    fn admits_all(&self) -> bool {
        self.projection.is_none() && self.compat == CompatPolicy::ACCEPT
    }

    /// Whether output omits no part.
    fn shows_all(&self) -> bool {
        self.projection.is_none() && self.compat.shows_all()
    }
}

/// Input: parts that a client uses.
impl View {
    /// Checks that a client may execute a command that the registry has.
    ///
    /// # Errors
    /// The policy refuses the command.
    #[inline]
    pub(crate) fn admit_command(&self, command: &Definition) -> Result<()> {
        if command.features.is_empty() {
            return Ok(());
        }
        self.admit(Origin::of(command), command, InputKind::Command)
    }

    /// Whether the release has the member that `owner` lists as `name`. If the member is present or
    /// mandatory, the policy is checked too.
    ///
    /// # Errors
    /// The policy refuses the member.
    pub(crate) fn admit_member(
        &self,
        owner: &'static Definition,
        name: &str,
        is_used: impl FnOnce() -> bool,
    ) -> Result<bool> {
        if self.admits_all() {
            return Ok(true);
        }
        let Some(member) = owner.own_member(name) else { return Ok(true) };
        if !self.is_released(owner, member) {
            return Ok(false);
        }
        if is_used() {
            self.admit(Origin::of(owner), member, InputKind::Parameter)?;
        }
        Ok(true)
    }

    /// Whether the release has the value `name` of the enumeration `owner`. A value that it has
    /// is checked against the policy too.
    ///
    /// # Errors
    /// The policy refuses the value.
    pub(crate) fn admit_value(&self, owner: &'static Definition, name: &str) -> Result<bool> {
        if self.admits_all() {
            return Ok(true);
        }
        let Some(value) = owner.enum_value(name) else { return Ok(true) };
        let origin = Origin::of_value(owner, value);
        if self.projection.is_some_and(|projection| !projection.reaches(origin, value)) {
            return Ok(false);
        }
        self.admit(origin, value, InputKind::Value)?;
        Ok(true)
    }

    /// Whether the release has the alternative that `owner` lists as `name`.
    pub(crate) fn admits_alternative(&self, owner: &'static Definition, name: &str) -> bool {
        self.projection.is_none()
            || self.alternatives(owner).any(|alternative| alternative.name == name)
    }

    fn admit(&self, origin: Origin, part: &Part, kind: InputKind) -> Result<()> {
        self.compat.check(self.flags(origin, part), kind, part.name)
    }
}

/// Output: parts that messages to a client contain.
impl View {
    /// Whether output has the command, event or type.
    pub fn shows(&self, definition: &Definition) -> bool {
        self.shows_part(definition, definition)
    }

    /// Whether output has the member that `owner` lists.
    pub fn shows_part(&self, owner: &Definition, part: &Part) -> bool {
        let hidden = self.compat.hidden();
        let is_hidden = hidden != FeatureFlags::NONE
            && hidden.intersects(self.flags(Origin::of(owner), part));
        !is_hidden && self.is_released(owner, part)
    }

    fn is_released(&self, owner: &Definition, part: &Part) -> bool {
        self.projection.is_none_or(|projection| projection.has_part(owner, part))
    }

    /// Which of the features `deprecated` and `unstable` a part has in the release.
    fn flags(&self, origin: Origin, part: &Part) -> FeatureFlags {
        FeatureFlags::of(self.features(origin, part))
    }

    /// The features that a part has in the release.
    pub(crate) fn features(
        &self,
        origin: Origin,
        part: &Part,
    ) -> impl Iterator<Item = &'static Feature> + use<> {
        let (projection, origin) = (self.projection, origin.of_part(part));
        part.features.iter().filter(move |feature| {
            projection.is_none_or(|projection| projection.reaches(origin, feature))
        })
    }

    /// The values that an enumeration has in the release. As in QEMU the policy hides none.
    pub(crate) fn values(&self, definition: &'static Definition) -> Vec<&'static EnumValue> {
        let mut values = definition.enum_values();
        if let Some(projection) = self.projection {
            values.retain(|value| projection.has_value(definition, value));
        }
        values
    }

    /// The alternatives that an alternate has in the release.
    pub(crate) fn alternatives(
        &self,
        definition: &'static Definition,
    ) -> impl Iterator<Item = &'static AlternateMember> + use<> {
        let projection = self.projection;
        alternatives(definition).iter().filter(move |member| {
            projection.is_none_or(|projection| projection.has_part(definition, member))
        })
    }

    /// The branches of a union whose values and types the release has. A union without branches is
    /// a struct.
    pub(crate) fn branches(&self, definition: &'static Definition) -> Vec<&'static Branch> {
        let mut branches = self.branches_of_values(definition);
        if let Some(projection) = self.projection {
            branches.retain(|branch| added_by(branch).is_none_or(|added| projection.has(added)));
        }
        branches
    }

    /// The branches of a union whose values the release has.
    pub(crate) fn branches_of_values(
        &self,
        definition: &'static Definition,
    ) -> Vec<&'static Branch> {
        let all = branches(definition).iter();
        let (Some(projection), Some(tag)) = (self.projection, tag_of(definition)) else {
            return all.collect();
        };
        let is_newer = |branch: &Branch| {
            let value = tag.enum_value(branch.name);
            value.is_some_and(|value| !projection.has_value(tag, value))
        };
        all.filter(|branch| !is_newer(branch)).collect()
    }

    /// Whether the definition is a union in the release.
    pub(crate) fn has_branches(&self, definition: &'static Definition) -> bool {
        self.projection.is_none() || !self.branches(definition).is_empty()
    }
}

/// The struct or union with the members that a branch adds.
pub(crate) fn added_by(branch: &Branch) -> Option<&'static Definition> {
    as_object(branch.ty?.get())
}

/// The form of the messages to one client: the layout of the JSON text, and the parts that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageFormat {
    /// The layout.
    pub style: Style,
    /// The parts.
    pub view: View,
}

impl MessageFormat {
    /// Appends a value as JSON, without a line end.
    ///
    /// # Errors
    /// The errors of the value's own [`Serialize`]; after an error `out` is unchanged.
    pub fn write_to<T: Serialize + ?Sized>(
        &self,
        out: &mut Vec<u8>,
        value: &T,
    ) -> serde_json::Result<()> {
        rendering(&self.view, || write_to(out, value, self.style))
    }
}

thread_local! {
    /// The view under which this thread renders a value. `Serialize` passes nothing but a
    /// serialiser, so that the view cannot come as an argument.
    static RENDERED: Cell<View> = const { Cell::new(View::COMPLETE) };
}

/// Calls `write`. During the call, [`is_omitted`] answers according to `view`.
fn rendering<T>(view: &View, write: impl FnOnce() -> T) -> T {
    /// Restores the view also when a value panics.
    struct Restore(View);

    impl Drop for Restore {
        fn drop(&mut self) {
            RENDERED.set(self.0);
        }
    }

    if view.shows_all() {
        return write();
    }
    let _restore = Restore(RENDERED.replace(*view));
    write()
}

/// Whether the text that this thread renders omits the member `name` of `owner`.
pub(crate) fn is_omitted(owner: &'static Definition, name: &str) -> bool {
    let view = RENDERED.get();
    !view.shows_all()
        && owner.own_member(name).is_some_and(|member| !view.shows_part(owner, member))
}
