//! The registry: every command, event and type of the program.
//!
//! Each annotated item submits a [`Registration`] to the program's inventory at link time.
//! [`Registry::collect`] reads them once, adds every type that they refer to, and checks the schema
//! as a whole. A registry never changes, and does not depend on the linker's order.
//!
//! # A package that no source file names registers nothing
//! Rust does not link a dependency that no source file names, even if `Cargo.toml` lists it. Its
//! commands are then missing without a message. The binary therefore names each such package once,
//! with `use my_commands as _;`. It also calls [`Registry::require_packages`], which returns an
//! error if that line is missing:
//!
//! ```standalone_crate
//! use qapi_core::registry::Registry;
//!
//! let registry = Registry::collect()?;
//! let missing = registry.require_packages(&["my-commands"]).unwrap_err();
//! assert!(missing.to_string().contains("`my_commands`"));
//! # Ok::<(), qapi_core::registry::RegistryError>(())
//! ```

mod collect;
pub(crate) mod error;

use std::ptr;
use std::sync::OnceLock;

use hashbrown::HashMap;

pub use error::RegistryError;

pub use crate::schema::{Conflict, ConflictPlace, Rule};

use crate::call::handler::{Handler, Registration};
use crate::call::state::{OobSafe, StateMap};
use crate::introspection::info::SchemaInfo;
use crate::introspection::introspect::{Mask, introspect};
use crate::policy::Policy;
use crate::schema::check;
use crate::schema::definition::Definition;
use crate::schema::definition::call::{Command, Event, StateRequirement};
use crate::schema::definition::enum_::EnumExtension;
use crate::schema::projection::{Projection, same_package};
use crate::schema::query::{as_command, as_event, is_type};
use crate::schema::view::{MessageFormat, View};
use crate::wire::formatter::Style;
use collect::{Collected, with_reachable_types};

/// The registrations in the program's inventory: unchecked, in the linker's order.
///
/// A program that serves only some of its commands passes a selection of them to
/// [`Registry::from_registrations`]. The inventory has no commands with `registration = …`, and no
/// types and events with `register = false`.
pub fn registered() -> impl Iterator<Item = Registration> {
    inventory::iter::<Registration>.into_iter().copied()
}

/// Every command, event and type of the program, sorted by name.
///
/// A look-up costs one hash of the name and allocates nothing. The hash need not resist attacks, as
/// no client adds a name.
#[derive(Debug)]
pub struct Registry {
    /// Sorted by name.
    definitions: Box<[&'static Definition]>,
    /// The registrations that a projection leaves out.
    newer: Box<[Registration]>,
    by_name: HashMap<&'static str, Registration>,
    projection: Option<Projection>,
    /// Rendered on the first use: rendering takes longer than all checks, and most clients do not
    /// request the introspection.
    introspection: OnceLock<Box<[u8]>>,
}

impl Registry {
    /// The registry of all registrations in the program's inventory.
    ///
    /// # Errors
    /// The definitions contradict each other; every conflict is listed with its source places.
    pub fn collect() -> Result<Self, RegistryError> {
        Self::from_registrations(registered())
    }

    /// Makes a registry of these registrations and the types that they refer to: for tests, and
    /// for programs that serve only some of their commands.
    ///
    /// A bare [`Definition`] is a registration too. Such a command is part of the schema, but no
    /// client can execute it.
    ///
    /// # Errors
    /// The definitions contradict each other; every conflict is listed with its source places.
    pub fn from_registrations<R: Into<Registration>>(
        registrations: impl IntoIterator<Item = R>,
    ) -> Result<Self, RegistryError> {
        let registrations = registrations.into_iter().map(Into::into);
        let (registry, checked) = Self::unchecked(registrations, None);
        checked.map(|()| registry)
    }

    /// The registry of an earlier release: without the definitions that are newer. Newer members,
    /// values and alternatives stay part of their [`Definition`]s, but every message and answer
    /// leaves them out.
    ///
    /// # Errors
    /// A part of the release refers to a newer type; a newer part is mandatory, such as the
    /// discriminator of a union or an argument that is not optional; or a package that counts its
    /// own releases registers nothing. Every conflict is listed with its source places.
    ///
    /// ```standalone_crate
    /// use qapi_core::{Registry, Release};
    ///
    /// let as_it_is = Registry::collect()?;
    /// let registry = Registry::collect()?.project(Release::new(2, 4, 0))?;
    /// assert!(as_it_is.command("query-qmp-schema").is_some());
    /// assert!(registry.command("query-qmp-schema").is_none());
    /// # Ok::<(), qapi_core::registry::RegistryError>(())
    /// ```
    pub fn project(self, projection: impl Into<Projection>) -> Result<Self, RegistryError> {
        let (registry, checked) = Self::unchecked(self.into_all(), Some(projection.into()));
        checked.map(|()| registry)
    }

    /// A registry, and separately the error that forbids its use, so that a server can report this
    /// error together with its other errors.
    pub(crate) fn unchecked(
        registrations: impl IntoIterator<Item = Registration>,
        projection: Option<Projection>,
    ) -> (Self, Result<(), RegistryError>) {
        let Collected { mut definitions, mut by_name } = with_reachable_types(registrations);
        let mut conflicts = check::conflicts(&definitions);
        let mut newer = Vec::new();
        if let Some(projection) = projection {
            let retained = projection.retained(definitions.iter().copied());
            definitions.retain(|found| {
                let is_retained = retained.contains(&ptr::from_ref(*found));
                if !is_retained {
                    newer.extend(by_name.remove(found.name));
                }
                is_retained
            });
            conflicts.extend(check::conflicts_as_of(&definitions, projection));
        }
        let (definitions, newer) = (definitions.into(), newer.into());
        let introspection = OnceLock::new();
        let registry = Self { definitions, newer, by_name, projection, introspection };
        let packages: Vec<_> = projection.iter().flat_map(Projection::own_packages).collect();
        let checks =
            [RegistryError::unless_empty(conflicts), registry.require_packages(&packages)];
        (registry, RegistryError::together(checks))
    }

    /// The release whose schema the registry has; `None` for the schema without a projection.
    pub fn projection(&self) -> Option<Projection> {
        self.projection
    }

    /// All registrations, including those that a projection leaves out, in no particular order.
    pub(crate) fn into_all(self) -> impl Iterator<Item = Registration> {
        self.by_name.into_values().chain(self.newer)
    }

    /// The command, event or type of this name.
    pub fn definition(&self, name: &str) -> Option<&'static Definition> {
        self.by_name.get(name).map(Registration::definition)
    }

    /// The command of this name with its definition and the function behind it; `None` also for
    /// a command without a function.
    pub(crate) fn served_command(
        &self,
        name: &str,
    ) -> Option<(&'static Definition, &'static Command, &Handler)> {
        let found = self.by_name.get(name)?;
        Some((found.definition(), as_command(found.definition())?, found.handler()?))
    }

    /// The command of this name.
    pub fn command(&self, name: &str) -> Option<&'static Command> {
        as_command(self.definition(name)?)
    }

    /// The function behind the command of this name; `None` if the command has none.
    pub fn handler(&self, name: &str) -> Option<&Handler> {
        self.by_name.get(name)?.handler()
    }

    /// The event of this name.
    pub fn event(&self, name: &str) -> Option<&'static Event> {
        as_event(self.definition(name)?)
    }

    /// The enum, struct, union or alternate of this name.
    pub fn type_(&self, name: &str) -> Option<&'static Definition> {
        self.definition(name).filter(|definition| is_type(definition))
    }

    /// All commands, events and types, by name.
    pub fn definitions(&self) -> impl Iterator<Item = &'static Definition> + '_ {
        self.definitions.iter().copied()
    }

    /// All commands, by name.
    pub fn commands(&self) -> impl Iterator<Item = (&'static Definition, &'static Command)> + '_ {
        self.definitions().filter_map(|found| Some((found, as_command(found)?)))
    }

    /// All events, by name.
    pub fn events(&self) -> impl Iterator<Item = (&'static Definition, &'static Event)> + '_ {
        self.definitions().filter_map(|found| Some((found, as_event(found)?)))
    }

    /// All enums, structs, unions and alternates, by name.
    pub fn types(&self) -> impl Iterator<Item = &'static Definition> + '_ {
        self.definitions().filter(|definition| is_type(definition))
    }

    /// Checks that `states` has every state that the commands require, and no two of one type.
    ///
    /// # Errors
    /// Types are missing, or occur more than once. The error lists every missing type with the
    /// commands that require the type, and every repeated type.
    pub fn check_states(&self, states: &StateMap) -> Result<(), RegistryError> {
        let mut missing: Vec<(&StateRequirement, Vec<&'static Definition>)> = Vec::new();
        for (definition, command) in self.commands() {
            for requirement in command.requires {
                if states.contains(requirement.type_id()) {
                    continue;
                }
                match missing.iter_mut().find(|(seen, _)| seen.type_id() == requirement.type_id())
                {
                    Some((_, commands)) => commands.push(definition),
                    None => missing.push((requirement, vec![definition])),
                }
            }
        }
        let missing = missing.iter().map(|(requirement, commands)| {
            Conflict::missing_state(commands, requirement.type_name())
        });
        let repeated = states.repeated().iter().map(|name| Conflict::repeated_state(name));
        RegistryError::unless_empty(missing.chain(repeated).collect())
    }

    /// Checks that each rule of `policy` decides about some command, and that no list both allows
    /// and denies a user or a group: a misspelt name would leave a command open to all callers.
    ///
    /// # Errors
    /// The policy names commands or features that do not exist, or contradicts itself; all faults
    /// are listed.
    pub fn check_policy(&self, policy: &Policy) -> Result<(), RegistryError> {
        // A policy applies to every release that the server may present.
        let newer = self.newer.iter().map(Registration::definition);
        let newer = newer.filter(|found| as_command(found).is_some());
        let commands: Vec<_> = self.commands().map(|(found, _)| found).chain(newer).collect();
        let mut unknown = policy.unmatched_rules(&commands);
        unknown.sort_unstable();
        let unknown = unknown.iter().map(|name| Conflict::unknown_command(name));
        let contradictions = policy.contradictions(&commands).into_iter();
        let contradictions = contradictions.map(Conflict::contradictory_policy);
        RegistryError::unless_empty(unknown.chain(contradictions).collect())
    }

    /// Checks that the library of each of these packages registered a definition or a value of an
    /// open enumeration (see the [module's documentation](self)). Definitions in a binary do not
    /// count: the library of the same package may be missing beside them.
    ///
    /// # Errors
    /// Packages registered nothing. The error lists each package with the missing line of source.
    pub fn require_packages(&self, packages: &[&str]) -> Result<(), RegistryError> {
        let sources = || {
            let added = inventory::iter::<EnumExtension>.into_iter();
            let added = added.filter(|added| !added.is_in_binary()).map(|added| added.source);
            let registrations = self.by_name.values().chain(&self.newer);
            let libraries = registrations.filter(|found| !found.is_in_binary());
            libraries.map(|found| found.definition().source).chain(added)
        };
        let registers_nothing =
            |name: &&&str| !sources().any(|source| same_package(source.package, name));
        let missing = packages.iter().filter(registers_nothing);
        RegistryError::unless_empty(missing.map(|name| Conflict::empty_package(name)).collect())
    }

    /// The schema as introspection shows it: all commands and events by name, then every type that
    /// they refer to, in the order of first use.
    pub fn introspect(&self, mask: Mask) -> Vec<SchemaInfo> {
        introspect(self.definitions(), mask, &View::of_release(self.projection))
    }

    /// The part of the schema that a client can see: all events, the commands that
    /// `may_execute` accepts, and their types. The parts that `view` leaves out are absent.
    pub(crate) fn introspect_shown(
        &self,
        mask: Mask,
        view: &View,
        may_execute: impl Fn(&Definition) -> bool,
    ) -> Vec<SchemaInfo> {
        let is_shown = |definition: &&'static Definition| {
            as_command(definition).is_none() || may_execute(definition)
        };
        introspect(self.definitions().filter(is_shown), mask, view)
    }

    /// The answer of `query-qmp-schema`, as JSON text on one line.
    pub fn introspection(&self) -> &[u8] {
        self.introspection.get_or_init(|| {
            let view = View::of_release(self.projection);
            let format = MessageFormat { style: Style::default(), view };
            let mut text = Vec::new();
            // Strings, lists and objects with fixed names always have a JSON form.
            let _ = format.write_to(&mut text, &self.introspect(Mask::Masked));
            text.into()
        })
    }
}

/// A registry never changes.
impl OobSafe for Registry {}
